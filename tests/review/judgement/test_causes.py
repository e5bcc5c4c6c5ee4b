"""Each change names the resources and parameters from which its values come, across nested stacks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cfn.templates import CommittedTemplates, Template, parse
from review.comparison.replacement import Replacement
from review.judgement.causes import AllCauses, find_causes
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan

pytestmark = pytest.mark.requirement("REV-4")

ROOT = """
Parameters:
  Cidr: {Type: String, Default: 10.0.0.0/16}
  Days: {Type: Number, Default: 30}
  Keep: {Type: String, Default: 'no'}
Conditions:
  Keeps: !Equals [!Ref Keep, 'yes']
  KeepsLong: !Condition Keeps
Resources:
  Network:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: network.yaml, Parameters: {Cidr: !Ref Cidr}}
  Logs:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: logs.yaml, Parameters: {VpcId: !GetAtt Network.Outputs.VpcId, Days: !Ref Days}}
  Archive:
    Type: AWS::CloudFormation::Stack
    Condition: KeepsLong
    Properties: {TemplateURL: network.yaml, Parameters: {Cidr: 10.1.0.0/16}}
"""
NETWORK = """
Parameters: {Cidr: {Type: String}}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Ref Cidr}}
Outputs:
  VpcId: {Value: !Ref Vpc}
"""
LOGS = """
Parameters: {VpcId: {Type: String}, Days: {Type: Number}, Size: {Type: Number, Default: 1}}
Conditions:
  IsLong: !Equals [!Ref Days, 90]
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties: {GroupDescription: !Sub 'in ${VpcId}', VpcId: !Ref VpcId}
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: !Ref Days}
  Alarm:
    Type: AWS::SNS::Topic
    Condition: IsLong
    Properties: {DisplayName: alarm}
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !GetAtt Group.GroupId, FromPort: !Ref Size, IpProtocol: tcp, CidrIp: 10.0.0.0/8}
Outputs:
  GroupId: {Value: !Ref Group}
"""
TEMPLATES = {"root.yaml": ROOT, "network.yaml": NETWORK, "logs.yaml": LOGS}


def side(templates: Mapping[str, str], parameters: Mapping[str, str] | None = None) -> Side:
    by_name = {name: Template(name, text, parse(text, name)) for name, text in templates.items()}
    return Side(CommittedTemplates(by_name["root.yaml"], by_name), parameters or {})


def causes_of(after: Side, before: Side | None = None) -> AllCauses:
    """The causes of an update; a VPC and what names it are replaced by any change."""

    def replaces(resource_type: str, paths: object) -> Replacement:
        return Replacement.CERTAIN if resource_type.startswith("AWS::EC2::") else Replacement.NO

    return find_causes(judge_plan(offline_plan(before or side(TEMPLATES), after, Place()), replaces=replaces))


def edited(file: str, before: str, after: str) -> Side:
    assert before in TEMPLATES[file]
    return side({**TEMPLATES, file: TEMPLATES[file].replace(before, after)})


def test_a_value_that_flows_names_the_replaced_resource_in_another_stack() -> None:
    causes = causes_of(side(TEMPLATES, {"Cidr": "10.2.0.0/16"}))
    assert causes.resources["Network/Vpc"] == {"Properties/CidrBlock": ("Cidr",)}
    assert causes.resources["Logs/Group"] == {
        "Properties/GroupDescription": ("Network/Vpc",),
        "Properties/VpcId": ("Network/Vpc",),
    }
    assert causes.resources["Logs/Rule"] == {"Properties/GroupId": ("Logs/Group",)}


def test_an_output_names_the_replaced_resource() -> None:
    causes = causes_of(side(TEMPLATES, {"Cidr": "10.2.0.0/16"}))
    assert causes.outputs["Network/VpcId"] == {"Value": ("Network/Vpc",)}


def test_a_parameter_is_followed_to_the_root() -> None:
    causes = causes_of(side(TEMPLATES, {"Days": "60"}))
    assert causes.resources == {"Logs/Log": {"Properties/RetentionInDays": ("Days",)}}


def test_a_resource_that_appears_by_its_condition_names_the_parameter() -> None:
    causes = causes_of(side(TEMPLATES, {"Days": "90"}))
    assert causes.resources["Logs/Alarm"] == {"": ("Days",)}


def test_a_nested_stack_that_appears_names_the_parameter_and_what_is_in_it_names_nothing() -> None:
    causes = causes_of(side(TEMPLATES, {"Keep": "yes"}))
    assert causes.resources == {"Archive": {"": ("Keep",)}}


def test_an_edit_of_the_template_has_no_cause_elsewhere() -> None:
    assert causes_of(edited("logs.yaml", "RetentionInDays: !Ref Days", "RetentionInDays: 7")).resources == {}


def test_an_edit_of_what_the_parent_passes_names_the_nested_stack() -> None:
    assert causes_of(edited("root.yaml", "Days: !Ref Days}", "Days: 7}")).resources == {
        "Logs/Log": {"Properties/RetentionInDays": ("Logs",)}
    }


def test_another_default_in_a_nested_stack_names_its_parameter() -> None:
    causes = causes_of(edited("logs.yaml", "Size: {Type: Number, Default: 1}", "Size: {Type: Number, Default: 2}"))
    assert causes.resources == {"Logs/Rule": {"Properties/FromPort": ("Logs/Size",)}}


def test_a_new_set_has_no_causes() -> None:
    review = judge_plan(offline_plan(None, side(TEMPLATES), Place()))
    assert review.real
    assert find_causes(review) == AllCauses({}, {})
