"""E9812: no policy admits everyone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
policies = import_filename("_policies", _FOLDER)  # by path, as cfn-lint loads this file
values = import_filename("_values", _FOLDER).values
texts = import_filename("_texts", _FOLDER).texts

# The root of an account stands for all its principals, and a literal account is a foreign one.
_IAM = r"(arn:(aws[a-z-]*|\$\{AWS::Partition\}):iam::)?"
OWN_ROOT = re.compile(_IAM + r"\$\{AWS::AccountId\}(:root)?")
FOREIGN_ROOT = re.compile(_IAM + r"\d{12}(:root)?")
# Keys that say which principals of an account are meant, or that only its own software knows.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
WHO_KEYS = frozenset({"aws:principalarn", "aws:userid", "aws:username", "aws:multifactorauthpresent", "sts:externalid"})
ORGANIZATION_KEYS = frozenset({"aws:principalorgid"})
WHO_PREFIXES = ("aws:principaltag/",)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
FEDERATED_SUFFIXES = (":sub", ":aud", ":amr")
# Properties outside of policies that name who has access.
OPEN_LISTS: tuple[tuple[str, str], ...] = (
    ("AWS::EC2::VPCEndpointServicePermissions", "AllowedPrincipals"),
    ("AWS::Events::EventBusPolicy", "Principal"),
    ("AWS::Lambda::LayerVersionPermission", "Principal"),
    ("AWS::Lambda::Permission", "Principal"),
    (
        "AWS::ImageBuilder::DistributionConfiguration",
        "Distributions.*.AmiDistributionConfiguration.LaunchPermission.UserGroups",
    ),
)
LIMITING_PROPERTIES = ("OrganizationId", "PrincipalOrgID", "Condition")


class WildcardPrincipal(CloudFormationLintRule):
    """Checks the principals of every statement that allows. E9824 checks the policies of VPC endpoints."""

    id = "E9812"
    shortdesc = "No policy admits everyone"
    description = (
        'A policy of a resource or the trust policy of a role names its principals. "*" needs a condition that limits the '
        "accounts, networks or sources (aws:PrincipalOrgID, aws:SourceArn, aws:SourceVpce …) to values that are no "
        "wildcards. An Allow has no NotPrincipal. A trust policy that names the root of an account says in a condition "
        "which of its principals are meant (aws:PrincipalArn, sts:ExternalId, multi-factor authentication). A web "
        "identity is limited to its subject or audience."
    )
    reason = (
        "PCI DSS 7.2.1 and 7.2.5 grant access to those who need it. A statement for everyone admits each AWS account, and "
        "often anonymous callers."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
    tags = ["resources", "iam"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          TopicArn: {Type: String}
        Resources:
          TopicPolicy:
            Type: AWS::SNS::TopicPolicy
            Properties:
              Topics: [!Ref TopicArn]
              PolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - Effect: Allow
                    Principal: '*'
                    Action: sns:Publish
                    Resource: !Ref TopicArn
                  - Effect: Deny
                    Principal: '*'
                    Action: sns:Publish
                    Resource: !Ref TopicArn
                    Condition: {Bool: {aws:SecureTransport: 'false'}}
    """
    passing_example = failing_example.replace(
        "Principal: '*'", "Principal: {AWS: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/orders'}", 1
    )

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each statement and property that admits too many."""
        matches = [
            RuleMatch(statement.path, message)
            for statement in policies.statements(cfn.template)
            if statement.allows and statement.kind != policies.ENDPOINT
            for message in dict.fromkeys(_faults(statement))
        ]
        return [*matches, *_open_lists(cfn)]


def _faults(statement: Any) -> Iterator[str]:
    if "NotPrincipal" in statement.body:
        yield "NotPrincipal in an Allow admits everyone else. Name the principals"
    for kind, name in statement.principals():
        if kind != "Service" and _is_wild(name) and not statement.is_bound():
            yield f"{name} admits everyone, and no condition limits the callers"
        elif kind == "Service" and _is_wild(name):
            yield f"{name} admits every service. Name the services"
        elif kind == "AWS" and _is_whole_account(name, statement) and not _says_who(name, statement):
            yield f"{name} admits every principal of the account, and no condition says which"
        elif kind == "Federated" and not _is_limited_identity(statement):
            yield f"{name} admits every identity of the provider. Limit its subject or audience"


def _is_wild(name: str) -> bool:
    return "*" in name or "?" in name


def _is_whole_account(name: str, statement: Any) -> bool:
    """The root of its own account in the policy of a resource is how IAM gets its say (a key demands it)."""
    return FOREIGN_ROOT.fullmatch(name) is not None or (statement.is_trust and OWN_ROOT.fullmatch(name) is not None)


def _says_who(name: str, statement: Any) -> bool:
    """Whether a condition says which principals are meant. All those of the own account are in its organization."""
    keys = WHO_KEYS if OWN_ROOT.fullmatch(name) else WHO_KEYS | ORGANIZATION_KEYS
    return bool(statement.is_bound(keys, WHO_PREFIXES))


def _is_limited_identity(statement: Any) -> bool:
    """Whether every arm of the condition has a key of the provider, such as ``token.example.com:sub``."""
    keys = {
        str(key).lower()
        for condition in statement.conditions()
        for tests in condition.values()
        for test in values(tests)
        for key in (test if isinstance(test, dict) else ())
    }
    limiting = frozenset(key for key in keys if key.endswith(FEDERATED_SUFFIXES))
    subjects = frozenset(key for key in limiting if key.endswith(":sub"))
    if any("githubusercontent" in key for key in limiting):
        return bool(statement.is_bound(subjects))  # the audience is the same for all of GitHub
    return bool(statement.is_bound(limiting))


def _open_lists(cfn: Template) -> Iterator[RuleMatch]:
    for name, resource in cfn.get_resources().items():
        properties = resource.get("Properties") or {}
        for kind, path in OPEN_LISTS:
            if resource.get("Type") == kind and not any(key in properties for key in LIMITING_PROPERTIES):
                names = [text for value in values(properties, path) for text in texts(value, cfn.template)]
                if any(_is_wild(text) or text == "all" for text in names):
                    yield RuleMatch(["Resources", name, "Properties", path.split(".")[0]], f"{path} admits everyone")
