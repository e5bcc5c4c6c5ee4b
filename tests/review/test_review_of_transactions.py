"""The review on the committed transactions set: what a new version, image, secret or size does, and nothing listed in vain."""

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
from review.verdict import Review, judge_plan
from tests.review.support.pairs import as_deployed, everything_replaced, plan

ROOT = Path(__file__).parents[2]
SET = load_templates(ROOT / "templates" / "transactions")
TEXTS = {name: template.text for name, template in SET.by_name.items()}
GIVEN = {
    **load_parameters(ROOT / "params" / "transactions" / "dev.json", SET.root.document, region="us-east-1").parameters,
    **{name: f"{name}-1" for name in SET.root.document["Parameters"] if filled_by_packaging(name)},
}


@pytest.fixture(scope="module")
def before() -> Stack:
    return as_deployed(TEXTS, "root.yaml", with_defaults(SET.root.document, GIVEN))


def judged(before: Stack, **changed: str) -> Review:
    return judge_plan(plan(TEXTS, before, {**GIVEN, **changed}, everything_replaced(before)))


def touched(seen: Review) -> set[tuple[str, str]]:
    return {(one.type, one.action) for one in seen.real}


def test_same_templates_and_parameters_change_nothing_whatever_the_service_lists(before: Stack) -> None:
    seen = judged(before)
    assert seen.real == ()
    assert len(seen.of(Certainty.NOISE)) >= sum(len(stack.resources) for _, stack in before.walk()) - len(
        before.children
    )


@pytest.mark.requirement("X-WEB-1")
def test_new_version_of_the_service_replaces_instances_and_nothing_else(before: Stack) -> None:
    seen = judged(before, PaymentsArtifactKey="web/payments/new.zip")
    assert touched(seen) == {
        ("AWS::EC2::LaunchTemplate", "Modify"),
        ("AWS::AutoScaling::AutoScalingGroup", "Modify"),
        ("AWS::IAM::ManagedPolicy", "Modify"),  # what an instance may read is this one artifact
    }
    assert {one.certainty for one in seen.real} == {Certainty.CERTAIN}
    assert {one.replacement for one in seen.real} == {Replacement.NO}
    (consequence,) = [one.consequence for one in seen.real if one.consequence]
    assert consequence.startswith("its instances will be replaced, 1 at a time")
    assert "+export ARTIFACT_KEY='web/payments/new.zip'" in review_text(seen)


@pytest.mark.requirement("X-WEB-1")
def test_newer_image_replaces_instances(before: Stack) -> None:
    """The parameter names a public SSM parameter; the stack and the change set tell the image that was found there."""
    seen = judged(before, WebImageId="/another/image")
    assert touched(seen) == {("AWS::EC2::LaunchTemplate", "Modify"), ("AWS::AutoScaling::AutoScalingGroup", "Modify")}
    assert [one.logical_id for one in seen.real if one.consequence] == ["WebGroup"]


@pytest.mark.requirement("X-ALB-1")
def test_next_turn_of_the_origin_header_makes_one_secret_and_tells_both_sides(before: Stack) -> None:
    seen = judged(before, OriginHeaderTurn="2")
    kinds = {one.type for one in seen.real}
    assert {"AWS::SecretsManager::Secret", "AWS::CloudFront::Distribution"} <= kinds
    assert kinds <= {
        "AWS::SecretsManager::Secret",
        "AWS::CloudFront::Distribution",
        "AWS::ElasticLoadBalancingV2::ListenerRule",
    }
    assert sum(one.type == "AWS::SecretsManager::Secret" for one in seen.real) == 1
    assert seen.obstacles == ()
    said = review_text(seen)
    assert "{{resolve:secretsmanager:" in said


@pytest.mark.requirement("X-DB-1")
def test_another_class_of_the_database_changes_its_instances_in_place(before: Stack) -> None:
    seen = judged(before, DatabaseInstanceClass="db.r6g.xlarge")
    assert touched(seen) == {("AWS::RDS::DBInstance", "Modify")}
    assert seen.losses == ()
    assert seen.replaced == ()


@pytest.mark.requirement("A-5")
def test_retention_changes_log_groups_and_log_files_and_nothing_else(before: Stack) -> None:
    seen = judged(before, LogRetentionDays="365")
    assert {one.type for one in seen.real} <= {"AWS::Logs::LogGroup", "AWS::S3::Bucket"}
    groups = sum(one.type == "AWS::Logs::LogGroup" for _, stack in before.walk() for one in stack.resources.values())
    assert sum(one.type == "AWS::Logs::LogGroup" for one in seen.real) == groups
    assert seen.losses == ()


@pytest.mark.requirement("A-1")
def test_another_suffix_is_shouted_as_the_loss_that_it_is(before: Stack) -> None:
    lost = {one.type for one in judged(before, EnvironmentSuffix="qa").losses}
    assert {"AWS::RDS::DBCluster", "AWS::SecretsManager::Secret", "AWS::S3::Bucket"} <= lost
