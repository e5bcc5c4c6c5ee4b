"""Names of resources, and whether a change keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.marks import State, marked
from review.comparison.difference import Difference
from review.comparison.names import fixed_name, name_of, name_property


@pytest.mark.parametrize(
    ("resource_type", "properties", "name"),
    [
        ("AWS::DynamoDB::Table", {"TableName": "t"}, "TableName"),
        ("AWS::DynamoDB::Table", {"BillingMode": "x"}, None),
        ("AWS::EC2::SecurityGroup", {"GroupName": "g"}, "GroupName"),
        ("AWS::CloudFront::CachePolicy", {"CachePolicyConfig": {"Name": "p"}}, "CachePolicyConfig/Name"),
        ("AWS::CloudWatch::CompositeAlarm", {"AlarmName": "a"}, "AlarmName"),
        ("AWS::Glue::Database", {"DatabaseName": "d", "DatabaseInput": {"Name": "d"}}, "DatabaseName"),
        ("AWS::Glue::Database", {"DatabaseInput": {"Name": "d"}}, "DatabaseInput/Name"),
        ("AWS::Logs::MetricFilter", {"FilterName": "f"}, "FilterName"),
        ("AWS::Timestream::Database", {"DatabaseName": "d"}, "DatabaseName"),
        ("AWS::Neptune::DBCluster", {"DBClusterIdentifier": "c"}, "DBClusterIdentifier"),
        ("AWS::New::Thing", {"Name": "n"}, "Name"),
        ("AWS::Lambda::LayerVersion", {"LayerName": "l"}, None),
        ("AWS::S3::Bucket", None, None),
    ],
)
def test_name_property(resource_type: str, properties: Any, name: str | None) -> None:
    assert name_property(resource_type, properties) == name


def test_name_of() -> None:
    assert name_of("AWS::CloudFront::CachePolicy", {"CachePolicyConfig": {"Name": "p"}}) == "p"
    assert name_of("AWS::EC2::SecurityGroup", {"VpcId": "v"}) is None
    assert name_of("AWS::EC2::SecurityGroup", {"GroupName": {"Fn::ImportValue": "n"}}) is None


def test_name_inside_another_resource_belongs_to_that_resource() -> None:
    """Two APIs may each have a stage ``live``: a new stage of the second one takes no name from the first one."""
    first, again, second = (
        name_of("AWS::ApiGateway::Stage", {"RestApiId": api, "StageName": "live"})
        for api in ({"Ref": "Api"}, marked({"Ref": "Api"}, State.POSSIBLE), "a1b2c3")
    )
    assert first == again != second == "a1b2c3/live"


@pytest.mark.parametrize(
    ("changed", "fixed"),
    [
        (["Properties/Comment"], "CachePolicyConfig/Name"),
        (["Properties/CachePolicyConfig/TTL"], "CachePolicyConfig/Name"),
        (["Properties/CachePolicyConfig/Name"], None),
        (["Properties/CachePolicyConfig"], None),
        ([], "CachePolicyConfig/Name"),
    ],
)
def test_fixed_name(changed: list[str], fixed: str | None) -> None:
    differences = [Difference(path, "a", "b", State.CHANGED, flows=False) for path in changed]
    assert fixed_name("AWS::CloudFront::CachePolicy", {"CachePolicyConfig": {"Name": "p"}}, differences) == fixed


@pytest.mark.parametrize(("changed", "fixed"), [("LogGroupName", None), ("FilterPattern", "FilterName")])
def test_name_is_free_in_another_parent(changed: str, fixed: str | None) -> None:
    """A metric filter that moves to another log group may keep its name."""
    difference = Difference(f"Properties/{changed}", "a", "b", State.CHANGED, flows=False)
    assert fixed_name("AWS::Logs::MetricFilter", {"FilterName": "f"}, [difference]) == fixed
