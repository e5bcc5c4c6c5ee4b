"""Names and tags: what the builders refuse."""

from __future__ import annotations

import pytest
from troposphere import Sub, Tags
from troposphere.ec2 import VPC
from troposphere.iam import Role
from troposphere.sns import Topic

from builders.assembly import naming
from builders.contract.errors import NamingError
from builders.contract.template import TierTemplate
from builders.parts import tagging


@pytest.mark.requirement("A-1")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("alerts", "must end in"),
        (Sub("alerts-${AWS::Region}"), "must end in"),
        (Sub("x" * 60 + "-${EnvironmentSuffix}"), "can become 73 characters long"),
    ],
)
def test_a_name_without_suffix_or_beyond_the_limit_is_refused(name: object, fault: str) -> None:
    template = TierTemplate("trading", "A tier.")
    template.add(Role("Role", RoleName=name, AssumeRolePolicyDocument={}))
    with pytest.raises(NamingError, match=fault):
        naming.check_names(template)


@pytest.mark.requirement("A-7")
def test_standard_tags_join_those_of_the_resource() -> None:
    template = TierTemplate("trading", "A tier.")
    vpc = template.add(VPC("Vpc", CidrBlock="10.0.0.0/16", Tags=Tags(Name="mine")))
    topic = template.add(Topic("Topic", TopicName=template.named("topic")))
    tagging.tag_everything(template)
    assert [tag["Key"] for tag in vpc.to_dict()["Properties"]["Tags"]] == [
        "Name", "Compliance", "CostCenter", "DataClassification", "Environment",
    ]  # fmt: skip
    assert len(topic.to_dict()["Properties"]["Tags"]) == 4
