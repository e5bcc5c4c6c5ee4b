"""Values as text: input and output."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfn.text import (
    Variable,
    joined,
    list_items,
    parameter_text,
    placeholder,
    readable,
    scalar_text,
    sub_parts,
    visible,
)

REF, ATTRIBUTE = {"Ref": "B"}, {"Fn::GetAtt": ["C", "D"]}


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), ("", ""), (30, "30"), (0.5, "0.5"), (True, "true"), (False, "false")]
)
def test_scalar_text(value: Any, text: str) -> None:
    assert scalar_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (True, "true"),
        (["a", 1, False], "a,1,false"),
        ([], ""),
        (["a", REF], ["a", REF]),
        (REF, REF),
        (None, None),
    ],
)
def test_parameter_text(value: Any, text: Any) -> None:
    assert parameter_text(value) == text


@pytest.mark.parametrize(("text", "items"), [("a, b,c", ["a", "b", "c"]), ("a", ["a"]), ("", [""])])
def test_list_items(text: str, items: list[str]) -> None:
    assert list_items(text) == items


@pytest.mark.parametrize(
    ("argument", "parts", "values"),
    [
        ("plain", ["plain"], {}),
        ("${A}", ["", Variable("A"), ""], {}),
        ("x-${A}-${B.Arn}/*", ["x-", Variable("A"), "-", Variable("B.Arn"), "/*"], {}),
        ("${!Literal}-${A}", ["", "${Literal}", "-", Variable("A"), ""], {}),
        (["${a}", {"a": REF}], ["", Variable("a"), ""], {"a": REF}),
        ("$A {B} $", ["$A {B} $"], {}),
    ],
)
def test_sub_parts(argument: Any, parts: list[Any], values: dict[str, Any]) -> None:
    assert sub_parts(argument) == (parts, values)


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        ([], ""),
        (["a", 1, True], "a1true"),
        (["a", "", REF], {"Fn::Join": ["", ["a", REF]]}),
        ([REF], REF),
        ([REF, 1], {"Fn::Join": ["", [REF, "1"]]}),
        (["a", {"Fn::Join": ["", ["b", REF]]}, "c"], {"Fn::Join": ["", ["ab", REF, "c"]]}),
        (["a", {"Fn::Join": [",", REF]}], {"Fn::Join": ["", ["a", {"Fn::Join": [",", REF]}]]}),
    ],
)
def test_joined(parts: list[Any], value: Any) -> None:
    assert joined(parts) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (REF, "${B}"),
        (ATTRIBUTE, "${C.D}"),
        ({"Fn::GetAtt": "C.D.E"}, "${C.D.E}"),
        ({"Fn::GetAtt": ["C", "D.E"]}, "${C.D.E}"),
        ({"Fn::Sub": "x"}, None),
        ({"Ref": "A", "B": 1}, None),
        ("x", None),
    ],
)
def test_placeholder(value: Any, text: str | None) -> None:
    assert placeholder(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (REF, "${B}"),
        (ATTRIBUTE, "${C.D}"),
        ({"Fn::Base64": {"Fn::Join": ["", ["a ", REF, {"Fn::GetAtt": ["C", "D.E"]}]]}}, "a ${B}${C.D.E}"),
        ({"Fn::Join": ["", ["a", {"Fn::ImportValue": "x"}]]}, 'a${{"Fn::ImportValue": "x"}}'),
        ({"Fn::Join": [",", ["a", REF]]}, None),
        ({"Fn::Sub": "a-${B}-${AWS::Region}"}, "a-${B}-${AWS::Region}"),
        ({"Fn::Sub": ["a-${b}-${C}", {"b": REF}]}, "a-${B}-${C}"),
        ({"Fn::Sub": ["date=${!date}/${date}", {"date": "1"}]}, "date=${!date}/1"),
        ({"a": 1}, None),
        (["a"], None),
        (7, None),
    ],
)
def test_readable(value: Any, text: str | None) -> None:
    assert readable(value) == text


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a ${B} – é 漢 🙂", "a ${B} – é 漢 🙂"),
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("\x1b[2K", r"\x1b[2K"),
        ("\x7f\x9b", r"\x7f\x9b"),
        ("\u202ea\u2066b\u200b\ufeff", r"\u202ea\u2066b\u200b\ufeff"),
        ("a\u2028b\u2029c\x85", r"a\u2028b\u2029c\x85"),
        ("a\u00a0b\u3000c", r"a\xa0b\u3000c"),
        ("a\u3164b\ufe0f\U000e0100\U000e0041", r"a\u3164b\ufe0f\U000e0100\U000e0041"),
        ("\ud800", r"\ud800"),
    ],
)
def test_visible_text(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_visible_text_can_be_printed_as_it_stands(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown
