"""The review on the committed transactions set: the effect of a new version, image, secret or size, and no false change."""

from __future__ import annotations

import pytest

from review.comparison.replacement import Replacement
from review.formats.render import review_text
from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review
from tests.review.support.committed import DeployedSet, deployed_set


@pytest.fixture(scope="module")
def transactions() -> DeployedSet:
    return deployed_set("transactions")


def touched(review: Review) -> set[tuple[str, str]]:
    return {(change.type, change.action) for change in review.real}


def test_same_templates_and_parameters_change_nothing_whatever_cloudformation_lists(transactions: DeployedSet) -> None:
    review = transactions.review()
    assert review.real == ()
    assert len(review.of(Certainty.NOISE)) >= transactions.count() - len(transactions.stack.children)


@pytest.mark.requirement("X-WEB-1")
def test_new_version_of_the_service_replaces_instances_and_nothing_else(transactions: DeployedSet) -> None:
    review = transactions.review(PaymentsArtifactKey="web/payments/new.zip")
    assert touched(review) == {
        ("AWS::EC2::LaunchTemplate", "Modify"),
        ("AWS::AutoScaling::AutoScalingGroup", "Modify"),
        ("AWS::IAM::ManagedPolicy", "Modify"),  # what an instance may read is this one artifact
    }
    assert {change.certainty for change in review.real} == {Certainty.CERTAIN}
    assert {change.replacement for change in review.real} == {Replacement.NO}
    (consequence,) = [finding for change in review.real for finding in change.instances]
    assert consequence.code == "R205"
    assert consequence.sentence.startswith("its instances will be replaced, 1 at a time")
    assert "+export ARTIFACT_KEY='web/payments/new.zip'" in review_text(review)


@pytest.mark.requirement("X-WEB-1")
def test_newer_image_replaces_instances(transactions: DeployedSet) -> None:
    """The parameter names a public SSM parameter; the stack and the change set hold the image that it names."""
    review = transactions.review(WebImageId="/another/image")
    assert touched(review) == {("AWS::EC2::LaunchTemplate", "Modify"), ("AWS::AutoScaling::AutoScalingGroup", "Modify")}
    assert [change.logical_id for change in review.real if change.instances] == ["WebGroup"]


@pytest.mark.requirement("X-ALB-1")
def test_next_turn_of_the_origin_header_changes_one_secret_and_both_sides(transactions: DeployedSet) -> None:
    review = transactions.review(OriginHeaderTurn="2")
    kinds = {change.type for change in review.real}
    assert {"AWS::SecretsManager::Secret", "AWS::CloudFront::Distribution"} <= kinds
    assert kinds <= {
        "AWS::SecretsManager::Secret",
        "AWS::CloudFront::Distribution",
        "AWS::ElasticLoadBalancingV2::ListenerRule",
    }
    assert sum(change.type == "AWS::SecretsManager::Secret" for change in review.real) == 1
    assert review.obstacles == ()
    text = review_text(review)
    assert "{{resolve:secretsmanager:" in text


@pytest.mark.requirement("X-DB-1")
def test_another_class_of_the_database_changes_its_instances_in_place(transactions: DeployedSet) -> None:
    review = transactions.review(DatabaseInstanceClass="db.r6g.xlarge")
    assert touched(review) == {("AWS::RDS::DBInstance", "Modify")}
    assert review.losses == ()
    assert review.replaced == ()


@pytest.mark.requirement("A-5")
def test_retention_changes_log_groups_and_log_files_and_nothing_else(transactions: DeployedSet) -> None:
    review = transactions.review(LogRetentionDays="365")
    assert {change.type for change in review.real} <= {"AWS::Logs::LogGroup", "AWS::S3::Bucket"}
    groups = sum(change.type == "AWS::Logs::LogGroup" for change in review.real)
    assert groups == transactions.count("AWS::Logs::LogGroup")
    assert review.losses == ()


@pytest.mark.requirement("A-1")
def test_another_suffix_is_reported_as_data_loss(transactions: DeployedSet) -> None:
    lost = {change.type for change in transactions.review(EnvironmentSuffix="qa").losses}
    assert {"AWS::RDS::DBCluster", "AWS::SecretsManager::Secret", "AWS::S3::Bucket"} <= lost
