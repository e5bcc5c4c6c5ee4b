"""E9803: CloudFormation can delete a stack with all its resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cfnlint.data.AdditionalSpecs
from cfnlint.helpers import load_resource
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
PROTECTIONS = ("DeletionProtection", "DeletionProtectionEnabled", "EnableTerminationProtection")
# Stateful types that cfn-lint's own list lacks.
MORE_STATEFUL = ("AWS::SNS::Topic", "AWS::Athena::WorkGroup", "AWS::Glue::Database", "AWS::Glue::Table")


class DeletionPolicy(CloudFormationLintRule):
    """Checks both policies of stateful resources, and that no resource is retained, snapshotted or protected."""

    id = "E9803"
    shortdesc = "Stateful resources are deleted with their stack"
    description = (
        "Stateful resources set DeletionPolicy and UpdateReplacePolicy to Delete (the default of a database cluster is "
        "Snapshot). No resource has another policy, and no resource has deletion protection."
    )
    reason = (
        "Operators create and delete environments of this project. A resource that outlives its stack blocks the names of "
        "the next deployment. Termination protection and the stack policy in its parameter file protect production, and "
        "an operator can lift both."
    )
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"
    )
    tags = ["resources", "deletionpolicy"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          Database:
            Type: AWS::Glue::Database
            DeletionPolicy: Retain
            UpdateReplacePolicy: Retain
            Properties:
              CatalogId: !Ref AWS::AccountId
              DatabaseInput: {Description: Orders by day}
    """
    passing_example = failing_example.replace("Retain", "Delete")

    def __init__(self) -> None:
        super().__init__()
        stateful_types = load_resource(cfnlint.data.AdditionalSpecs, "StatefulResources.json")["ResourceTypes"]
        self._stateful = frozenset(stateful_types) | frozenset(MORE_STATEFUL)

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each wrong policy and each protection."""
        return [
            match
            for name, resource in cfn.get_resources().items()
            for match in self._check(["Resources", name], resource)
        ]

    def _check(self, path: list[str | int], resource: dict[str, Any]) -> Iterator[RuleMatch]:
        required = resource.get("Type") in self._stateful
        for policy in POLICIES:
            value = resource.get(policy)
            if value is None and required:
                yield RuleMatch(path, f"{policy} is missing on a stateful resource. Write Delete")
            elif value not in (None, "Delete"):
                yield RuleMatch([*path, policy], f"{policy} is {value}. The resource would outlive its stack")
        properties = resource.get("Properties") or {}
        for protection in PROTECTIONS:
            if properties.get(protection) not in (None, False, "false"):
                yield RuleMatch([*path, "Properties", protection], f"{protection} prevents the deletion of the stack")
