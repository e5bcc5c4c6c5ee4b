"""What a condition and a rule's assertion decide, function by function: the same nodes for both."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.resolve import Scope, Unknown
from cfn.root_rules import check_rules

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
    truth = Scope(document, VALUES, {"AWS::Region": "us-east-1"}).condition("C")
    return None if isinstance(truth, Unknown) else truth


def as_rule(node: Any) -> bool | None:
    """The truth of the node as an assertion; None where it is left to CloudFormation."""
    rules = {"R": {"Assertions": [{"Assert": node}]}}
    results = check_rules({"Parameters": PARAMETERS, "Rules": rules}, VALUES, "us-east-1")
    return None if results.undecided else not results.broken


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
        # lists and decimals
        ({"Fn::Equals": [{"Ref": "Ports"}, {"Ref": "Ports"}]}, True),
        ({"Fn::Equals": [{"Ref": "Regions"}, "us-east-1"]}, False),
        ({"Fn::Equals": [0.5, "0.5"]}, True),
        ({"Fn::Equals": [["a", ["b"]], "a"]}, None),
        # functions within a comparison
        ({"Fn::Equals": [{"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}, "a-shop"]}, True),
        ({"Fn::Equals": [{"Fn::GetAtt": ["Bucket", "Arn"]}, "a"]}, None),
        # functions that CloudFormation takes in rules only
        ({"Fn::Contains": [["a", "shop"], {"Ref": "Name"}]}, True),
        ({"Fn::Contains": [["a", "b"], {"Ref": "Name"}]}, False),
        ({"Fn::Contains": [{"Ref": "Regions"}, {"Ref": "AWS::Region"}]}, True),
        ({"Fn::Contains": [{"Ref": "Ports"}, 443]}, True),
        ({"Fn::Contains": [{"Ref": "Name"}, "shop"]}, True),
        ({"Fn::Contains": [["a", {"Ref": "Unset"}], "a"]}, None),
        ({"Fn::EachMemberIn": [{"Ref": "Regions"}, ["us-east-1", "eu-west-1", "x"]]}, True),
        ({"Fn::EachMemberIn": [{"Ref": "Regions"}, ["us-east-1"]]}, False),
        ({"Fn::EachMemberEquals": [{"Ref": "Regions"}, "us-east-1"]}, False),
        ({"Fn::EachMemberEquals": [["us-east-1", "us-east-1"], {"Ref": "AWS::Region"}]}, True),
        ({"Fn::EachMemberEquals": [{"Ref": "Unset"}, "x"]}, None),
    ],
)
def test_conditions_and_rules_agree(node: Any, truth: bool | None) -> None:
    assert as_condition(node) is truth
    assert as_rule(node) is truth


def test_unknown_is_neither_true_nor_false() -> None:
    """``if`` would take an unknown condition for a true one."""
    with pytest.raises(TypeError, match="Unset is not known yet"):
        bool(Scope({"Parameters": PARAMETERS}, VALUES, {}).truth(UNKNOWN))
