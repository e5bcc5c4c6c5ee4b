"""Texts that hold JSON: input and output."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.json_text import json_document
from cfn.marks import State, marked

REF = {"Ref": "X"}


@pytest.mark.parametrize(
    ("text", "document"),
    [
        (' {"A": [1, 2.5, null, true]}\n', {"A": [1, 2.5, None, True]}),
        ("[]", []),
        ({"Fn::Join": ["", ['{"A": "', REF, '"}']]}, {"A": REF}),
        ({"Fn::Join": ["", ['{"A": "x/', REF, "/", REF, '"}']]}, {"A": {"Fn::Join": ["", ["x/", REF, "/", REF]]}}),
        ({"Fn::Join": ["", ['["', marked("a", State.CHANGED), '"]']]}, [marked("a", State.CHANGED)]),
    ],
)
def test_document_of_a_text(text: Any, document: Any) -> None:
    assert json_document(text) == document


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        '"a"',
        "{",
        {"A": 1},
        ["a"],
        None,
        {"Ref": "X"},
        {"Fn::Join": [",", ["[", "]"]]},
        {"Fn::Join": ["", [REF, "[]"]]},
        '{"A": 1, "A": 2}',
        '{"A": NaN}',
        '{"A": 1e999}',
        "[" * 100_000,
        '{"A": {"Ref": "X"}}',
        '{"::changed": 1}',
        {"Fn::Join": ["", ['{"A": ', REF, "}"]]},
        {"Fn::Join": ["", ['{"', REF, '": 1}']]},
        '["\ue0000\ue001"]',
        '["\\uE0000\\ue001"]',
    ],
    ids=str,
)
def test_text_that_is_not_surely_json(text: Any) -> None:
    """Of a repeated key readers disagree, and a reference must not be taken for an object that looks like one."""
    assert json_document(text) is None
