"""Resource types that the code treats specially."""

from __future__ import annotations

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
