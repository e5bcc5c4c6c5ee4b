"""A repeated pattern is right on each Python that the project runs on: before 3.11.5 a possessive group was not."""

from __future__ import annotations

import re

import pytest

from common import patterns


@pytest.mark.parametrize("right", [False, pytest.param(True, marks=pytest.mark.skipif(
    not patterns.POSSESSIVE_GROUPS_ARE_RIGHT, reason="this Python has CPython issue 106052"))])  # fmt: skip
@pytest.mark.parametrize(
    ("pattern", "text", "end"),
    [
        ("ab?c", "aca", 2),
        (r"[0-9]+\n", "12\n5445.7", 3),
        ("x(?:yz)?;", "x;xyz;xy", 6),
        ("a", "", 0),
        ("[ab]c|d", "dac", 3),
    ],
)
def test_a_repetition_ends_where_its_last_whole_match_does(
    right: bool, pattern: str, text: str, end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Debian 12 the rest of a value was taken for a value of its own, and a price for an integer."""
    monkeypatch.setattr(patterns, "POSSESSIVE_GROUPS_ARE_RIGHT", right)
    found = re.compile(patterns.repeated(pattern)).match(text)
    assert found is not None
    assert found.end() == end


def test_nothing_is_tried_again() -> None:
    """Or a hostile text would cost more with each character."""
    assert re.fullmatch(patterns.repeated("a") + "a", "aaa") is None
