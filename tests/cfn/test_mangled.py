"""Texts that are not ASCII, in CloudFormation's answers."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.errors import TemplateError
from cfn.mangled import mangled, parse_answer, restored
from cfn.templates import parse

pytestmark = pytest.mark.requirement("REV-1")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("plain?", "plain?"),
        ("café", "caf?"),
        ("請交月報", "????"),  # cloudformation-coverage-roadmap issue 814
        ("Helloこんにちは☺", "Hello??????"),  # and issue 1220
        ("\U0001f926\U0001f3fb\u200d\u2642\ufe0f", "?????"),  # aws-cdk pull request 24557: one for each code point
    ],
)
def test_each_character_becomes_one_question_mark(text: str, answer: str) -> None:
    assert mangled(text) == answer


@pytest.mark.parametrize(
    ("answer", "planned", "result"),
    [
        ("caf?", "café", "café"),
        ("caf?", "thé", "caf?"),
        ("caf?", "caf??", "caf?"),
        ({"A": "caf?", "B": "?"}, {"A": "café"}, {"A": "café", "B": "?"}),
        (["?", "x"], ["é", "y"], ["é", "x"]),
        (["?", "x"], ["é"], ["?", "x"]),
        ({"A": ["?"]}, {"A": "é"}, {"A": ["?"]}),
        ({"?": "?", 1: 2}, {"é": "à", 1: 2}, {"é": "à", 1: 2}),
        (7, "é", 7),
    ],
)
def test_text_is_restored_where_only_the_mangling_differs(answer: Any, planned: Any, result: Any) -> None:
    assert restored(answer, planned) == result


@pytest.mark.parametrize("value", ["é x", "[é]", "{Key: é, Other: é}", "{é: 1}", '"é"', "a?é"])
def test_answer_that_yaml_cannot_read_is_read(value: str) -> None:
    """A question mark and a blank begin a key."""
    text = f"Resources:\n  X:\n    Type: AWS::SNS::Topic\n    Metadata:\n      A: {value}\n"
    answer, planned = parse_answer(mangled(text), "answer"), parse(text)
    assert answer["Resources"]["X"]["Metadata"] != planned["Resources"]["X"]["Metadata"]
    assert "\ufffd" not in str(answer)
    assert str(answer) == mangled(str(planned))


def test_answer_that_is_no_template_is_an_error() -> None:
    with pytest.raises(TemplateError, match="not readable"):
        parse_answer("Resources: {X: [?}", "answer")
