"""E9823: a service acts only for the own account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
policies = import_filename("_policies", _FOLDER)  # by path, as cfn-lint loads this file
texts = import_filename("_texts", _FOLDER).texts

SOURCE_KEYS = frozenset(
    {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "kms:calleraccount"}
)
# Keys by which some services prove for whom they act: the context names the resource, the account or the stack.
OTHER_KEYS = frozenset({"aws:principalaccount", "aws:principalorgid", "sts:externalid"})
OTHER_PREFIXES = ("kms:encryptioncontext:",)
# The ARN of a bucket names no account, and another account can create a bucket whose name has become free.
# https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html
NEEDS_ACCOUNT = ("s3.amazonaws.com",)


class SourceCondition(CloudFormationLintRule):
    """Checks trust policies, policies of resources and Lambda permissions that name an AWS service.

    ``…IfExists`` counts, because Lambda, EC2 and some other services send neither key when they assume a role.
    """

    id = "E9823"
    shortdesc = "A service may act only for the own account"
    description = (
        "A statement that allows an AWS service has a condition on aws:SourceAccount, aws:SourceArn, aws:SourceOrgID or "
        "the encryption context. Its value names the account and is no wildcard. A Lambda permission for a service has "
        "SourceArn or SourceAccount; for S3 both."
    )
    reason = "Without it, another customer's resource can make the service use the role or the resource (the confused deputy)."
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"
    tags = ["resources", "iam"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          OrdersRole:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - Effect: Allow
                    Principal: {Service: scheduler.amazonaws.com}
                    Action: sts:AssumeRole
                    Condition: {StringLike: {aws:SourceAccount: '*'}}
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace(
        "{StringLike: {aws:SourceAccount: '*'}}", "{StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}"
    )

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each statement and permission without a source."""
        matches = [
            RuleMatch(statement.path, f"{service} may act for every account. Limit aws:SourceAccount or aws:SourceArn")
            for statement in policies.statements(cfn.template)
            if statement.allows and not statement.is_bound(SOURCE_KEYS | OTHER_KEYS, OTHER_PREFIXES, lenient=True)
            for service in [", ".join(dict.fromkeys(_services(statement)))]
            if service
        ]
        permissions = cfn.get_resources("AWS::Lambda::Permission").items()
        for name, permission in permissions:
            properties = permission.get("Properties") or {}
            path: list[str | int] = ["Resources", name, "Properties"]
            matches += [RuleMatch(path, message) for message in _permission_faults(properties, cfn)]
        return matches


def _services(statement: Any) -> Iterator[str]:
    """Yields the services that a statement names. The regional ones have a region in their name."""
    return (name for kind, name in statement.principals() if kind == "Service")


def _permission_faults(properties: dict[str, Any], cfn: Template) -> Iterator[str]:
    services = [name for name in texts(properties.get("Principal"), cfn.template) if name.endswith(".amazonaws.com")]
    if not services or "EventSourceToken" in properties or "PrincipalOrgID" in properties:
        return
    arns = texts(properties.get("SourceArn"), cfn.template)
    has_account = bool(properties.get("SourceAccount"))
    if not has_account and not (arns and all(map(policies.limits_arn, arns))):
        yield f"{services[0]} may call for every account. Add SourceArn or SourceAccount"
    elif not has_account and services[0] in NEEDS_ACCOUNT:
        yield f"{services[0]} needs SourceAccount, because the ARN of a bucket names no account"
