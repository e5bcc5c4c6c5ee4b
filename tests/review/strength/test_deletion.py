"""What CloudFormation keeps of a resource that a later change removes or replaces."""

from __future__ import annotations

from typing import Any

import pytest

from review.findings import strength
from review.findings.finding import Label, Remark, Verdict
from review.strength import grade


def policies(
    resource_type: str, properties: Any, name: str, before: str | None, after: str | None
) -> tuple[Remark, ...]:
    sides = [{} if policy is None else {name: policy} for policy in (before, after)]
    return grade(resource_type, properties, properties, attributes_before=sides[0], attributes_after=sides[1])


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("name", ["DeletionPolicy", "UpdateReplacePolicy"])
@pytest.mark.parametrize(
    ("strong", "weak"),
    [
        ("Retain", "Delete"),
        ("Retain", "Snapshot"),
        ("Snapshot", "Delete"),
        ("Retain", None),
        ("RetainExceptOnCreate", "Delete"),
    ],
)
def test_policy_that_keeps_less_is_weaker(name: str, strong: str, weak: str | None) -> None:
    (remark,) = policies("AWS::EC2::Volume", {}, name, strong, weak)
    assert (remark.code, remark.verdict, remark.label) == (strength.DELETION_POLICY.code, Verdict.LOOK, Label.WEAKER)
    (remark,) = policies("AWS::EC2::Volume", {}, name, weak, strong)
    assert (remark.verdict, remark.label) == (Verdict.FINE, Label.STRONGER)


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(
    ("resource_type", "properties", "before", "after", "labels"),
    [
        ("AWS::RDS::DBCluster", {}, None, "Snapshot", []),
        ("AWS::RDS::DBCluster", {}, None, "Delete", [Label.WEAKER]),
        ("AWS::RDS::DBInstance", {}, None, "Delete", [Label.WEAKER]),
        ("AWS::RDS::DBInstance", {"DBClusterIdentifier": "c"}, None, "Delete", []),
        ("AWS::S3::Bucket", {}, None, "Delete", []),
    ],
)
def test_default_is_a_snapshot_for_databases(
    resource_type: str, properties: Any, before: str | None, after: str, labels: list[Label]
) -> None:
    remarks = policies(resource_type, properties, "DeletionPolicy", before, after)
    assert [remark.label for remark in remarks] == labels


@pytest.mark.requirement("REV-2")
def test_policy_of_what_holds_nothing_does_not_matter() -> None:
    assert policies("AWS::Lambda::Function", {}, "DeletionPolicy", "Retain", "Delete") == ()


@pytest.mark.requirement("REV-2")
def test_policies_of_a_resource_that_is_added_or_removed_are_no_change() -> None:
    assert grade("AWS::S3::Bucket", None, {}, attributes_after={"DeletionPolicy": "Retain"}) == ()
    assert grade("AWS::S3::Bucket", {}, None, attributes_before={"DeletionPolicy": "Retain"}) == ()
