"""Where two values differ: input and output, and that the differences lead from one value to the other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfn.json_text import json_document
from cfn.marks import State, marked, unmarked
from cfn.text import is_function
from review.comparison.difference import Difference, Kind, differences, path_below, path_steps
from tests.review.support.patch import apply, json_text, meaning

REF = {"Ref": "X"}
CHANGED, POSSIBLE = marked(REF, State.CHANGED), marked(REF, State.POSSIBLE)
ORDER, FORM, ADDED, REMOVED = Kind.ORDER, Kind.FORM, Kind.ADDED, Kind.REMOVED


def found(before: Any, after: Any, path: str = "") -> list[tuple[str, str, Any, Any]]:
    """The kind, the path and the values of each difference."""
    return [(str(found.kind), found.path, found.before, found.after) for found in differences(before, after, path)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a", "a", []),
        ("a", "b", [("changed", "", "a", "b")]),
        (None, None, []),
        (None, "a", [("added", "", None, "a")]),
        ("a", None, [("removed", "", "a", None)]),
        ({"A": 1}, {"A": 1}, []),
        ({"A": 1}, {"A": "1"}, []),
        ({"A": True}, {"A": "true"}, []),
        ({404: "a"}, {"404": "a"}, []),
        (
            {"A": 1, "B": 2},
            {"A": 3, "C": 4},
            [("changed", "A", 1, 3), ("removed", "B", 2, None), ("added", "C", None, 4)],
        ),
        ({"A": None}, {}, [("removed", "A", None, None)]),
        ({"A": {"B": 1}}, {"A": {"B": 2}}, [("changed", "A/B", 1, 2)]),
        ({"A": {"a/b~": 1}}, {"A": {"a/b~": 2}}, [("changed", "A/a~1b~0", 1, 2)]),
        ({"A": REF}, {"A": {"Ref": "Y"}}, [("changed", "A", REF, {"Ref": "Y"})]),
        ({"A": REF}, {"A": {"B": 1}}, [("changed", "A", REF, {"B": 1})]),
        ({"A": "x"}, {"A": ["x"]}, [("changed", "A", "x", ["x"])]),
    ],
)
def test_direct_differences(before: Any, after: Any, expected: list[Any]) -> None:
    assert found(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([1, 2, 3], [1, 3], [("removed", "1", 2, None)]),
        ([1, 3], [1, 2, 3], [("added", "1", None, 2)]),
        ([1, 2], [1, 3], [("changed", "1", 2, 3)]),
        ([{"K": 1}], [{"K": "1"}], []),
        ({"L": [{"K": 1, "V": 1}]}, {"L": [{"K": 1, "V": 2}]}, [("changed", "L/0/V", 1, 2)]),
        ([1, 2, 3, 4], [4], [("removed", "2", 3, None), ("removed", "1", 2, None), ("removed", "0", 1, None)]),
        (["b", "a"], ["a", "b"], [("order", "", ["b", "a"], ["a", "b"])]),
        (["a", "a", "b"], ["a", "b", "a"], [("order", "", ["a", "a", "b"], ["a", "b", "a"])]),
        (
            ["a", "b", "c"],
            ["c", "a", "x"],
            [("order", "", ["a", "b", "c"], ["c", "a", "b"]), ("changed", "2", "b", "x")],
        ),
        (
            ["b", {"Key": "old"}, "a"],
            ["a", {"Key": "new"}, "b"],
            [
                ("removed", "1", {"Key": "old"}, None),
                ("order", "", ["b", "a"], ["a", "b"]),
                ("added", "1", None, {"Key": "new"}),
            ],
        ),
    ],
)
def test_differences_of_lists(before: Any, after: Any, expected: list[Any]) -> None:
    """An index is one of the new list, except the last index of a removal."""
    assert found(before, after) == expected


OPEN = {"Sid": "Open", "Effect": "Allow", "Action": "a"}
SHUT = {"Sid": "Shut", "Effect": "Deny", "Action": "b"}
TAG, OTHER_TAG = {"Key": "A", "Value": "1"}, {"Key": "B", "Value": "2"}
RULE = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIp": "a", "Description": "a"}


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ([OPEN, SHUT], [SHUT, {"Sid": "Open", "Effect": "Deny", "Action": "c"}], ["1/Effect", "1/Action"]),
        ([TAG, OTHER_TAG], [{**OTHER_TAG, "Value": "3"}, TAG], ["0/Value"]),
        (
            [RULE, {**RULE, "CidrIp": "b"}],
            [{**RULE, "CidrIp": "b", "Description": "x"}, {**RULE, "Description": "x"}],
            ["0/Description", "1/Description"],
        ),
        (
            [{"A": 1, "B": 2, "C": 3}, {"A": 4, "B": 5, "C": 6}],
            [{"A": 4, "B": 5, "C": 7}, {"A": 1, "B": 2, "C": 3}],
            ["0/C"],
        ),
    ],
    ids=["statements", "tags", "rules of a security group", "items without a name"],
)
def test_item_that_moves_and_changes_is_one_change_and_another_order(
    before: list[Any], after: list[Any], changed: list[str]
) -> None:
    """A statement that moved was one statement removed and another one added, each with all that it allows."""
    kinds = [(str(found.kind), found.path) for found in differences(before, after)]
    assert kinds == [("order", ""), *(("changed", path) for path in changed)]


def test_another_name_is_another_item() -> None:
    tag = {"Key": "Owner", "Value": "desk"}
    other = {"Key": "Desk", "Value": "desk"}
    assert [kind for kind, *_ in found([tag], [other])] == ["removed", "added"]


@pytest.mark.parametrize("matters", [True, False, None])
def test_caller_decides_where_an_order_matters(matters: bool | None) -> None:
    asked: list[str] = []

    def order_matters(path: str) -> bool | None:
        asked.append(path)
        return matters

    (difference,) = differences({"L": [1, 2]}, {"L": [2, 1]}, "Properties", order_matters=order_matters)
    assert (difference.kind, difference.order_matters, asked) == (Kind.ORDER, matters, ["Properties/L"])


STATEMENT = {"Effect": "Allow", "Principal": {"AWS": "a"}, "Action": "s3:GetObject", "Resource": "*"}


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ({"Statement": STATEMENT}, {"Statement": [STATEMENT]}, "Statement"),
        (STATEMENT, {**STATEMENT, "Action": ["s3:GetObject"]}, "Action"),
        (STATEMENT, {**STATEMENT, "Principal": {"AWS": ["a"]}}, "Principal/AWS"),
        (
            {**STATEMENT, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}}},
            {**STATEMENT, "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["a"]}}},
            "Condition/StringEquals/aws:PrincipalTag~1team",
        ),
        ({"A": 1}, {"A": 1.0}, "A"),
        ({"A": '{"B": [1, 2.50]}'}, {"A": '{"B":[1,2.5]}'}, "A"),
        ({"A": '{"B": 1, "C": "é"}'}, {"A": '{"C": "\\u00e9", "B": 1}'}, "A"),
        ({"A": '{"B": 1}'}, {"A": '{"B": 1.0}'}, "A/B"),
    ],
)
def test_same_meaning_written_differently(before: Any, after: Any, path: str) -> None:
    ((kind, place, *_),) = found(before, after)
    assert (kind, place) == ("form", path)


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"Action": "a"}, {"Action": ["a"]}),
        (STATEMENT, {**STATEMENT, "Effect": ["Allow"]}),
        (STATEMENT, {**STATEMENT, "Action": ["s3:PutObject"]}),
        (STATEMENT, {**STATEMENT, "Action": ["s3:GetObject", "s3:PutObject"]}),
        (STATEMENT, {**STATEMENT, "Condition": [{}]}),
        ({"A": 1}, {"A": 2}),
        ({"A": 1}, {"A": True}),
        ({"A": "1"}, {"A": "1.0"}),
        ({"A": '{"B": 5}'}, {"A": '{"B": "5"}'}),
        ({"A": '{"B": true}'}, {"A": '{"B": "true"}'}),
        ({"A": '{"B": 1}'}, {"A": '{"B": true}'}),
        ({"A": '{"B": null}'}, {"A": "{}"}),
        ({"A": '{"B": 1, "B": 2}'}, {"A": '{"B": 2}'}),
        ({"A": "{}"}, {"A": "[]"}),
        ({"A": '"a "'}, {"A": '"a"'}),
        ({"A": '{"B": {"Ref": "X"}}'}, {"A": {"Fn::Join": ["", ['{"B": "', REF, '"}']]}}),
        ({"A": '{"B": "${X}"}'}, {"A": {"Fn::Join": ["", ['{"B": "', REF, '"}']]}}),
    ],
)
def test_real_change_is_not_called_another_form(before: Any, after: Any) -> None:
    (change,) = found(before, after)
    assert change[0] in ("changed", "added", "removed")


POLICY = {"Version": "2012-10-17", "Id": "one", "Statement": [OPEN, {**STATEMENT, "Sid": "B"}]}


@pytest.mark.requirement("REV-1")
def test_policy_in_a_text_is_compared_as_a_policy() -> None:
    """Of two changes in a long text, the review showed the first."""
    after = {**POLICY, "Id": "two", "Statement": [OPEN, {**STATEMENT, "Sid": "B", "Principal": "*"}]}
    assert found(json.dumps(POLICY), json.dumps(after, indent=2), "Properties/PolicyDocument") == [
        ("changed", "Properties/PolicyDocument/Id", "one", "two"),
        ("changed", "Properties/PolicyDocument/Statement/1/Principal", {"AWS": "a"}, "*"),
    ]


def test_reference_in_a_text_is_compared_where_it_stands() -> None:
    before = {"Fn::Join": ["", ['{"A": "x", "B": ["', REF, '/*"]}']]}
    after = {"Fn::Join": ["", ['{"A": "y", "B": ["', {"Ref": "Y"}, '/*"]}']]}
    assert found(before, after, "P") == [
        ("changed", "P/A", "x", "y"),
        ("changed", "P/B/0", {"Fn::Join": ["", [REF, "/*"]]}, {"Fn::Join": ["", [{"Ref": "Y"}, "/*"]]}),
    ]


@pytest.mark.parametrize(
    ("after", "place"),
    [
        ({"A": CHANGED}, ("A", REF, State.CHANGED)),
        ({"A": POSSIBLE}, ("A", REF, State.POSSIBLE)),
        ({"A": [1, CHANGED]}, ("A/1", REF, State.CHANGED)),
        ({"A": {"Fn::Join": ["", ["a", POSSIBLE]]}}, ("A", {"Fn::Join": ["", ["a", REF]]}, State.POSSIBLE)),
        ({"A": {"Fn::Join": ["", ["x\ny ", CHANGED, "\nz"]]}}, ("A", "y ${X}", State.CHANGED)),
        ({"A": {"Fn::Join": ["", ['{"B": ["', CHANGED, '"]}']]}}, ("A/B/0", REF, State.CHANGED)),
    ],
)
def test_flowing_differences(after: Any, place: tuple[str, Any, State]) -> None:
    """A marked value has no other expression than today's, so both sides of the difference show today's value."""
    path, value, state = place
    assert list(differences(unmarked(after), after)) == [Difference(path, value, value, state, flows=True)]


def test_value_may_change_and_flow() -> None:
    places = list(differences({"A": "x", "B": REF}, {"A": "y", "B": CHANGED}, "Properties"))
    assert [(difference.path, difference.flows) for difference in places] == [
        ("Properties/A", False),
        ("Properties/B", True),
    ]


# ---- exact for any pair ---------------------------------------------------------------------------------------------

KEYS = st.sampled_from(
    ["A", "B", "a/b", "~1", "0", "Sid", "Key", "Name", "Action", "Resource", "Condition", "Statement"]
)
SCALARS = st.one_of(
    st.sampled_from(["", "a", "b", "1", "true", "{", "${X}", "é\n", "\ue0000\ue001"]),
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from([0.5, 1.0]),
)
FUNCTIONS = st.sampled_from([REF, {"Fn::GetAtt": ["Y", "Arn"]}, {"Fn::Join": ["", ["a", REF, "b"]]}])
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Sid": st.sampled_from(["A", "B"]),
        "Action": st.one_of(st.sampled_from("ab"), st.lists(st.sampled_from("ab"), max_size=3)),
        "Principal": st.one_of(
            st.just("*"), st.dictionaries(st.just("AWS"), st.sampled_from(["a", ["a"], ["b", "a"]]))
        ),
        "Condition": st.dictionaries(st.just("Bool"), st.dictionaries(KEYS, st.sampled_from(["a", ["a"]]), max_size=2)),
    },
)


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=5), st.dictionaries(KEYS, inner, max_size=4), st.lists(STATEMENTS, max_size=3)
        ),
        max_leaves=12,
    )


DOCUMENTS = nested(st.one_of(SCALARS, st.none(), FUNCTIONS, STATEMENTS))
TEXTS = DOCUMENTS.filter(lambda value: isinstance(value, (dict, list))).map(json_text)
VALUES = nested(st.one_of(SCALARS, st.none(), FUNCTIONS, STATEMENTS, TEXTS))


@st.composite
def edited(draw: st.DrawFn, value: Any) -> Any:
    """The value with items and keys taken out, put in and moved, and some values written differently."""
    edit = draw(st.integers(0, 5))
    if isinstance(value, dict) and not is_function(value):
        kept = {key: draw(edited(item)) for key, item in value.items() if draw(st.integers(0, 7))}
        return kept if edit else {**kept, draw(KEYS): draw(SCALARS)}
    if isinstance(value, list):
        kept_items = [draw(edited(item)) for item in value if draw(st.integers(0, 3))]
        return draw(st.permutations(kept_items if edit else [*kept_items, draw(VALUES)]))
    if json_document(value) is not None:
        return json_text(draw(edited(json_document(value))))
    return draw(st.sampled_from([[value], draw(VALUES)])) if edit == 0 else value


LISTS = st.lists(st.one_of(st.sampled_from("abcde"), STATEMENTS), max_size=6)
PAIRS = st.one_of(VALUES, LISTS, LISTS.map(json_text)).flatmap(lambda value: st.tuples(st.just(value), edited(value)))


@pytest.mark.requirement("REV-1")
@given(PAIRS)
def test_differences_lead_from_one_value_to_the_other(pair: tuple[Any, Any]) -> None:
    before, after = ({"Properties": value} for value in pair)
    found = list(differences(before, after))
    assert meaning(apply(before, found)) == meaning(after)
    assert bool(found) is (meaning(before) != meaning(after)) or {each.kind for each in found} == {Kind.FORM}


@given(VALUES)
def test_value_does_not_differ_from_itself(value: Any) -> None:
    assert list(differences(value, value)) == []


@given(st.lists(st.text("a/~01", min_size=1), min_size=1))
def test_path_leads_back_to_its_keys(keys: list[str]) -> None:
    path = ""
    for key in keys:
        path = path_below(path, key)
    assert path_steps(path) == keys
