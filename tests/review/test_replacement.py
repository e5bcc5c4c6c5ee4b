"""What cfn-lint's copy of the resource schemas knows of replacements; its own knowledge, not ours."""

from __future__ import annotations

import pytest

from review.replacement import Replacement, replaces


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("AWS::DynamoDB::Table", "TableName", Replacement.CERTAIN),
        ("AWS::DynamoDB::Table", "KeySchema/0/AttributeName", Replacement.POSSIBLE),
        ("AWS::DynamoDB::Table", "BillingMode", Replacement.NO),
        ("AWS::EC2::Subnet", "VpcId", Replacement.CERTAIN),
        ("AWS::RDS::DBCluster", "StorageEncrypted", Replacement.CERTAIN),
        ("AWS::Lambda::Function", "Code/S3Key", Replacement.NO),
        ("Custom::Anything", "Key", Replacement.POSSIBLE),
        ("AWS::New::Type", "Anything", Replacement.POSSIBLE),
    ],
)
def test_create_only_properties_replace(kind: str, path: str, expected: Replacement) -> None:
    assert replaces(kind, [path], "us-east-1") is expected
