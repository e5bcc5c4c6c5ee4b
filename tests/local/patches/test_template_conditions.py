"""Conditions that compare a built value decide about resources and outputs, at creation and at each update."""

from __future__ import annotations

import pytest

from local.cloud import EmbeddedCloud
from tests.local.support.stacks import change, delete, physical_ids

pytestmark = pytest.mark.emulator

TEMPLATE = """
Parameters: {Names: {Type: CommaDelimitedList}, Kind: {Type: String, Default: small}}
Mappings: {Kinds: {small: {Copies: one}, large: {Copies: two}}}
Conditions:
  HasNames: !Not [!Equals [!Join [",", !Ref Names], none]]
  IsLarge: !Equals [!FindInMap [Kinds, !Ref Kind, Copies], two]
  HasBoth: !And [!Condition HasNames, !Equals [!Sub "${Kind}-${AWS::Region}", large-us-east-1]]
  BeginsWithB: !Equals [!Select [0, !Split ["-", !Select [0, !Ref Names]]], b]
Resources:
  Always: {Type: AWS::SNS::Topic}
  Named: {Type: AWS::SNS::Topic, Condition: HasNames}
  Large: {Type: AWS::SNS::Topic, Condition: IsLarge}
  Both: {Type: AWS::SNS::Topic, Condition: HasBoth}
  First: {Type: AWS::SNS::Topic, Condition: BeginsWithB}
Outputs:
  Topic: {Condition: HasNames, Value: !Ref Named}
"""


def test_a_resource_comes_and_goes_with_the_value_that_its_condition_builds(cloud: EmbeddedCloud) -> None:
    stack = "built-conditions"
    try:
        outputs = change(cloud, stack, TEMPLATE, {"Names": "none"}).outputs
        assert (sorted(physical_ids(cloud, stack)), outputs) == (["Always"], {})
        outputs = change(cloud, stack, TEMPLATE, {"Names": "b-1,a", "Kind": "large"}).outputs
        topics = physical_ids(cloud, stack)
        assert sorted(topics) == ["Always", "Both", "First", "Large", "Named"]
        assert outputs == {"Topic": topics["Named"]}
        outputs = change(cloud, stack, TEMPLATE, {"Names": "none"}).outputs
        assert (sorted(physical_ids(cloud, stack)), outputs) == (["Always"], {})
    finally:
        delete(cloud, stack)


def test_a_change_set_lists_what_goes_because_a_condition_turns(cloud: EmbeddedCloud) -> None:
    cloudformation, stack = cloud.client("cloudformation"), "turned-condition"
    try:
        change(cloud, stack, TEMPLATE, {"Names": "a"})
        cloudformation.create_change_set(
            StackName=stack,
            ChangeSetName="turn",
            TemplateBody=TEMPLATE,
            Parameters=[{"ParameterKey": "Names", "ParameterValue": "none"}],
        )
        cloudformation.get_waiter("change_set_create_complete").wait(StackName=stack, ChangeSetName="turn")
        changes = cloudformation.describe_change_set(StackName=stack, ChangeSetName="turn")["Changes"]
        listed = [
            (entry["ResourceChange"]["Action"], entry["ResourceChange"]["LogicalResourceId"]) for entry in changes
        ]
        assert listed == [("Remove", "Named")]
    finally:
        delete(cloud, stack)
