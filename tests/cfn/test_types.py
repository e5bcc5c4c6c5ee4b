"""Resource types and the properties that name them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cfn import types


@pytest.mark.parametrize(
    ("resource_type", "custom"),
    [
        ("Custom::DatabaseMigration", True),
        ("AWS::CloudFormation::CustomResource", True),
        ("AWS::CloudFormation::Stack", False),
        ("AWS::S3::Bucket", False),
    ],
)
def test_is_custom(resource_type: str, custom: bool) -> None:
    assert types.is_custom(resource_type) is custom


@pytest.mark.parametrize(
    ("resource_type", "path"),
    [
        ("AWS::S3::Bucket", ("BucketName",)),
        ("AWS::EC2::SecurityGroup", ("GroupName",)),
        ("AWS::CloudFront::CachePolicy", ("CachePolicyConfig", "Name")),
        ("AWS::EC2::VPC", ()),
        ("Custom::Anything", ()),
    ],
)
def test_name_path(resource_type: str, path: tuple[str, ...]) -> None:
    assert types.name_path(resource_type) == path


def test_table_of_names_is_sorted() -> None:
    table = json.loads(Path(types.__file__).with_name("name_properties.json").read_text("utf-8"))
    assert list(table) == sorted(table)
