"""The tags of every resource."""

from __future__ import annotations

import pytest
from troposphere import Tags
from troposphere.ec2 import VPC
from troposphere.sns import Topic

from builders.contract.template import TierTemplate
from builders.parts import tagging


@pytest.mark.requirement("A-7")
def test_standard_tags_join_those_of_the_resource() -> None:
    template = TierTemplate("trading", "A tier.")
    vpc = template.add(VPC("Vpc", CidrBlock="10.0.0.0/16", Tags=Tags(Name="mine")))
    topic = template.add(Topic("Topic", TopicName=template.named("topic")))
    tagging.tag_everything(template)
    assert [tag["Key"] for tag in vpc.to_dict()["Properties"]["Tags"]] == [
        "Name",
        "Compliance",
        "CostCenter",
        "DataClassification",
        "Environment",
    ]
    assert len(topic.to_dict()["Properties"]["Tags"]) == 4
