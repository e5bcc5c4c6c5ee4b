"""E9805: a policy says `Resource: "*"` only where AWS knows nothing narrower."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

import cfnlint.data.AdditionalSpecs
from cfnlint.helpers import load_resource
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

# Where identity policies stand. Policies of resources (keys, buckets, queues) are not among them: there `*` means
# "this resource".
DOCUMENTS: dict[str, tuple[str, ...]] = {
    "AWS::IAM::ManagedPolicy": ("PolicyDocument",),
    "AWS::IAM::Policy": ("PolicyDocument",),
    "AWS::IAM::Group": ("Policies",),
    "AWS::IAM::Role": ("Policies",),
    "AWS::IAM::User": ("Policies",),
}
# Actions whose listed resource is optional and not what callers mean, with the condition key that limits them instead.
LIMITED_BY_CONDITION: dict[str, str] = {
    "cloudwatch:putmetricdata": "cloudwatch:namespace",  # a metric has no ARN; only the newer data sets have
}


class WildcardResource(CloudFormationLintRule):
    """Allowed actions on `*` are those that have no resource-level permission.

    Which these are is read from the service authorization reference that comes with cfn-lint, so the rule needs no
    list of its own. An action with a wildcard is judged by everything it matches.
    """

    id = "E9805"
    shortdesc = 'Resource "*" is allowed only for actions without resource-level permissions'
    description = (
        "An action that can be limited to a resource and is not gives away every resource of the account. Where the "
        "resource cannot be known, suppress the rule beside the policy and say why."
    )
    source_url = (
        "https://docs.aws.amazon.com/service-authorization/latest/reference/"
        "reference_policies_actions-resources-contextkeys.html"
    )
    tags = ["resources", "iam"]  # noqa: RUF012 - cfn-lint's own declaration

    def __init__(self) -> None:
        super().__init__()
        self._services: dict[str, Any] = load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One finding for each statement that allows too much."""
        matches: list[RuleMatch] = []
        for logical_id, resource in cfn.get_resources().items():
            path: list[str | int] = ["Resources", logical_id, "Properties"]
            for where, statement in _statements(path, resource):
                wide = [action for action in _actions(statement) if self._has_resources(action, statement)]
                if wide:
                    matches.append(RuleMatch(where, f'{", ".join(wide)} on "*" can be limited to resources'))
        return matches

    def _has_resources(self, action: str, statement: dict[str, Any]) -> bool:
        service, _, name = action.lower().partition(":")
        if LIMITED_BY_CONDITION.get(action.lower()) in _condition_keys(statement):
            return False
        known: dict[str, Any] = self._services.get(service, {}).get("Actions", {})
        if service == "*":
            return True
        return any(known[candidate].get("Resources") for candidate in fnmatch.filter(known, name))


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
        for where, document in documents:
            yield from _open_statements(where, document)


def _open_statements(path: list[str | int], document: Any) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    statements = document.get("Statement") if isinstance(document, dict) else None
    for index, statement in enumerate(statements if isinstance(statements, list) else [statements]):
        if isinstance(statement, dict) and statement.get("Effect") == "Allow":
            resources = statement.get("Resource")
            if "*" in (resources if isinstance(resources, list) else [resources]):
                yield ([*path, "Statement", index] if isinstance(statements, list) else [*path, "Statement"]), statement


def _condition_keys(statement: dict[str, Any]) -> set[str]:
    """Condition keys of a statement in lower case; AWS compares them so."""
    operators = statement.get("Condition") or {}
    return {str(key).lower() for keys in operators.values() if isinstance(keys, dict) for key in keys}


def _actions(statement: dict[str, Any]) -> list[str]:
    if "NotAction" in statement:
        return ["*"]
    actions = statement.get("Action")
    return [str(action) for action in (actions if isinstance(actions, list) else [actions])]
