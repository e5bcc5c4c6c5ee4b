"""Scripts as lines: input and output."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.marks import State, marked
from review.comparison.scripts import flowing_lines, is_script, value_text

X, Y = {"Ref": "X"}, {"Ref": "Y"}
FLOWING = marked(X, State.CHANGED)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (FLOWING, "${X}"),
        ({"Fn::Join": ["", ["a", FLOWING]]}, "a${X}"),
        ({"Fn::Base64": {"Fn::Join": ["", ["a ", marked("b", State.POSSIBLE)]]}}, "a b"),
        ({"a": 1}, None),
    ],
)
def test_text_of_a_value_with_marks(value: Any, text: str | None) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("value", "script"),
    [
        ("one line", False),
        ("one line\n", False),
        ("two\nlines", True),
        ({"Fn::Base64": {"Fn::Join": ["", ["a\n", X]]}}, True),
        ({"Fn::Join": ["", ["a", X]]}, False),
        (7, False),
    ],
)
def test_script_is_a_text_of_several_lines(value: Any, script: bool) -> None:
    assert is_script(value) is script


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (
            {"Fn::Base64": {"Fn::Join": ["", ["#!/bin/bash\nexport A='", FLOWING, "'\nexport B='", Y, "'\n"]]}},
            "export A='${X}'",
        ),
        ({"Fn::Join": ["", ["one line ", FLOWING]]}, None),
        ({"Fn::Join": ["", ["a ", FLOWING, "\nb\nc ", marked("d", State.POSSIBLE)]]}, "a ${X}\nc d"),
        ({"Fn::Join": ["", ["a\nb ", Y]]}, ""),
        ("text", None),
    ],
)
def test_flowing_lines(value: Any, lines: str | None) -> None:
    """Only the lines that change with what they refer to."""
    assert flowing_lines(value) == lines
