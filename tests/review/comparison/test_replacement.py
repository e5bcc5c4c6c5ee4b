"""Which changes replace their resource, by the schemas: the values at the create-only properties decide."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cfn.marks import State
from review.comparison.difference import Difference
from review.comparison.replacement import Replacement, replaces
from review.resource_types.schema_facts import FILE, Pointer, facts_of, is_within

NO, MAY, SURELY = Replacement.NO, Replacement.POSSIBLE, Replacement.CERTAIN
ENDPOINT, REPLICATOR = "AWS::EC2::VPCEndpoint", "AWS::MSK::Replicator"


def change(path: str, before: Any = "a", after: Any = "b", *, flows: bool = False) -> Difference:
    return Difference(path, before, after, State.CHANGED, flows)


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("AWS::DynamoDB::Table", "Properties/TableName", SURELY),
        ("AWS::DynamoDB::Table", "Properties/KeySchema/0/AttributeName", MAY),
        ("AWS::DynamoDB::Table", "Properties/BillingMode", NO),
        ("AWS::DynamoDB::Table", "Metadata/TableName", NO),
        ("AWS::EC2::Subnet", "Properties/VpcId", SURELY),
        ("AWS::RDS::DBCluster", "Properties/StorageEncrypted", SURELY),
        ("AWS::Lambda::Function", "Properties/Code/S3Key", NO),
        ("AWS::Route53::RecordSet", "Properties/Name", MAY),  # not create-only, but part of the identifier
        ("Custom::Anything", "Properties/Key", MAY),
        ("AWS::New::Type", "Properties/Anything", MAY),
        ("AWS::Serverless::Function", "Properties/FunctionName", MAY),
    ],
)
def test_create_only_properties_replace(kind: str, path: str, expected: Replacement) -> None:
    assert replaces(kind, [change(path)]) is expected


def test_heaviest_change_decides() -> None:
    changes = [change("Properties/BillingMode"), change("Properties/TableName"), change("Properties/KeySchema/0")]
    assert replaces("AWS::DynamoDB::Table", changes) is SURELY
    assert replaces("AWS::DynamoDB::Table", []) is NO


FUNCTION = {"Fn::GetAtt": ["Options", "All"]}


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("kind", "path", "before", "after", "expected"),
    [
        # an object that is added or removed whole: create-only are PrivateDnsPreference and PrivateDnsSpecifiedDomains
        (ENDPOINT, "Properties/DnsOptions", None, {"DnsRecordIpType": "ipv4"}, NO),
        (ENDPOINT, "Properties/DnsOptions", {"DnsRecordIpType": "ipv4"}, None, NO),
        (ENDPOINT, "Properties/DnsOptions", None, {"PrivateDnsPreference": "ALL_DOMAINS"}, SURELY),
        (ENDPOINT, "Properties/DnsOptions", {"PrivateDnsPreference": "ALL_DOMAINS"}, None, SURELY),
        (ENDPOINT, "Properties/DnsOptions", None, {}, NO),
        (ENDPOINT, "Properties/DnsOptions/DnsRecordIpType", None, "ipv4", NO),
        (ENDPOINT, "Properties/DnsOptions/PrivateDnsPreference", None, "ALL_DOMAINS", SURELY),
        (ENDPOINT, "Properties/DnsOptions/PrivateDnsSpecifiedDomains/1", None, "example.com", SURELY),
        # an object that only CloudFormation knows
        (ENDPOINT, "Properties/DnsOptions", None, FUNCTION, MAY),
        (ENDPOINT, "Properties/DnsOptions", FUNCTION, {"DnsRecordIpType": "ipv4"}, MAY),
        # any item of a list
        (REPLICATOR, "Properties/ReplicationInfoList/1", None, {"TargetCompressionType": "GZIP"}, SURELY),
        (REPLICATOR, "Properties/ReplicationInfoList/1", None, {"TopicReplication": {"TopicsToExclude": ["a"]}}, NO),
        (
            REPLICATOR,
            "Properties/ReplicationInfoList",
            None,
            [{"TopicReplication": {}}, {"TopicReplication": {"StartingPosition": {"Type": "LATEST"}}}],
            SURELY,
        ),
        (REPLICATOR, "Properties/ReplicationInfoList", None, [{"TopicReplication": {}}], NO),
        (REPLICATOR, "Properties/ReplicationInfoList/0/TargetCompressionType", "NONE", "GZIP", SURELY),
    ],
)
def test_value_at_the_create_only_property_decides(
    kind: str, path: str, before: Any, after: Any, expected: Replacement
) -> None:
    """An object added whole had counted as a change of every create-only property below it: 227 in the schemas."""
    assert replaces(kind, [change(path, before, after)]) is expected


@pytest.mark.requirement("REV-1")
def test_object_that_flows_may_change_what_is_below() -> None:
    flowing = change("Properties/DnsOptions", FUNCTION, FUNCTION, flows=True)
    assert replaces(ENDPOINT, [flowing]) is MAY
    assert replaces(ENDPOINT, [change("Properties/VpcId", "vpc-1", "vpc-1", flows=True)]) is SURELY


def nested_pointers() -> list[tuple[str, Pointer]]:
    """Every create-only property in an object that is not create-only itself."""
    facts = {kind: facts_of(kind) for kind in json.loads(FILE.read_text("utf-8"))}
    return [
        (kind, pointer)
        for kind, of_type in facts.items()
        if of_type is not None
        for pointer in of_type.create_only
        if len(pointer) > 1 and not is_within(pointer[:-1], of_type.create_only | of_type.conditional_create_only)
    ]


@pytest.mark.requirement("REV-1")
def test_object_added_whole_replaces_exactly_if_it_has_a_create_only_member() -> None:
    for kind, pointer in nested_pointers():
        path = "/".join(("Properties", *pointer[:-1]))
        assert replaces(kind, [change(path, None, {"Another": "x"})]) is NO, (kind, pointer)
        assert replaces(kind, [change(path, None, {pointer[-1]: "x"})]) is SURELY, (kind, pointer)
