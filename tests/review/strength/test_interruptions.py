"""The table of updates that interrupt, against the schemas and on changes."""

from __future__ import annotations

import pytest

from review.findings.finding import Verdict
from review.findings.strength import INTERRUPTS
from review.strength.interruptions import INTERRUPTIONS, Interruption, interruption
from tests.review.strength.support.schemas import properties, types


@pytest.mark.parametrize("row", INTERRUPTIONS, ids=lambda row: str(row.type))
def test_type_and_properties_exist_and_the_page_is_of_aws(row: Interruption) -> None:
    assert row.type in types()
    known = {"/".join(path) for path in properties(row.type)}
    assert set(row.properties) - known == set()
    assert row.page.startswith("https://docs.aws.amazon.com/")


def test_a_type_has_one_row_and_the_rows_are_sorted() -> None:
    listed = [row.type for row in INTERRUPTIONS]
    assert len(listed) == len(set(listed))
    assert listed == sorted(listed, key=str.lower)


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(
    ("resource_type", "name"),
    [
        ("AWS::RDS::DBInstance", "DBInstanceClass"),
        ("AWS::EC2::Instance", "InstanceType"),
        ("AWS::ElastiCache::ReplicationGroup", "CacheNodeType"),
        ("AWS::RDS::DBCluster", "EngineVersion"),
    ],
)
def test_change_of_a_listed_property_interrupts(resource_type: str, name: str) -> None:
    remark = interruption(resource_type, {name: "a", "Tags": []}, {name: "b"})
    assert remark == INTERRUPTS.remark(properties=name)
    assert remark.verdict is Verdict.LOOK


@pytest.mark.requirement("REV-2")
def test_several_properties_are_one_finding() -> None:
    before, after = {"DBInstanceClass": "a", "MultiAZ": True}, {"DBInstanceClass": "b", "MultiAZ": False}
    assert str(interruption("AWS::RDS::DBInstance", before, after)) == "interrupts: DBInstanceClass, MultiAZ (R501)"


@pytest.mark.requirement("REV-2")
def test_nested_property_is_named_by_its_path() -> None:
    before = {"BrokerNodeGroupInfo": {"InstanceType": "kafka.m5.large"}}
    after = {"BrokerNodeGroupInfo": {"InstanceType": "kafka.m7g.large"}}
    assert interruption("AWS::MSK::Cluster", before, after) == INTERRUPTS.remark(
        properties="BrokerNodeGroupInfo/InstanceType"
    )


@pytest.mark.requirement("REV-2")
def test_other_changes_do_not_interrupt() -> None:
    assert interruption("AWS::RDS::DBInstance", {"CopyTagsToSnapshot": True}, {"CopyTagsToSnapshot": False}) is None
    assert interruption("AWS::SNS::Topic", {"TopicName": "a"}, {"TopicName": "b"}) is None
    assert interruption("AWS::RDS::DBInstance", {"DBInstanceClass": "a"}, {"DBInstanceClass": "a"}) is None
