"""The review on the committed trading set: values that flow through eleven stacks, and nothing listed in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfn.parameters import filled_by_packaging, load_parameters, with_defaults
from cfn.templates import load_templates
from review.judgement import Certainty
from review.model import Stack
from review.replacement import Replacement
from review.verdict import Review, judge_plan
from tests.review.support.pairs import as_deployed, everything_replaced, plan

ROOT = Path(__file__).parents[2]
SET = load_templates(ROOT / "templates" / "trading")
TEXTS = {name: template.text for name, template in SET.by_name.items()}
GIVEN = {
    **load_parameters(ROOT / "params" / "trading" / "dev.json", SET.root.document).parameters,
    **{name: f"{name}-1" for name in SET.root.document["Parameters"] if filled_by_packaging(name)},
}


@pytest.fixture(scope="module")
def before() -> Stack:
    return as_deployed(TEXTS, "root.yaml", with_defaults(SET.root.document, GIVEN))


def judged(before: Stack, **changed: str) -> Review:
    return judge_plan(plan(TEXTS, before, {**GIVEN, **changed}, everything_replaced(before)))


def test_same_templates_and_parameters_change_nothing_whatever_the_service_lists(before: Stack) -> None:
    """AWS lists every resource of the platform as replaced; not one of them is."""
    seen = judged(before)
    assert seen.real == ()
    assert seen.losses == ()
    listed = sum(len(stack.resources) for _, stack in before.walk())
    assert len(seen.of(Certainty.NOISE)) >= listed - len(before.children)


@pytest.mark.requirement("A-5")
def test_retention_changes_log_groups_and_nothing_else(before: Stack) -> None:
    seen = judged(before, LogRetentionDays="90")
    assert {one.type for one in seen.real} == {"AWS::Logs::LogGroup"}
    assert {one.replacement for one in seen.real} == {Replacement.NO}
    groups = sum(one.type == "AWS::Logs::LogGroup" for _, stack in before.walk() for one in stack.resources.values())
    assert len(seen.real) == groups


@pytest.mark.requirement("T-NET-2")
def test_gateway_for_each_zone_adds_gateways_and_moves_routes(before: Stack) -> None:
    seen = judged(before, NatGatewayPerZone="true")
    assert {(one.type, one.action) for one in seen.real} == {
        ("AWS::EC2::EIP", "Add"),
        ("AWS::EC2::NatGateway", "Add"),
        ("AWS::EC2::Route", "Modify"),
    }
    assert seen.losses == ()


@pytest.mark.requirement("T-FN-1")
def test_code_change_touches_its_function_only(before: Stack) -> None:
    seen = judged(before, QueryArtifactKey="functions/query/new.zip")
    assert [(one.type, one.action) for one in seen.real] == [("AWS::Lambda::Function", "Modify")]
    assert [one.name for one in seen.artifacts] == ["QueryArtifactKey"]


@pytest.mark.requirement("A-1")
def test_another_suffix_is_shouted_as_the_loss_that_it_is(before: Stack) -> None:
    """Every name ends in the suffix, so changing it on a living stack replaces databases, tables and buckets."""
    lost = {one.type for one in judged(before, EnvironmentSuffix="qa").losses}
    assert {"AWS::RDS::DBCluster", "AWS::DynamoDB::Table", "AWS::S3::Bucket"} <= lost
