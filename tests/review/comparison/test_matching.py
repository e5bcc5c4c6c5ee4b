"""Which items of two lists are the same item: input and output."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.comparison.matching import match_items


def key(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


def named(name: str, *more: Any) -> dict[str, Any]:
    return {"Name": name, "More": list(more)}


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ([], [], []),
        (["a"], [], []),
        (["a", "b"], ["a", "b"], [(0, 0), (1, 1)]),
        (["a", "b"], ["b", "a"], [(0, 1), (1, 0)]),
        (["a", "b", "c"], ["c", "a", "x"], [(0, 1), (1, 2), (2, 0)]),
        (["a", "b", "c"], ["x", "a", "c"], [(0, 1), (2, 2)]),
        ([named("a", 1), named("b", 2)], [named("b", 3), named("a", 1)], [(0, 1), (1, 0)]),
        ([named("a", 1)], [named("b", 2)], []),
        ([named("a", 1), named("a", 2)], [named("a", 3), named("a", 4)], [(0, 0), (1, 1)]),
        ([{"A": 1, "B": 2, "C": 3}], [{"A": 0}, {"A": 1, "B": 2, "C": 4}], [(0, 1)]),
        ([{"A": 1}], [{"A": 2}], [(0, 0)]),
        ([{"A": 1}], ["a"], [(0, 0)]),
    ],
)
def test_match_items(before: list[Any], after: list[Any], pairs: list[tuple[int, int]]) -> None:
    assert match_items(before, after, key) == pairs


ITEMS = st.lists(st.one_of(st.sampled_from("abc"), st.builds(named, st.sampled_from("ab"), st.integers(0, 2))))


@given(ITEMS, ITEMS)
def test_each_item_is_matched_once_at_most_and_equal_items_first(before: list[Any], after: list[Any]) -> None:
    pairs = match_items(before, after, key)
    assert len({old for old, _ in pairs}) == len({new for _, new in pairs}) == len(pairs)
    equal = sum(min([*map(key, before)].count(text), [*map(key, after)].count(text)) for text in set(map(key, before)))
    assert sum(key(before[old]) == key(after[new]) for old, new in pairs) == equal


def test_long_lists_are_matched_in_a_second() -> None:
    """Every item of one list compared with every item of the other would take a minute."""
    lists = [[{"A": f"{side}{number}", "B": number, "C": 1} for number in range(2000)] for side in "xy"]
    begun = time.process_time()
    assert len(match_items(lists[0], lists[1], key)) == 2000
    assert time.process_time() - begun < 5
