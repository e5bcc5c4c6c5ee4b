from __future__ import annotations

import pytest

from gate.rules.required_tags import RequiredTags
from tests.gate.support.rules import judge

pytestmark = pytest.mark.requirement("A-7")

LIST = "[{Key: Environment, Value: dev}, {Key: CostCenter, Value: x}, {Key: Compliance, Value: x}]"


def test_resource_without_tags_is_found() -> None:
    found = judge(RequiredTags(), "  It: {Type: 'AWS::SQS::Queue'}")
    assert found == [("Resources/It", "Tags lacks Environment, CostCenter, Compliance, DataClassification")]


def test_only_the_missing_tags_are_named() -> None:
    queue = f"  It:\n    Type: AWS::SQS::Queue\n    Properties:\n      Tags: {LIST}\n"
    assert [message for _, message in judge(RequiredTags(), queue)] == ["Tags lacks DataClassification"]


def test_tags_as_a_map_count() -> None:
    parameter = """
  It:
    Type: AWS::SSM::Parameter
    Properties:
      Tags: {Environment: dev, CostCenter: x, Compliance: x, DataClassification: x}
"""
    assert judge(RequiredTags(), parameter) == []


@pytest.mark.parametrize("kind", ["AWS::EC2::Route", "AWS::S3::BucketPolicy", "Custom::Anything"])
def test_what_cannot_be_tagged_passes(kind: str) -> None:
    assert judge(RequiredTags(), f"  It: {{Type: '{kind}'}}") == []


def test_required_tags_can_be_chosen() -> None:
    queue = f"  It:\n    Type: AWS::SQS::Queue\n    Properties:\n      Tags: {LIST}\n"
    assert judge(RequiredTags(), queue, tags=["CostCenter"]) == []


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
    assert judge(RequiredTags(), template) == [("Resources/It", lacking)]
    assert judge(RequiredTags(), template.replace(LIST, tags)) == []
    bare = judge(RequiredTags(), "  It: {Type: 'AWS::EC2::LaunchTemplate'}")
    assert [message.split(" lacks")[0] for _, message in bare] == [
        "TagSpecifications of launch-template",
        "LaunchTemplateData.TagSpecifications of instance",
        "LaunchTemplateData.TagSpecifications of volume",
    ]
