"""A repeated pattern matches correctly on each Python version of the project; before 3.11.5 possessive groups did not."""

from __future__ import annotations

import re

import pytest

from common import patterns

needs_possessive_groups = pytest.mark.skipif(
    not patterns.POSSESSIVE_GROUPS_ARE_RIGHT, reason="this Python has CPython issue 106052"
)


@pytest.mark.parametrize("use_possessive_groups", [False, pytest.param(True, marks=needs_possessive_groups)])
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
    use_possessive_groups: bool, pattern: str, text: str, end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Debian 12 the rest of a value was read as a value of its own, and a price as an integer."""
    monkeypatch.setattr(patterns, "POSSESSIVE_GROUPS_ARE_RIGHT", use_possessive_groups)
    match = re.compile(patterns.repeated(pattern)).match(text)
    assert match is not None
    assert match.end() == end


def test_a_repetition_does_not_backtrack() -> None:
    """With backtracking, a hostile text would cost more with each character."""
    assert re.fullmatch(patterns.repeated("a") + "a", "aaa") is None
