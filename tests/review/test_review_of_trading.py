"""The review on the committed trading set: values that flow through eleven stacks, and no false change."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfn.parameters import filled_by_packaging, load_parameters, with_defaults
from cfn.templates import load_templates
from review.judgement import Certainty
from review.model import Stack
from review.replacement import Replacement
from review.reviewed import Review
from review.verdict import judge_plan
from tests.review.support.plans import as_deployed, everything_replaced, make_plan

ROOT = Path(__file__).parents[2]
SET = load_templates(ROOT / "templates" / "trading")
TEXTS = {name: template.text for name, template in SET.by_name.items()}
PARAMETERS = {
    **load_parameters(ROOT / "params" / "trading" / "dev.json", SET.root.document).parameters,
    **{name: f"{name}-1" for name in SET.root.document["Parameters"] if filled_by_packaging(name)},
}


@pytest.fixture(scope="module")
def before() -> Stack:
    return as_deployed(TEXTS, "root.yaml", with_defaults(SET.root.document, PARAMETERS))


def judged(before: Stack, **changed: str) -> Review:
    return judge_plan(make_plan(TEXTS, before, {**PARAMETERS, **changed}, everything_replaced(before)))


def test_same_templates_and_parameters_change_nothing_whatever_cloudformation_lists(before: Stack) -> None:
    """AWS lists every resource of the platform as replaced; none of them is."""
    review = judged(before)
    assert review.real == ()
    assert review.losses == ()
    listed = sum(len(stack.resources) for _, stack in before.walk())
    assert len(review.of(Certainty.NOISE)) >= listed - len(before.children)


@pytest.mark.requirement("A-5")
def test_retention_changes_log_groups_and_nothing_else(before: Stack) -> None:
    review = judged(before, LogRetentionDays="90")
    assert {change.type for change in review.real} == {"AWS::Logs::LogGroup"}
    assert {change.replacement for change in review.real} == {Replacement.NO}
    groups = sum(
        resource.type == "AWS::Logs::LogGroup" for _, stack in before.walk() for resource in stack.resources.values()
    )
    assert len(review.real) == groups


@pytest.mark.requirement("T-NET-2")
def test_gateway_for_each_zone_adds_gateways_and_moves_routes(before: Stack) -> None:
    review = judged(before, NatGatewayPerZone="true")
    assert {(change.type, change.action) for change in review.real} == {
        ("AWS::EC2::EIP", "Add"),
        ("AWS::EC2::NatGateway", "Add"),
        ("AWS::EC2::Route", "Modify"),
    }
    assert review.losses == ()


@pytest.mark.requirement("T-FN-1")
def test_code_change_changes_its_function_only(before: Stack) -> None:
    review = judged(before, QueryArtifactKey="functions/query/new.zip")
    assert [(change.type, change.action) for change in review.real] == [("AWS::Lambda::Function", "Modify")]
    assert [change.name for change in review.artifacts] == ["QueryArtifactKey"]


@pytest.mark.requirement("A-1")
def test_another_suffix_is_reported_as_data_loss(before: Stack) -> None:
    """Every name ends in the suffix, so a new suffix on a deployed stack replaces databases, tables and buckets."""
    lost = {change.type for change in judged(before, EnvironmentSuffix="qa").losses}
    assert {"AWS::RDS::DBCluster", "AWS::DynamoDB::Table", "AWS::S3::Bucket"} <= lost
