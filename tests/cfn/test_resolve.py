"""Resolving templates as far as parameters go, marks included."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.marks import State, marked, state_of, unmarked
from cfn.resolve import NO_VALUE, Scope, Unknown
from cfn.templates import parse

DOCUMENT: dict[str, Any] = {
    "Parameters": {
        "Suffix": {"Type": "String"},
        "Zones": {"Type": "CommaDelimitedList"},
        "Many": {"Type": "String"},
        "Flow": {"Type": "String"},
    },
    "Mappings": {"Sizes": {"dev": {"Memory": 128}, "prod": {"Memory": 512}}},
    "Conditions": {
        "IsMany": {"Fn::Equals": [{"Ref": "Many"}, "true"]},
        "IsFew": {"Fn::Not": [{"Condition": "IsMany"}]},
        "Both": {"Fn::And": [{"Condition": "IsMany"}, {"Fn::Equals": [{"Ref": "Suffix"}, "dev"]}]},
        "Unknown": {"Fn::Equals": [{"Ref": "Flow"}, "x"]},
        "Either": {"Fn::Or": [{"Condition": "Unknown"}, {"Condition": "IsMany"}]},
        "AndUnknown": {"Fn::And": [{"Condition": "Unknown"}, {"Condition": "IsMany"}]},
    },
    "Resources": {},
}


@pytest.fixture
def scope() -> Scope:
    values = {"Suffix": "dev", "Zones": "a, b", "Many": "true", "Flow": marked("x", State.POSSIBLE)}
    return Scope(DOCUMENT, values, {"AWS::Region": "us-east-1"})


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Suffix"}, "dev"),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "AWS::StackId"}, {"Ref": "AWS::StackId"}),
        ({"Ref": "Bucket"}, {"Ref": "Bucket"}),
        ({"Fn::Sub": "x-${Suffix}-${AWS::Region}"}, "x-dev-us-east-1"),
        ({"Fn::Sub": "${!Literal}-${Suffix}"}, "${Literal}-dev"),
        ({"Fn::Sub": ["${a}/${Suffix}", {"a": {"Ref": "Suffix"}}]}, "dev/dev"),
        ({"Fn::Sub": "${Bucket.Arn}/*"}, {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/*"]]}),
        (
            {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/", "*"]]},
            {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/*"]]},
        ),
        ({"Fn::Join": ["-", ["a", {"Ref": "Suffix"}]]}, "a-dev"),
        ({"Fn::Join": [",", {"Ref": "Zones"}]}, "a,b"),
        ({"Fn::Select": ["1", {"Ref": "Zones"}]}, "b"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
        ({"Fn::Split": ["-", "a-b"]}, ["a", "b"]),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Suffix"}, "Memory"]}, 128),
        ({"Fn::FindInMap": ["Sizes", "qa", "Memory"]}, {"Fn::FindInMap": ["Sizes", "qa", "Memory"]}),
        ({"Fn::Base64": {"Fn::Join": ["", ["h", "i"]]}}, {"Fn::Base64": "hi"}),
        ({"Fn::If": ["IsMany", 3, 1]}, 3),
        ({"Fn::If": ["IsFew", 3, {"Ref": "AWS::NoValue"}]}, NO_VALUE),
        ({"A": {"Fn::If": ["IsFew", 3, {"Ref": "AWS::NoValue"}]}, "B": 1}, {"B": 1}),
        ([{"Fn::If": ["IsFew", 3, {"Ref": "AWS::NoValue"}]}, 1], [1]),
        ({"Fn::ImportValue": {"Fn::Sub": "net-${Suffix}"}}, {"Fn::ImportValue": "net-dev"}),
    ],
)
def test_functions_are_resolved(scope: Scope, node: Any, value: Any) -> None:
    assert scope.resolve(node) == value


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("IsMany", True), ("IsFew", False), ("Both", True), ("Unknown", None), ("Either", True), ("AndUnknown", None),
        ("NotThere", None),
    ],
)  # fmt: skip
def test_conditions_are_true_false_or_unknown(scope: Scope, name: str, truth: bool | None) -> None:
    actual = scope.condition(name)
    assert isinstance(actual, Unknown) if truth is None else actual is truth


def test_join_and_sub_give_the_same_value(scope: Scope) -> None:
    sub = scope.resolve({"Fn::Sub": "arn:${AWS::Partition}:s3:::${Bucket}/x"})
    join = scope.resolve({"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::", {"Ref": "Bucket"}, "/x"]]})
    assert sub == join


def test_marks_stay_on_the_value_and_can_be_removed(scope: Scope) -> None:
    value = scope.resolve({"V": {"Fn::Sub": "a-${Flow}-${Suffix}"}})
    assert state_of(value) is State.POSSIBLE
    assert unmarked(value) == {"V": "a-x-dev"}


def test_undecided_if_is_possible(scope: Scope) -> None:
    assert state_of(scope.resolve({"Fn::If": ["Unknown", 1, 2]})) is State.POSSIBLE


def test_undecided_condition_keeps_no_value_as_the_template_writes_it() -> None:
    """The object that stands for it reached the JSON of a review, which then could not be written."""
    document = parse(
        "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, a]}\nResources: {T: {Type: AWS::SNS::Topic}}\n"
    )
    value = Scope(document, {}, {}).resolve({"A": {"Fn::If": ["C", "x", {"Ref": "AWS::NoValue"}]}})
    assert value == {"A": {"Fn::If": ["C", "x", {"Ref": "AWS::NoValue"}]}}
