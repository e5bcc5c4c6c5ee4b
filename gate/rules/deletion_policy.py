"""E9803: a stack can be deleted whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cfnlint.data.AdditionalSpecs
from cfnlint.helpers import load_resource
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
PROTECTIONS = ("DeletionProtection", "DeletionProtectionEnabled", "EnableTerminationProtection")
# Types whose loss is certain to be felt and that cfn-lint's own list of stateful types lacks.
MORE_STATEFUL = ("AWS::SNS::Topic", "AWS::Athena::WorkGroup", "AWS::Glue::Database", "AWS::Glue::Table")


class DeletionPolicy(CloudFormationLintRule):
    """Stateful resources say `Delete` twice, and nothing is retained, snapshotted or protected.

    The environments of this project come and go; what protects production is termination protection and the stack
    policy in its parameter file, which can be lifted, and not a leftover that blocks the next deployment's names.
    """

    id = "E9803"
    shortdesc = "Stateful resources are deleted with their stack"
    description = (
        "DeletionPolicy and UpdateReplacePolicy are written out as Delete on stateful resources (the default of a "
        "database cluster is Snapshot), no resource retains or snapshots, none has deletion protection."
    )
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"
    )
    tags = ["resources", "deletionpolicy"]  # noqa: RUF012 - cfn-lint's own declaration

    def __init__(self) -> None:
        super().__init__()
        listed = load_resource(cfnlint.data.AdditionalSpecs, "StatefulResources.json")["ResourceTypes"]
        self._stateful = frozenset(listed) | frozenset(MORE_STATEFUL)

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One finding for each policy and protection that is wrong."""
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
                yield RuleMatch(path, f"{policy} is missing on a stateful resource: write it out as Delete")
            elif value not in (None, "Delete"):
                yield RuleMatch([*path, policy], f"{policy} is {value}: the resource would outlive its stack")
        properties = resource.get("Properties") or {}
        for protection in PROTECTIONS:
            if properties.get(protection) not in (None, False, "false"):
                yield RuleMatch([*path, "Properties", protection], f"{protection} stops the deletion of the stack")
