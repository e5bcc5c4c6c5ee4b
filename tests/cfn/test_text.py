"""Values as text: input and output."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.text import Variable, joined, list_items, parameter_text, placeholder, readable, scalar_text, sub_parts

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
