"""The list of types whose deletion loses data, identity or evidence."""

from __future__ import annotations

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from review.comparison.replacement import STATEFUL
from review.resource_types import holds
from review.resource_types.holds import HOLDS, Holding


def test_types_exist_and_each_is_listed_once() -> None:
    known = set(PROVIDER_SCHEMA_MANAGER.get_resource_types("us-east-1"))
    assert HOLDS.keys() - known == set()
    parts = [getattr(holds, name).split() for name in ("_DATA", "_IDENTITY", "_EVIDENCE")]
    assert sum(map(len, parts)) == len(HOLDS)
    assert all(part == sorted(part, key=str.lower) for part in parts)


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(
    ("resource_type", "holding"),
    [
        ("AWS::RDS::DBCluster", Holding.DATA),
        ("AWS::DynamoDB::Table", Holding.DATA),
        ("AWS::S3::Bucket", Holding.DATA),
        ("AWS::SQS::Queue", Holding.DATA),
        ("AWS::SecretsManager::Secret", Holding.DATA),
        ("AWS::KMS::Key", Holding.DATA),
        ("AWS::Logs::LogGroup", Holding.EVIDENCE),
        ("AWS::CloudTrail::Trail", Holding.EVIDENCE),
        ("AWS::Cognito::UserPool", Holding.IDENTITY),
        ("AWS::ApiGateway::RestApi", Holding.IDENTITY),
        ("AWS::ApiGatewayV2::Api", Holding.IDENTITY),
        ("AWS::ApiGateway::ApiKey", Holding.IDENTITY),
        ("AWS::CloudFront::Distribution", Holding.IDENTITY),
        ("AWS::EC2::EIP", Holding.IDENTITY),
        ("AWS::Route53::HostedZone", Holding.IDENTITY),
        ("AWS::CertificateManager::Certificate", Holding.IDENTITY),
        ("AWS::EFS::FileSystem", Holding.DATA),
        ("AWS::Kinesis::Stream", Holding.DATA),
        ("AWS::Backup::BackupVault", Holding.DATA),
        ("AWS::ECR::Repository", Holding.DATA),
    ],
)
def test_what_the_requirement_names_is_in_it(resource_type: str, holding: Holding) -> None:
    assert HOLDS[resource_type] is holding
    assert resource_type in STATEFUL


@pytest.mark.parametrize("resource_type", ["AWS::IAM::Role", "AWS::Lambda::Function", "AWS::CloudWatch::Alarm"])
def test_what_the_template_holds_whole_is_not_in_it(resource_type: str) -> None:
    assert resource_type not in HOLDS
