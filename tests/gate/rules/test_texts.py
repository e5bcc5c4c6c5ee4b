"""The texts that a value can have, and references to resources."""

from __future__ import annotations

from typing import Any

import pytest

from gate.rules._texts import first_text, mentions, texts

TEMPLATE = {
    "Parameters": {
        "Star": {"Type": "String", "Default": "*"},
        "Stage": {"Type": "String", "AllowedValues": ["dev", "prod"]},
        "Ranges": {"Type": "CommaDelimitedList", "Default": "10.0.0.0/8, 0.0.0.0/0"},
        "Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/image"},
        "Open": {"Type": "String"},
    },
    "Mappings": {"Sizes": {"dev": {"Min": 1, "Max": 2}, "prod": {"Min": 3}}},
}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("a", ["a"]),
        (443, ["443"]),
        (True, ["true"]),
        (None, []),
        ({"Ref": "AWS::NoValue"}, []),
        ({}, ["{}"]),
        (["a", ["b"]], ["a", "b"]),
        ({"Fn::If": ["C", "a", {"Ref": "AWS::NoValue"}]}, ["a"]),
        ({"Fn::Select": [0, ["a", "b"]]}, ["a", "b"]),
        ({"Ref": "Star"}, ["*"]),
        ({"Ref": "Stage"}, ["dev", "prod"]),
        ({"Ref": "Ranges"}, ["10.0.0.0/8", "0.0.0.0/0"]),
        ({"Ref": "Image"}, ["${Image}"]),
        ({"Ref": "Open"}, ["${Open}"]),
        ({"Ref": "AWS::AccountId"}, ["${AWS::AccountId}"]),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, ["${Bucket.Arn}"]),
        ({"Fn::GetAtt": "Bucket.Arn"}, ["${Bucket.Arn}"]),
        ({"Fn::Sub": "a-${Star}-${Bucket.Arn}-${!Literal}"}, ["a-*-${Bucket.Arn}-${Literal}"]),
        ({"Fn::Sub": ["${A}/*", {"A": {"Ref": "Open"}}]}, ["${Open}/*"]),
        ({"Fn::Join": ["", ["arn:", {"Ref": "Star"}]]}, ["arn:*"]),
        ({"Fn::Join": ["", {"Ref": "Open"}]}, ["${Fn::Join}"]),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Min"]}, ["1", "3"]),
        ({"Fn::FindInMap": ["Sizes", "dev", {"Ref": "Open"}]}, ["1", "2", "3"]),
        ({"Fn::ImportValue": "a"}, ["${Fn::ImportValue}"]),
        ({"Fn::Join": "a"}, ["${?}"]),
        ({"Fn::Sub": []}, ["${?}"]),
    ],
)
def test_texts_of_a_value(node: Any, expected: list[str]) -> None:
    assert texts(node, TEMPLATE) == expected


def test_first_text_of_nothing_is_empty() -> None:
    assert (first_text(["a", "b"], TEMPLATE), first_text(None, TEMPLATE)) == ("a", "")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "Queue"}, True),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, True),
        ({"Fn::GetAtt": "Queue.Arn"}, True),
        ({"Fn::Sub": "${Queue.Arn}/*"}, True),
        ({"Fn::Sub": ["${A}", {"A": {"Ref": "Queue"}}]}, True),
        ([{"Fn::If": ["C", {"Ref": "Queue"}, "a"]}], True),
        ({"Ref": "QueueTwo"}, False),
        ("Queue", False),
        (None, False),
    ],
)
def test_value_mentions_a_resource(node: Any, expected: bool) -> None:
    assert mentions(node, "Queue") is expected
