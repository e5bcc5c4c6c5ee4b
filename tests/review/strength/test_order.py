"""The comparison of ranks: whatever the ranks, the reversal has the opposite outcome."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.strength.measures import Allows, Less, Levels, Measure, Members, More, Off, On
from review.strength.order import (
    EVERYBODY,
    EVERYTHING,
    NOBODY,
    NOTHING,
    Bounds,
    Granted,
    Opaque,
    Outcome,
    Protected,
    Selection,
    Served,
    Watched,
    compare,
)
from review.strength.values import UNKNOWN

WORDS = st.sampled_from(["a", "b", "c", "d"])
RANKS = st.one_of(
    st.tuples(st.integers(), st.integers()),
    st.tuples(st.booleans(), st.booleans()),
    st.tuples(st.builds(Protected, st.frozensets(WORDS)), st.builds(Protected, st.frozensets(WORDS))),
    st.tuples(st.builds(Granted, st.frozensets(WORDS)), st.builds(Granted, st.frozensets(WORDS))),
    st.tuples(*[st.builds(Served, st.frozensets(WORDS), st.booleans())] * 2),
    st.tuples(*[st.builds(Watched, st.frozensets(WORDS), st.booleans())] * 2),
)
REVERSED = {Outcome.WEAKER: Outcome.STRONGER, Outcome.STRONGER: Outcome.WEAKER}


def reversal(outcome: Outcome) -> Outcome:
    return Outcome(sum(REVERSED[part].value for part in Outcome if part in outcome))


@given(RANKS)
def test_reversal_has_the_opposite_outcome(ranks: tuple[Any, Any]) -> None:
    before, after = ranks
    assert compare(after, before, Bounds()) == reversal(compare(before, after, Bounds()))


@given(RANKS)
def test_equal_ranks_have_no_outcome_and_others_have_one(ranks: tuple[Any, Any]) -> None:
    before, after = ranks
    assert compare(before, before, Bounds()) is Outcome.EQUAL
    assert (compare(before, after, Bounds()) is Outcome.EQUAL) == (before == after)


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (UNKNOWN, UNKNOWN, Outcome.PERHAPS_WEAKER),
        (1, UNKNOWN, Outcome.PERHAPS_WEAKER),
        (UNKNOWN, 1, Outcome.PERHAPS_WEAKER),
        (0, UNKNOWN, Outcome.PERHAPS_STRONGER),
        (UNKNOWN, 2, Outcome.PERHAPS_STRONGER),
        (2, UNKNOWN, Outcome.PERHAPS_WEAKER),
        (UNKNOWN, 0, Outcome.PERHAPS_WEAKER),
    ],
)
def test_unknown_side_is_never_taken_for_safe(before: Any, after: Any, outcome: Outcome) -> None:
    assert compare(before, after, Bounds(0, 2)) is outcome


def test_values_without_an_order_are_equal_or_perhaps_weaker() -> None:
    assert compare(Opaque("a"), Opaque("a"), Bounds()) is Outcome.EQUAL
    assert compare(Opaque("a"), Opaque("b"), Bounds()) is Outcome.PERHAPS_WEAKER
    assert compare(Opaque("a"), Opaque(None), Bounds()) is Outcome.EQUAL


def test_sets_can_gain_and_lose_at_once() -> None:
    both = Outcome.WEAKER | Outcome.STRONGER
    assert compare(Protected.of(["a", "b"]), Protected.of(["b", "c"]), Bounds()) == both
    assert compare(Granted.of(["a", "b"]), Granted.of(["b", "c"]), Bounds()) == both


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (["10.0.0.0/16"], ["10.0.0.0/8"]),
        (["10.0.0.0/16", "10.1.0.0/16"], ["10.0.0.0/8"]),
        (["2001:db8::/64"], ["::/0"]),
        (["https://desk.example.com"], ["*"]),
        (["https://desk.example.com"], ["https://*.example.com"]),
        ([], ["https://desk.example.com"]),
        (["https://desk.example.com", "https://a.example.com"], ["https://*.example.com"]),
    ],
)
def test_pattern_or_network_allows_what_it_contains(narrow: list[str], wide: list[str]) -> None:
    assert compare(Granted.of(narrow), Granted.of(wide), Bounds()) is Outcome.WEAKER


def test_network_of_another_version_is_no_part_of_a_network() -> None:
    both = Outcome.WEAKER | Outcome.STRONGER
    assert compare(Granted.of(["10.0.0.0/8"]), Granted.of(["::/0"]), Bounds()) == both


def test_absence_of_names_equals_no_names() -> None:
    assert compare(Members(no_words=("none",)).rank("none"), Members().rank(None), Bounds()) is Outcome.EQUAL


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (Selection(frozenset("a")), Selection(frozenset("ab"))),
        (Selection(frozenset("ab"), all_but=True), Selection(frozenset("a"), all_but=True)),
        (Selection(frozenset("a")), Selection(frozenset("b"), all_but=True)),
    ],
)
def test_selection_by_name_or_by_exception_is_within_another(less: Selection, more: Selection) -> None:
    assert less.is_within(more)
    assert not more.is_within(less)


def test_everything_is_more_than_any_list() -> None:
    assert compare(EVERYTHING, Protected.of(["a"]), Bounds()) is Outcome.WEAKER
    assert compare(NOTHING, EVERYTHING, Bounds()) is Outcome.STRONGER
    assert compare(NOBODY, EVERYBODY, Bounds()) is Outcome.WEAKER


@pytest.mark.parametrize(
    ("measure", "strong", "weak"),
    [
        (On(), "true", 0),
        (On(), "ENABLED", "DISABLED"),
        (Off(), None, True),
        (More(absent=7), None, "1"),
        (More(absent=0, endless=(0,)), 0, 365),
        (Less(absent=0, endless=(0,)), 10, None),
        (Levels(("a", "b|c", "d")), "C", None),
        (Levels(("host",), absent="bridge", other=1), None, "host"),
        (Members(), "a,b", ["b"]),
        (Members(all_words=("all",)), ["all"], ["a", "b"]),
        (Members(no_words=("none",)), "read", "none"),
        (Allows(absent=("GET",)), None, ["GET", "POST"]),
        (Allows(all_words=("0.0.0.0/0",)), ["10.0.0.0/8"], ["0.0.0.0/0"]),
    ],
)
def test_measure_orders_values_as_services_write_them(measure: Measure, strong: Any, weak: Any) -> None:
    assert compare(measure.rank(strong), measure.rank(weak), measure.bounds) is Outcome.WEAKER


@pytest.mark.parametrize("measure", [On(), Off(), More(), Less(), Levels(("a", "b")), Members(), Allows()])
@pytest.mark.parametrize("value", [{"Ref": "Value"}, {"Fn::If": ["A", 1, 2]}, {"Fn::ImportValue": "x"}])
def test_function_has_no_rank(measure: Measure, value: Any) -> None:
    assert measure.rank(value) is UNKNOWN


@pytest.mark.parametrize("measure", [On(), More(), Levels(("a", "b"))])
@pytest.mark.parametrize("value", ["{{resolve:ssm:/value}}", "what no service says"])
def test_word_that_no_service_says_has_no_rank(measure: Measure, value: Any) -> None:
    assert measure.rank(value) is UNKNOWN
