"""Two template sets are compared without AWS, as if the older one were deployed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cfn.marks import State
from cfn.templates import CommittedTemplates, Template, load_templates, parse
from review.comparison.replacement import Replacement
from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review, ReviewedResource
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan

pytestmark = pytest.mark.requirement("REV-3")

PROJECT = Path(__file__).resolve().parents[3]
ROOT = """
Parameters:
  Cidr: {Type: String, Default: 10.0.0.0/16}
  Certificate: {Type: String}
Conditions:
  HasCertificate: !Not [!Equals [!Ref Certificate, '']]
Resources:
  Network:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: network.yaml, Parameters: {Cidr: !Ref Cidr}}
  Database:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: database.yaml
      Parameters: {VpcId: !GetAtt Network.Outputs.VpcId, Secure: !If [HasCertificate, 'yes', 'no']}
Outputs:
  Group: {Value: !GetAtt Database.Outputs.GroupId}
"""
NETWORK = """
Parameters: {Cidr: {Type: String}}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Ref Cidr}}
Outputs:
  VpcId: {Value: !Ref Vpc}
"""
DATABASE = """
Parameters: {VpcId: {Type: String}, Secure: {Type: String}}
Conditions:
  IsSecure: !Equals [!Ref Secure, 'yes']
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties: {GroupDescription: d, VpcId: !Ref VpcId, GroupName: !If [IsSecure, secure, open]}
  Alarm:
    Type: AWS::SNS::Topic
    Condition: IsSecure
Outputs:
  GroupId: {Value: !Ref Group}
"""
TEMPLATES = {"root.yaml": ROOT, "network.yaml": NETWORK, "database.yaml": DATABASE}


def side(templates: Mapping[str, str], **parameters: str) -> Side:
    parsed = {name: Template(name, text, parse(text, name)) for name, text in templates.items()}
    return Side(CommittedTemplates(parsed["root.yaml"], parsed), parameters)


def compared(before: Side | None, after: Side) -> tuple[Review, dict[str, ReviewedResource]]:
    review = judge_plan(offline_plan(before, after, Place()))
    return review, {change.name: change for change in review.changes}


def test_set_compared_with_itself_has_no_changes_with_and_without_parameters() -> None:
    for values in ({}, {"Certificate": ""}, {"Certificate": "arn:aws:acm:x"}):
        review, changes = compared(side(TEMPLATES, **values), side(TEMPLATES, **values))
        assert (changes, review.sections, review.parameters, list(review.findings)) == ({}, (), (), [])


def test_value_flows_from_a_replaced_resource_into_another_stack() -> None:
    review, changes = compared(side(TEMPLATES), side(TEMPLATES, Cidr="10.1.0.0/16"))
    assert changes["Network/Vpc"].replacement is Replacement.CERTAIN
    group = changes["Database/Group"]
    (difference,) = group.differences
    assert (difference.path, difference.flows, difference.state) == ("Properties/VpcId", True, State.CHANGED)
    assert difference.before == {"Ref": "Network/Vpc"}
    assert group.replacement is Replacement.CERTAIN
    assert [change.name for change in review.parameters] == ["Cidr"]


def test_parameter_decides_which_resources_exist() -> None:
    _, changes = compared(side(TEMPLATES, Certificate=""), side(TEMPLATES, Certificate="arn:aws:acm:x"))
    assert changes["Database/Alarm"].action == "Add"
    assert changes["Database/Group"].differences[0].after == "secure"


def test_resource_under_an_undecided_condition_stays_without_a_change() -> None:
    edited = {**TEMPLATES, "database.yaml": DATABASE.replace("GroupDescription: d", "GroupDescription: e")}
    _, changes = compared(side(TEMPLATES), side(edited))
    assert set(changes) == {"Database/Group"}


def test_resource_whose_undecided_condition_changes_may_change() -> None:
    edited = {
        **TEMPLATES,
        "database.yaml": DATABASE.replace("!Equals [!Ref Secure, 'yes']", "!Equals [!Ref Secure, y]"),
    }
    _, changes = compared(side(TEMPLATES), side(edited))
    assert changes["Database/Alarm"].certainty is Certainty.POSSIBLE


def test_removed_nested_stack_removes_its_resources() -> None:
    root = ROOT[: ROOT.index("  Database:")]
    _, changes = compared(side(TEMPLATES), side({**TEMPLATES, "root.yaml": root}))
    assert {name: change.action for name, change in changes.items()} == {
        "Database": "Remove",
        "Database/Group": "Remove",
        "Database/Alarm": "Remove",
    }


def test_set_without_an_older_one_is_new() -> None:
    review, changes = compared(None, side(TEMPLATES, Certificate=""))
    assert review.plan.kind == "CREATE"
    assert {change.action for change in changes.values()} == {"Add"}


def test_tags_and_stack_policy_are_compared() -> None:
    old, new = side(TEMPLATES), side(TEMPLATES)
    old = Side(old.templates, old.parameters, {"Owner": "desk"}, '{"Statement": []}')
    review, _ = compared(old, new)
    assert [setting.name for setting in review.settings] == ["stack policy", "tag Owner"]


@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_committed_templates_compared_with_themselves_have_no_changes(platform: str) -> None:
    templates = load_templates(PROJECT / "templates" / platform)
    review = judge_plan(offline_plan(Side(templates), Side(templates), Place()))
    assert (review.changes, review.sections) == ((), ())
