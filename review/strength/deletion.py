"""Compares what CloudFormation does with a resource that is removed or replaced: delete, keep a snapshot, or keep it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from review.findings.finding import Remark
from review.findings.strength import DELETION_POLICY
from review.resource_types.holds import HOLDS
from review.strength.measures import Levels
from review.strength.order import compare
from review.strength.rows import remarks
from review.strength.values import shown

_POLICIES = ("Delete", "Snapshot", "RetainExceptOnCreate", "Retain")
_SNAPSHOT_BY_DEFAULT = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::Neptune::DBInstance")


def default_policy(resource_type: str, properties: Mapping[str, Any]) -> str:
    """The DeletionPolicy of a resource without one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    is_member = "DBClusterIdentifier" in properties
    return "Snapshot" if resource_type in _SNAPSHOT_BY_DEFAULT and not is_member else "Delete"


def policy_remarks(
    resource_type: str, properties: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Remark]:
    """The findings of a change of both policies, for a resource that holds data, identity or evidence.

    Args:
        resource_type: The type of the resource.
        properties: Its properties.
        before: Its attributes before the change.
        after: Its attributes after the change.
    """
    if resource_type not in HOLDS:
        return
    defaults = {"DeletionPolicy": default_policy(resource_type, properties), "UpdateReplacePolicy": "Delete"}
    for name, default in defaults.items():
        measure = Levels(_POLICIES, absent=default)
        outcome = compare(measure.rank(before.get(name)), measure.rank(after.get(name)), measure.bounds)
        values = {"property": name, "before": shown(before.get(name)), "after": shown(after.get(name))}
        yield from remarks(DELETION_POLICY, outcome, values)
