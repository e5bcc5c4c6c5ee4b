"""E9805: a policy uses ``Resource: "*"`` only if AWS supports no narrower resource."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

import cfnlint.data.AdditionalSpecs
from cfnlint.helpers import load_resource
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

# The properties that hold identity policies. Policies of resources (keys, buckets, queues) are absent, because `*` means
# "this resource" there.
DOCUMENTS: dict[str, tuple[str, ...]] = {
    "AWS::IAM::ManagedPolicy": ("PolicyDocument",),
    "AWS::IAM::Policy": ("PolicyDocument",),
    "AWS::IAM::Group": ("Policies",),
    "AWS::IAM::Role": ("Policies",),
    "AWS::IAM::User": ("Policies",),
}
# Actions whose resource type is optional and rarely meant, with the condition key that limits them instead.
LIMITED_BY_CONDITION: dict[str, str] = {
    "cloudwatch:putmetricdata": "cloudwatch:namespace",  # a metric has no ARN, only the newer data sets have one
}


class WildcardResource(CloudFormationLintRule):
    """Checks every Allow statement on ``*`` in an identity policy.

    cfn-lint contains the service authorization reference, which lists the actions with resource-level permissions. For
    an action with a wildcard, the rule checks every action that matches.
    """

    id = "E9805"
    shortdesc = 'Resource "*" is allowed only for actions without resource-level permissions'
    description = (
        "A statement of an identity policy that allows an action with resource-level permissions names its resources. If "
        "the author cannot know the resource, the policy suppresses the rule with a reason."
    )
    reason = 'An action on "*" covers every resource of the account.'
    source_url = (
        "https://docs.aws.amazon.com/service-authorization/latest/reference/"
        "reference_policies_actions-resources-contextkeys.html"
    )
    tags = ["resources", "iam"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          ReadPolicy:
            Type: AWS::IAM::Policy
            Properties:
              PolicyName: read
              Roles: [reader]
              PolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - Effect: Allow
                    Action: s3:GetObject
                    Resource: '*'
    """
    passing_example = failing_example.replace("Resource: '*'", "Resource: !Sub arn:${AWS::Partition}:s3:::orders/*")

    def __init__(self) -> None:
        super().__init__()
        self._services: dict[str, Any] = load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each statement that allows too much."""
        matches: list[RuleMatch] = []
        for logical_id, resource in cfn.get_resources().items():
            path: list[str | int] = ["Resources", logical_id, "Properties"]
            for statement_path, statement in _statements(path, resource):
                too_wide = [action for action in _actions(statement) if self._has_resources(action, statement)]
                if too_wide:
                    message = f'{", ".join(too_wide)} on "*" can be limited to resources'
                    matches.append(RuleMatch(statement_path, message))
        return matches

    def _has_resources(self, action: str, statement: dict[str, Any]) -> bool:
        service, _, name = action.lower().partition(":")
        if LIMITED_BY_CONDITION.get(action.lower()) in _condition_keys(statement):
            return False
        if service == "*":
            return True
        actions: dict[str, Any] = self._services.get(service, {}).get("Actions", {})
        return any(actions[candidate].get("Resources") for candidate in fnmatch.filter(actions, name))


def _statements(path: list[str | int], resource: dict[str, Any]) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    properties = resource.get("Properties") or {}
    for key in DOCUMENTS.get(resource.get("Type", ""), ()):
        value = properties.get(key)
        documents: list[tuple[list[str | int], Any]] = [([*path, key], value)]
        if isinstance(value, list):
            documents = [
                ([*path, key, index, "PolicyDocument"], policy.get("PolicyDocument"))
                for index, policy in enumerate(value)
                if isinstance(policy, dict)
            ]
        for document_path, document in documents:
            yield from _wildcard_statements(document_path, document)


def _wildcard_statements(path: list[str | int], document: Any) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    statements = document.get("Statement") if isinstance(document, dict) else None
    for index, statement in enumerate(statements if isinstance(statements, list) else [statements]):
        if isinstance(statement, dict) and statement.get("Effect") == "Allow":
            resources = statement.get("Resource")
            if "*" in (resources if isinstance(resources, list) else [resources]):
                yield ([*path, "Statement", index] if isinstance(statements, list) else [*path, "Statement"]), statement


def _condition_keys(statement: dict[str, Any]) -> set[str]:
    """Returns the condition keys of a statement in lower case, because AWS ignores their case."""
    operators = statement.get("Condition") or {}
    return {str(key).lower() for keys in operators.values() if isinstance(keys, dict) for key in keys}


def _actions(statement: dict[str, Any]) -> list[str]:
    if "NotAction" in statement:
        return ["*"]
    actions = statement.get("Action")
    return [str(action) for action in (actions if isinstance(actions, list) else [actions])]
