"""What a condition and a rule's assertion decide, function by function: the same nodes for both."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.resolve import Scope
from cfn.root_rules import judge

PARAMETERS = {
    "Name": {"Type": "String"},
    "Count": {"Type": "Number"},
    "Regions": {"Type": "CommaDelimitedList"},
    "Ports": {"Type": "List<Number>"},
    "Unset": {"Type": "String"},
}
VALUES = {"Name": "shop", "Count": "3", "Regions": "us-east-1, eu-west-1", "Ports": "80,443"}
TRUE, FALSE = {"Fn::Equals": ["a", "a"]}, {"Fn::Equals": ["a", "b"]}
UNKNOWN = {"Fn::Equals": [{"Ref": "Unset"}, "x"]}


def as_condition(node: Any) -> bool | None:
    """The truth of the node as a condition; None where it is not known."""
    document = {"Parameters": PARAMETERS, "Conditions": {"C": node}, "Resources": {}}
    return Scope(document, VALUES, {"AWS::Region": "us-east-1"}).condition("C")


def as_rule(node: Any) -> bool | None:
    """The truth of the node as an assertion; None where it is left to CloudFormation."""
    rules = {"R": {"Assertions": [{"Assert": node}]}}
    verdict = judge({"Parameters": PARAMETERS, "Rules": rules}, VALUES, "us-east-1")
    return None if verdict.left else not verdict.broken


@pytest.mark.parametrize(
    ("node", "truth"),
    [
        ({"Fn::Equals": [{"Ref": "Name"}, "shop"]}, True),
        ({"Fn::Equals": [{"Ref": "Name"}, "Shop"]}, False),
        ({"Fn::Equals": [{"Ref": "Count"}, 3]}, True),
        ({"Fn::Equals": [{"Ref": "Count"}, "3"]}, True),
        ({"Fn::Equals": ["true", True]}, True),
        ({"Fn::Equals": ["True", True]}, False),
        ({"Fn::Equals": [False, "false"]}, True),
        ({"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}, True),
        ({"Fn::Equals": [{"Ref": "AWS::AccountId"}, "1"]}, None),
        (UNKNOWN, None),
        ({"Fn::Not": [TRUE]}, False),
        ({"Fn::Not": [UNKNOWN]}, None),
        ({"Fn::And": [TRUE, TRUE]}, True),
        ({"Fn::And": [TRUE, FALSE]}, False),
        ({"Fn::And": [TRUE, UNKNOWN]}, None),
        ({"Fn::And": [UNKNOWN, FALSE]}, False),
        ({"Fn::Or": [FALSE, FALSE]}, False),
        ({"Fn::Or": [FALSE, TRUE]}, True),
        ({"Fn::Or": [UNKNOWN, TRUE]}, True),
        ({"Fn::Or": [FALSE, UNKNOWN]}, None),
        ({"Fn::ValueOf": ["Name", "x"]}, None),
        ({"Fn::RefAll": "AWS::EC2::VPC::Id"}, None),
        ("true", None),
    ],
)
def test_conditions_and_rules_agree(node: Any, truth: bool | None) -> None:
    assert as_condition(node) is truth
    assert as_rule(node) is truth


@pytest.mark.parametrize(
    ("node", "condition", "rule"),
    [
        # a list or a decimal: conditions do not decide
        ({"Fn::Equals": [{"Ref": "Ports"}, {"Ref": "Ports"}]}, None, True),
        ({"Fn::Equals": [{"Ref": "Regions"}, "us-east-1"]}, None, False),
        ({"Fn::Equals": [0.5, "0.5"]}, None, True),
        # a function within Fn::Equals: rules do not decide
        ({"Fn::Equals": [{"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}, "a-shop"]}, True, None),
        # functions that only rules have
        ({"Fn::Contains": [["a", "shop"], {"Ref": "Name"}]}, None, True),
        ({"Fn::Contains": [["a", "b"], {"Ref": "Name"}]}, None, False),
        ({"Fn::Contains": [{"Ref": "Regions"}, {"Ref": "AWS::Region"}]}, None, True),
        ({"Fn::Contains": [{"Ref": "Ports"}, 443]}, None, True),
        ({"Fn::Contains": [{"Ref": "Name"}, "shop"]}, None, True),
        ({"Fn::Contains": [["a", {"Ref": "Unset"}], "a"]}, None, None),
        ({"Fn::EachMemberIn": [{"Ref": "Regions"}, ["us-east-1", "eu-west-1", "x"]]}, None, True),
        ({"Fn::EachMemberIn": [{"Ref": "Regions"}, ["us-east-1"]]}, None, False),
        ({"Fn::EachMemberEquals": [{"Ref": "Regions"}, "us-east-1"]}, None, False),
        ({"Fn::EachMemberEquals": [["us-east-1", "us-east-1"], {"Ref": "AWS::Region"}]}, None, True),
        ({"Fn::EachMemberEquals": [{"Ref": "Unset"}, "x"]}, None, None),
    ],
)
def test_conditions_and_rules_differ(node: Any, condition: bool | None, rule: bool | None) -> None:
    assert as_condition(node) is condition
    assert as_rule(node) is rule
