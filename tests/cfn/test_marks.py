"""Marks: a value without them is what the same expression gives where nothing flows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfn.marks import State, marked, opened, state_of, unmarked
from cfn.resolve import Scope

REF = {"Ref": "X"}
LIST = {"Fn::GetAtt": ["X", "List"]}
pytestmark = pytest.mark.requirement("REV-1")


@pytest.mark.parametrize(
    ("value", "today"),
    [
        ("a", "a"),
        (marked(REF, State.CHANGED), REF),
        (marked({"A": marked(1, State.POSSIBLE)}, State.CHANGED), {"A": 1}),
        ([1, marked(2, State.POSSIBLE)], [1, 2]),
        # a text: its parts are joined again
        ({"Fn::Join": ["", ["a", marked("b", State.POSSIBLE)]]}, "ab"),
        ({"Fn::Join": ["", ["a", marked(REF, State.POSSIBLE)]]}, {"Fn::Join": ["", ["a", REF]]}),
        # a list that is not known keeps its delimiter
        ({"Fn::Join": [",", LIST]}, {"Fn::Join": [",", LIST]}),
        (marked({"Fn::Join": [",", LIST]}, State.POSSIBLE), {"Fn::Join": [",", LIST]}),
        ({"Fn::Join": ["", LIST]}, {"Fn::Join": ["", LIST]}),
    ],
)
def test_unmarked(value: Any, today: Any) -> None:
    assert unmarked(value) == today


@pytest.mark.parametrize("state", State)
def test_opened_is_the_reverse_of_marked(state: State) -> None:
    assert opened(marked(REF, state)) == (REF, state)


# ---- resolving values that flow -------------------------------------------------------------------------------------

DOCUMENT: dict[str, Any] = {
    "Parameters": {
        "Text": {"Type": "String"},
        "Number": {"Type": "Number"},
        "Texts": {"Type": "CommaDelimitedList"},
    },
    "Mappings": {"Sizes": {"one": {"Memory": "128"}, "two": {"Memory": "512"}}},
    "Conditions": {
        "IsOne": {"Fn::Equals": [{"Ref": "Text"}, "one"]},
        "IsEither": {"Fn::Or": [{"Condition": "IsOne"}, {"Fn::Equals": [{"Ref": "Number"}, "1"]}]},
    },
    "Resources": {},
}

texts = st.one_of(
    st.sampled_from(["one", "two", "a,b", ""]),
    st.sampled_from([{"Ref": "Text"}, {"Ref": "Number"}, {"Ref": "Thing"}, {"Fn::GetAtt": ["Thing", "Name"]}]),
    st.sampled_from([{"Fn::Sub": "${Text}-${Number}-${Thing}"}, {"Fn::Sub": "arn:${Thing.Arn}"}]),
)
lists = st.one_of(
    st.lists(texts, min_size=1, max_size=3),
    st.sampled_from([{"Ref": "Texts"}, {"Fn::GetAtt": ["Thing", "Names"]}, {"Fn::GetAZs": ""}]),
)


def deeper(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some_lists = st.one_of(
        lists,
        st.lists(values, min_size=1, max_size=3),
        values.map(lambda value: {"Fn::Split": [",", value]}),
    )
    conditions = st.sampled_from(["IsOne", "IsEither"])
    return st.one_of(
        st.builds(
            lambda delimiter, items: {"Fn::Join": [delimiter, items]}, st.sampled_from(["", "-", ","]), some_lists
        ),
        st.builds(
            lambda index, items: {"Fn::Select": [index, items]},
            st.sampled_from([0, "1", {"Ref": "Number"}]),
            some_lists,
        ),
        st.builds(lambda name, then, other: {"Fn::If": [name, then, other]}, conditions, values, values),
        values.map(lambda value: {"Fn::FindInMap": ["Sizes", value, "Memory"]}),
        values.map(lambda value: {"Fn::Base64": value}),
        values.map(lambda value: {"A": value}),
    )


states = st.sampled_from(list(State))


@settings(max_examples=400)
@given(
    deeper(st.one_of(texts, deeper(texts))),
    st.fixed_dictionaries(dict.fromkeys(("Text", "Number", "Texts", ""), states)),
    st.sampled_from(["one", "two"]),
)
def test_value_without_marks_is_what_the_expression_gives_where_nothing_flows(
    node: Any, marks: dict[str, State], text: str
) -> None:
    """A list parameter, ``Fn::Join``, ``Fn::Select`` or ``Fn::If`` of a value that flows had always shown as changed."""
    values = {"Text": text, "Number": "1", "Texts": "a, b"}

    def symbol(logical_id: str, name: str) -> Any:
        return {"Fn::GetAtt": [logical_id, name]} if name else {"Ref": logical_id}

    plain = Scope(DOCUMENT, values, {}, symbol).resolve(node)
    flowing = Scope(
        DOCUMENT,
        {name: marked(value, marks[name]) for name, value in values.items()},
        {},
        lambda logical_id, name: marked(symbol(logical_id, name), marks[""]),
    ).resolve(node)
    assert unmarked(flowing) == unmarked(plain)
    if not any(marks.values()):
        assert state_of(flowing) is State.SAME
