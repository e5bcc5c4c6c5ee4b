"""Where two values differ: input and output."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.marks import State, marked, unmarked
from review.difference import Difference, differences

REF = {"Ref": "X"}
CHANGED, POSSIBLE = marked(REF, State.CHANGED), marked(REF, State.POSSIBLE)


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ("a", "a", []),
        ("a", "b", [("", "a", "b")]),
        (None, "a", [("", None, "a")]),
        ({"A": 1}, {"A": 1}, []),
        ({"A": 1}, {"A": "1"}, []),
        ({"A": True}, {"A": "true"}, []),
        ({"A": 1, "B": 2}, {"A": 3, "C": 4}, [("A", 1, 3), ("B", 2, None), ("C", None, 4)]),
        ({"A": {"B": 1}}, {"A": {"B": 2}}, [("A/B", 1, 2)]),
        ({"A": REF}, {"A": {"Ref": "Y"}}, [("A", REF, {"Ref": "Y"})]),
        ({"A": REF}, {"A": {"B": 1}}, [("A", REF, {"B": 1})]),
        ([1, 2, 3], [1, 3], [("1", 2, None)]),
        ([1, 3], [1, 2, 3], [("1", None, 2)]),
        ([1, 2], [1, 3], [("1", 2, 3)]),
        ([{"K": 1}], [{"K": "1"}], []),
        ({"L": [{"K": 1, "V": 1}]}, {"L": [{"K": 1, "V": 2}]}, [("L/0/V", 1, 2)]),
    ],
)
def test_direct_differences(before: Any, after: Any, places: list[tuple[str, Any, Any]]) -> None:
    expected = [Difference(path, old, new, State.CHANGED, flows=False) for path, old, new in places]
    assert list(differences(before, after)) == expected


@pytest.mark.parametrize(
    ("after", "place"),
    [
        ({"A": CHANGED}, ("A", REF, State.CHANGED)),
        ({"A": POSSIBLE}, ("A", REF, State.POSSIBLE)),
        ({"A": [1, CHANGED]}, ("A/1", REF, State.CHANGED)),
        ({"A": {"Fn::Join": ["", ["a", POSSIBLE]]}}, ("A", {"Fn::Join": ["", ["a", REF]]}, State.POSSIBLE)),
        ({"A": {"Fn::Join": ["", ["x\ny ", CHANGED, "\nz"]]}}, ("A", "y ${X}", State.CHANGED)),
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
