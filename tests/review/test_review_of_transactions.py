"""The review on the committed transactions set: the effect of a new version, image, secret or size, and no false change."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfn.parameters import filled_by_packaging, load_parameters, with_defaults
from cfn.templates import load_templates
from review.judgement import Certainty
from review.model import Stack
from review.render import (
    review_text,
)
from review.replacement import Replacement
from review.reviewed import Review
from review.verdict import judge_plan
from tests.review.support.plans import as_deployed, everything_replaced, make_plan

ROOT = Path(__file__).parents[2]
SET = load_templates(ROOT / "templates" / "transactions")
TEXTS = {name: template.text for name, template in SET.by_name.items()}
PARAMETERS = {
    **load_parameters(ROOT / "params" / "transactions" / "dev.json", SET.root.document, region="us-east-1").parameters,
    **{name: f"{name}-1" for name in SET.root.document["Parameters"] if filled_by_packaging(name)},
}


@pytest.fixture(scope="module")
def before() -> Stack:
    return as_deployed(TEXTS, "root.yaml", with_defaults(SET.root.document, PARAMETERS))


def judged(before: Stack, **changed: str) -> Review:
    return judge_plan(make_plan(TEXTS, before, {**PARAMETERS, **changed}, everything_replaced(before)))


def touched(review: Review) -> set[tuple[str, str]]:
    return {(change.type, change.action) for change in review.real}


def test_same_templates_and_parameters_change_nothing_whatever_cloudformation_lists(before: Stack) -> None:
    review = judged(before)
    assert review.real == ()
    assert len(review.of(Certainty.NOISE)) >= sum(len(stack.resources) for _, stack in before.walk()) - len(
        before.children
    )


@pytest.mark.requirement("X-WEB-1")
def test_new_version_of_the_service_replaces_instances_and_nothing_else(before: Stack) -> None:
    review = judged(before, PaymentsArtifactKey="web/payments/new.zip")
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
def test_newer_image_replaces_instances(before: Stack) -> None:
    """The parameter names a public SSM parameter; the stack and the change set hold the image that it names."""
    review = judged(before, WebImageId="/another/image")
    assert touched(review) == {("AWS::EC2::LaunchTemplate", "Modify"), ("AWS::AutoScaling::AutoScalingGroup", "Modify")}
    assert [change.logical_id for change in review.real if change.instances] == ["WebGroup"]


@pytest.mark.requirement("X-ALB-1")
def test_next_turn_of_the_origin_header_changes_one_secret_and_both_sides(before: Stack) -> None:
    review = judged(before, OriginHeaderTurn="2")
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
def test_another_class_of_the_database_changes_its_instances_in_place(before: Stack) -> None:
    review = judged(before, DatabaseInstanceClass="db.r6g.xlarge")
    assert touched(review) == {("AWS::RDS::DBInstance", "Modify")}
    assert review.losses == ()
    assert review.replaced == ()


@pytest.mark.requirement("A-5")
def test_retention_changes_log_groups_and_log_files_and_nothing_else(before: Stack) -> None:
    review = judged(before, LogRetentionDays="365")
    assert {change.type for change in review.real} <= {"AWS::Logs::LogGroup", "AWS::S3::Bucket"}
    groups = sum(
        resource.type == "AWS::Logs::LogGroup" for _, stack in before.walk() for resource in stack.resources.values()
    )
    assert sum(change.type == "AWS::Logs::LogGroup" for change in review.real) == groups
    assert review.losses == ()


@pytest.mark.requirement("A-1")
def test_another_suffix_is_reported_as_data_loss(before: Stack) -> None:
    lost = {change.type for change in judged(before, EnvironmentSuffix="qa").losses}
    assert {"AWS::RDS::DBCluster", "AWS::SecretsManager::Secret", "AWS::S3::Bucket"} <= lost
