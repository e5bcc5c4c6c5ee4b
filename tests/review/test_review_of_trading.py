"""The review on the committed trading set: values that flow through eleven stacks, and no false change."""

from __future__ import annotations

import pytest

from review.comparison.replacement import Replacement
from review.judgement.judgement import Certainty
from tests.review.support.committed import DeployedSet, deployed_set


@pytest.fixture(scope="module")
def trading() -> DeployedSet:
    return deployed_set("trading")


def test_same_templates_and_parameters_change_nothing_whatever_cloudformation_lists(trading: DeployedSet) -> None:
    """AWS lists every resource of the platform as replaced; none of them is."""
    review = trading.review()
    assert review.real == ()
    assert review.losses == ()
    assert len(review.of(Certainty.NOISE)) >= trading.count() - len(trading.stack.children)


@pytest.mark.requirement("A-5")
def test_retention_changes_log_groups_and_nothing_else(trading: DeployedSet) -> None:
    review = trading.review(LogRetentionDays="90")
    assert {change.type for change in review.real} == {"AWS::Logs::LogGroup"}
    assert {change.replacement for change in review.real} == {Replacement.NO}
    assert len(review.real) == trading.count("AWS::Logs::LogGroup")


@pytest.mark.requirement("T-NET-2")
def test_gateway_for_each_zone_adds_gateways_and_moves_routes(trading: DeployedSet) -> None:
    review = trading.review(NatGatewayPerZone="true")
    assert {(change.type, change.action) for change in review.real} == {
        ("AWS::EC2::EIP", "Add"),
        ("AWS::EC2::NatGateway", "Add"),
        ("AWS::EC2::Route", "Modify"),
    }
    assert review.losses == ()


@pytest.mark.requirement("T-FN-1")
def test_code_change_changes_its_function_only(trading: DeployedSet) -> None:
    review = trading.review(QueryArtifactKey="functions/query/new.zip")
    assert [(change.type, change.action) for change in review.real] == [("AWS::Lambda::Function", "Modify")]
    assert [change.name for change in review.artifacts] == ["QueryArtifactKey"]


@pytest.mark.requirement("A-1")
def test_another_suffix_is_reported_as_data_loss(trading: DeployedSet) -> None:
    """Every name ends in the suffix, so a new suffix on a deployed stack replaces databases, tables and buckets."""
    lost = {change.type for change in trading.review(EnvironmentSuffix="qa").losses}
    assert {"AWS::RDS::DBCluster", "AWS::DynamoDB::Table", "AWS::S3::Bucket"} <= lost
