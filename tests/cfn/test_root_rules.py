"""The root's rules, evaluated as CloudFormation does, and the rules that only CloudFormation can decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cfn.parameters import find_faults, load_parameters
from cfn.root_rules import check_rules

REGION: dict[str, Any] = {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
PARAMETERS = {
    "Name": {"Type": "String"},
    "Certificate": {"Type": "String"},
    "Regions": {"Type": "CommaDelimitedList"},
    "ShopArtifactKey": {"Type": "String"},
}
VALUES = {"Name": "shop.example", "Certificate": "", "Regions": "us-east-1, eu-west-1"}


def holds(function: Any, **values: str) -> bool:
    root = {"Parameters": PARAMETERS, "Rules": {"R": {"Assertions": [{"Assert": function}]}}}
    results = check_rules(root, {**VALUES, **values}, "us-east-1")
    assert not results.undecided
    return not results.broken


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (REGION, True),
        ({"Fn::Equals": [{"Ref": "Name"}, "other"]}, False),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "Certificate"}, ""]}]}, False),
        ({"Fn::Not": [REGION]}, False),
        ({"Fn::And": [REGION, {"Fn::Equals": ["1", 1]}]}, True),
        ({"Fn::And": [REGION, {"Fn::Equals": ["a", "b"]}]}, False),
        ({"Fn::Or": [{"Fn::Equals": ["a", "b"]}, REGION]}, True),
        ({"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Fn::Equals": ["c", "d"]}]}, False),
        ({"Fn::Contains": [["shop.example", "b"], {"Ref": "Name"}]}, True),
        ({"Fn::Contains": [["a", "b"], {"Ref": "Name"}]}, False),
        ({"Fn::Contains": [{"Ref": "Regions"}, {"Ref": "AWS::Region"}]}, True),
        ({"Fn::EachMemberIn": [{"Ref": "Regions"}, ["us-east-1", "eu-west-1", "us-west-2"]]}, True),
        ({"Fn::EachMemberIn": [{"Ref": "Regions"}, ["us-east-1"]]}, False),
        ({"Fn::EachMemberEquals": [{"Ref": "Regions"}, "us-east-1"]}, False),
        ({"Fn::EachMemberEquals": [["us-east-1", "us-east-1"], {"Ref": "AWS::Region"}]}, True),
    ],
)
def test_functions_decide_as_the_reference_says(function: Any, expected: bool) -> None:
    assert holds(function) is expected


@pytest.mark.parametrize(("name", "broken"), [("shop.example", True), ("", False)])
def test_assertions_count_only_while_the_condition_holds(name: str, broken: bool) -> None:
    rule = {
        "RuleCondition": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, ""]}]},
        "Assertions": [
            {"Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Certificate"}, ""]}]}, "AssertDescription": "Give it."}
        ],
    }
    results = check_rules({"Parameters": PARAMETERS, "Rules": {"R": rule}}, {**VALUES, "Name": name}, "us-east-1")
    rules = [(assertion.rule, assertion.description) for assertion in results.broken]
    assert rules == ([("R", "Give it.")] if broken else [])


def test_every_description_is_reported_once() -> None:
    wrong = {"Fn::Equals": ["a", "b"]}
    rules = {
        "A": {"Assertions": [{"Assert": wrong, "AssertDescription": "One."}] * 3},
        "B": {"Assertions": [{"Assert": wrong, "AssertDescription": "Two."}, {"Assert": wrong}]},
    }
    descriptions = [broken.description for broken in check_rules({"Rules": rules}, {}, None).broken]
    assert descriptions == ["One.", "Two.", "An assertion of the rule B does not hold."]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ({"Fn::Equals": [{"Fn::ValueOf": ["Vpc", "Tags.Team"]}, "x"]}, "Fn::ValueOf is not evaluated here"),
        ({"Fn::RefAll": "AWS::EC2::VPC::Id"}, "Fn::RefAll is not evaluated here"),
        ({"Fn::Equals": [{"Ref": "ShopArtifactKey"}, ""]}, "ShopArtifactKey is not known yet"),
        ({"Fn::And": [{"Fn::Equals": ["a", "a"]}, {"Fn::RefAll": "x"}]}, "Fn::RefAll is not evaluated here"),
        ("yes", "'yes' is not a function"),
    ],
)
def test_undecided_rule_has_a_reason_and_breaks_nothing(function: Any, reason: str) -> None:
    rules = {"R": {"Assertions": [{"Assert": function}]}, "C": {"RuleCondition": function, "Assertions": []}}
    results = check_rules({"Parameters": PARAMETERS, "Rules": rules}, VALUES, "us-east-1")
    assert results.broken == ()
    assert results.undecided == tuple(f"The rule {name} is left to CloudFormation: {reason}." for name in "RC")


def test_undecided_part_does_not_hide_one_that_decides() -> None:
    assert not holds({"Fn::And": [{"Fn::RefAll": "x"}, {"Fn::Equals": ["a", "b"]}]})
    assert holds({"Fn::Or": [{"Fn::RefAll": "x"}, REGION]})


def test_broken_rule_has_the_line_of_its_parameter(tmp_path: Path) -> None:
    rule = {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "Name"}, "x"]}, "AssertDescription": "Call it x."}]}
    root = {"Parameters": {"Name": {"Type": "String"}}, "Rules": {"NameIsX": rule, "Home": {"Assertions": []}}}
    path = tmp_path / "dev.json"
    path.write_text(json.dumps({"Parameters": {"Name": "y"}}, indent=2))
    assert [str(fault) for fault in find_faults(path, root)] == ["dev.json:3: rule NameIsX: Call it x."]


def test_region_decides_when_it_is_known(tmp_path: Path) -> None:
    root = {"Rules": {"Home": {"Assertions": [{"Assert": REGION, "AssertDescription": "Only there."}]}}}
    path = tmp_path / "dev.json"
    path.write_text('{"Parameters": {}}')
    assert load_parameters(path, root, region="us-east-1").undecided_rules == ()
    sentence = "The rule Home is left to CloudFormation: AWS::Region is not known yet."
    assert load_parameters(path, root).undecided_rules == (sentence,)
    assert [fault.what for fault in find_faults(path, root, region="eu-west-1")] == ["Only there."]
