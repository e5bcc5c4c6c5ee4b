from __future__ import annotations

import pytest

from gate.rules.required_tags import RequiredTags
from tests.gate.support.rules import run_rule

pytestmark = pytest.mark.requirement("A-7")

LIST = "[{Key: Environment, Value: dev}, {Key: CostCenter, Value: x}, {Key: Compliance, Value: x}]"


def test_resource_without_tags_fails() -> None:
    matches = run_rule(RequiredTags(), "  It: {Type: 'AWS::SQS::Queue'}")
    assert matches == [("Resources/It", "Tags lacks Environment, CostCenter, Compliance, DataClassification")]


def test_only_the_missing_tags_are_named() -> None:
    queue = f"  It:\n    Type: AWS::SQS::Queue\n    Properties:\n      Tags: {LIST}\n"
    assert [message for _, message in run_rule(RequiredTags(), queue)] == ["Tags lacks DataClassification"]


def test_tags_as_a_map_pass() -> None:
    parameter = """
  It:
    Type: AWS::SSM::Parameter
    Properties:
      Tags: {Environment: dev, CostCenter: x, Compliance: x, DataClassification: x}
"""
    assert run_rule(RequiredTags(), parameter) == []


@pytest.mark.parametrize("kind", ["AWS::EC2::Route", "AWS::S3::BucketPolicy", "Custom::Anything"])
def test_type_without_tags_passes(kind: str) -> None:
    assert run_rule(RequiredTags(), f"  It: {{Type: '{kind}'}}") == []


def test_required_tags_are_configurable() -> None:
    queue = f"  It:\n    Type: AWS::SQS::Queue\n    Properties:\n      Tags: {LIST}\n"
    assert run_rule(RequiredTags(), queue, tags=["CostCenter"]) == []


def test_launch_template_tags_itself_and_what_it_launches() -> None:
    """A volume gets no tags from its Auto Scaling group."""
    tags = LIST.replace("]", ", {Key: DataClassification, Value: x}]")
    instance = f"{{ResourceType: instance, Tags: {tags}}}"
    template = f"""
  It:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      TagSpecifications: [{{ResourceType: launch-template, Tags: {tags}}}]
      LaunchTemplateData:
        TagSpecifications: [{instance}, {{ResourceType: volume, Tags: {LIST}}}]
"""
    lacking = "LaunchTemplateData.TagSpecifications of volume lacks DataClassification"
    assert run_rule(RequiredTags(), template) == [("Resources/It", lacking)]
    assert run_rule(RequiredTags(), template.replace(LIST, tags)) == []
    bare = run_rule(RequiredTags(), "  It: {Type: 'AWS::EC2::LaunchTemplate'}")
    assert [message.split(" lacks")[0] for _, message in bare] == [
        "TagSpecifications of launch-template",
        "LaunchTemplateData.TagSpecifications of instance",
        "LaunchTemplateData.TagSpecifications of volume",
    ]
