"""E9813: a policy names its actions, and none allows a whole service."""

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

WHOLE_SERVICE = re.compile(r"[*?]+|[^:]+:[*?]*\*[*?]*")
OWN_ROOT = re.compile(r"(arn:(aws[a-z-]*|\$\{AWS::Partition\}):iam::)?\$\{AWS::AccountId\}(:root)?")
KEYS = ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")
# AWS managed policies that allow whole services. Those of job functions are in a folder of their own.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
BROAD_POLICY = re.compile(
    r".*:policy/(AdministratorAccess.*|PowerUserAccess|.*FullAccess(V\d|_v\d)?"
    r"|job-function/(DatabaseAdministrator|DataScientist|NetworkAdministrator|SystemAdministrator)"
    r"|service-role/AmazonEC2RoleforSSM)"
)
ATTACHED: tuple[tuple[str, str], ...] = (
    ("AWS::IAM::Group", "ManagedPolicyArns"),
    ("AWS::IAM::Role", "ManagedPolicyArns"),
    ("AWS::IAM::User", "ManagedPolicyArns"),
    ("AWS::SSO::PermissionSet", "ManagedPolicies"),
)


class ServiceWideAction(CloudFormationLintRule):
    """Checks the actions of every statement that allows, and the AWS managed policies of roles, users and groups.

    A key policy allows ``kms:*`` to the account's root, or no administrator could change the key. The policy of a VPC
    endpoint grants nothing (E9824).
    """

    id = "E9813"
    shortdesc = "No policy allows all actions of a service"
    description = (
        'A statement that allows names its actions. It has no "*", no "service:*" and no NotAction. No role, user or group '
        "has an AWS managed policy for whole services (AdministratorAccess, PowerUserAccess, …FullAccess). Only the root of "
        "the own account has kms:* in a key policy."
    )
    reason = (
        "PCI DSS 7.2.5 demands least privileges for systems. All actions of a service include changes of its permissions "
        "and the deletion of its data, and those that AWS adds later."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"
    tags = ["resources", "iam"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          BucketArn: {Type: String}
        Resources:
          OrdersPolicy:
            Type: AWS::IAM::Policy
            Properties:
              PolicyName: orders
              Roles: [orders]
              PolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - Effect: Allow
                    Action: s3:*
                    Resource: !Sub ${BucketArn}/orders/*
    """
    passing_example = failing_example.replace("s3:*", "s3:GetObject")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each statement and attached policy that allows a whole service."""
        matches = [
            RuleMatch(statement.path, message)
            for statement in policies.statements(cfn.template)
            if statement.allows and not _is_exempt(statement)
            for message in _faults(statement)
        ]
        return [*matches, *_attached(cfn)]


def _is_exempt(statement: Any) -> bool:
    """Guardrails and endpoint policies grant nothing. In a resource's policy, the own account's root defers to IAM."""
    if statement.kind == policies.ENDPOINT or statement.kind in policies.GUARDRAILS:
        return True
    principals = [text for _, text in statement.principals()]
    return statement.kind in KEYS and bool(principals) and all(map(OWN_ROOT.fullmatch, principals))


def _faults(statement: Any) -> Iterator[str]:
    if "NotAction" in statement.body:
        yield "NotAction in an Allow allows all other actions. Name the actions"
    wide = [action for action in statement.actions() if WHOLE_SERVICE.fullmatch(action)]
    if wide:
        yield f"{', '.join(dict.fromkeys(wide))} allows all actions. Name the actions"


def _attached(cfn: Template) -> Iterator[RuleMatch]:
    for name, resource in cfn.get_resources().items():
        for kind, key in ATTACHED:
            if resource.get("Type") == kind:
                for arn in texts((resource.get("Properties") or {}).get(key), cfn.template):
                    if BROAD_POLICY.fullmatch(arn):
                        message = (
                            f"{arn.rsplit('/', 1)[-1]} allows whole services. Write a policy with the actions needed"
                        )
                        yield RuleMatch(["Resources", name, "Properties", key], message)
