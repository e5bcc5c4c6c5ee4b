"""The analytics of a real PostgreSQL, compared with NumPy and hand-worked cases, and under changes that must not matter."""

from __future__ import annotations

import inspect
import math
import re
from collections import defaultdict
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import query.handler
from common import entitlements, schema
from common.database import Database
from process.pipeline import Pipeline
from query import analytics
from query.request import INTERVAL_MINUTES
from tests.lambda_src.support import plain_reference
from tests.lambda_src.support.analytics_answers import agree_with_numpy, ask
from tests.lambda_src.support.entitlements import stored_entitlements
from tests.lambda_src.support.fakes import FakeDynamoDB, FakeS3, entitlement
from tests.lambda_src.support.processing import BUCKETS, deliver, truncate
from tests.lambda_src.support.records import MINUTE, SECOND, T0, Record, deliveries, quote, records, trade

pytestmark = pytest.mark.requirement("T-DATA-3")

DOCUMENT = Path(__file__).parents[3] / "docs" / "analytics.md"
HOUR = 60 * MINUTE
# From 10:00: the same minutes, across 5 and 15 minutes, across an hour, across midnight, a day later.
SHIFTS = (0, 3 * MINUTE, 13 * MINUTE, 58 * MINUTE, 13 * HOUR + 58 * MINUTE, 24 * HOUR)
ADDITIVE = ("volume", "trades")
with_a_database = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, dynamodb: FakeDynamoDB) -> None:
    dynamodb.tables["keys"] = {"key-1": entitlement()}
    rights = stored_entitlements(dynamodb)
    monkeypatch.setattr(entitlements, "from_environment", lambda: rights)


@pytest.fixture
def pipeline(app_database: Database, s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setattr(query.handler, "_database", lambda: app_database)
    return Pipeline(s3, app_database, BUCKETS)


@st.composite
def days(draw: st.DrawFn) -> list[Record]:
    """Records of two symbols over two days with gaps, some of them across the edges of all intervals."""
    sample = draw(records)
    shifts = st.lists(st.sampled_from(SHIFTS), min_size=len(sample), max_size=len(sample))
    return [{**record, "ts": record["ts"] + shift} for record, shift in zip(sample, draw(shifts), strict=True)]


# --- Compared with NumPy ---------------------------------------------------------------------------------------------
@with_a_database
@given(sample=days(), interval=st.sampled_from(list(INTERVAL_MINUTES)), limit=st.sampled_from([2, 7, 1000]))
def test_every_statistic_agrees_with_numpy_on_any_page_size(
    sample: list[Record], interval: str, limit: int, admin: psycopg.Connection[Any], pipeline: Pipeline
) -> None:
    truncate(admin)
    deliver(pipeline, "x", sample)
    agree_with_numpy(sample, interval, limit)


@pytest.mark.parametrize("size", ["0.00000001", "1", "9999999999.99999999"])
def test_the_relative_effective_spread_does_not_depend_on_the_size_of_a_lone_trade(
    size: str, pipeline: Pipeline
) -> None:
    """The value is 10⁴ · 2·|p − m|/m. A ratio times a satoshi was once rounded to 12 decimals, with 4 correct digits of 17."""
    bid, ask_price, price = Decimal("67123.41"), Decimal("67123.58"), Decimal("67123.59")
    symbol = "BTC-USD"
    records = [
        quote(str(bid), str(ask_price), T0, symbol=symbol),
        trade("1", str(price), size, T0 + SECOND, symbol=symbol),
    ]
    deliver(pipeline, "x", records)
    middle = (bid + ask_price) / 2
    (item,) = ask(symbol, "1m", window={"to": "2026-01-02T10:01:00Z"})
    assert item["effectiveSpreadBps"] == pytest.approx(
        float(10_000 * 2 * abs(price - middle) / middle), abs=5e-9, rel=0
    )


def test_the_largest_ratio_and_size_have_room(pipeline: Pipeline) -> None:
    """A price of ten digits and a quote of one satoshi give 2·10¹⁸ times a size of ten digits."""
    minimum, maximum = "0.00000001", "9999999999.99999999"
    deliver(
        pipeline, "x", [quote(minimum, minimum, T0), *(trade(str(n), maximum, maximum, T0 + n + 1) for n in range(3))]
    )
    item = ask("ACME", "1m")[0]
    assert item["effectiveSpreadBps"] == pytest.approx(1e4 * 2 * (float(maximum) - 1e-8) / 1e-8)


# --- Changes that must not change a result ---------------------------------------------------------------------------
@with_a_database
@given(case=deliveries())
def test_order_splits_and_duplicates_never_change_an_answer(
    case: tuple[list[Record], list[list[Record]]], admin: psycopg.Connection[Any], pipeline: Pipeline
) -> None:
    """The answers agree to the last digit, also in floating point."""
    original, batches = case

    def answers() -> dict[str, Any]:
        symbols = sorted({record["symbol"] for record in original})
        return {
            f"{symbol} {interval} {resource}": ask(symbol, interval, resource)
            for symbol in symbols
            for interval in ("1m", "5m", "1d")
            for resource in ("bars", "analytics")
        }

    truncate(admin)
    deliver(pipeline, "whole", original)
    clean = answers()
    truncate(admin)
    for number, batch in enumerate(batches):
        deliver(pipeline, f"part-{number}", batch)
    assert answers() == clean


@with_a_database
@given(sample=days(), interval=st.sampled_from(["5m", "15m", "1h", "1d"]))
def test_minutes_roll_up_to_every_interval_exactly(
    sample: list[Record], interval: str, admin: psycopg.Connection[Any], pipeline: Pipeline
) -> None:
    """Bars and counts agree to the last digit, and the realised variance to the rounding of its sum."""
    truncate(admin)
    deliver(pipeline, "x", sample)
    length = INTERVAL_MINUTES[interval] * MINUTE
    for symbol in sorted({record["symbol"] for record in sample}):
        parts: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for minute in ask(symbol, "1m"):
            start = schema.parse_timestamp(minute["start"])
            parts[start // length * length].append(minute)
        items = ask(symbol, interval)
        assert [schema.parse_timestamp(item["start"]) for item in items] == sorted(parts)
        for item in items:
            _check_roll_up(item, parts[schema.parse_timestamp(item["start"])])
        bars = [item["bar"] for item in items if item["bar"]]
        assert [
            {k: v for k, v in bar.items() if k not in ("start", "vwap")} for bar in ask(symbol, interval, "bars")
        ] == bars


def _check_roll_up(whole: dict[str, Any], minutes: list[dict[str, Any]]) -> None:
    traded = [minute for minute in minutes if minute["bar"]]
    bars = [minute["bar"] for minute in traded]
    assert whole["quotes"] == sum(minute["quotes"] for minute in minutes)
    assert whole["lastMicroprice"] == next(
        (m["lastMicroprice"] for m in reversed(minutes) if m["lastMicroprice"]), None
    )
    if not bars:
        assert whole["bar"] is None
        return
    assert (whole["bar"]["open"], whole["bar"]["close"]) == (bars[0]["open"], bars[-1]["close"])
    assert Decimal(whole["bar"]["high"]) == max(Decimal(bar["high"]) for bar in bars)
    assert Decimal(whole["bar"]["low"]) == min(Decimal(bar["low"]) for bar in bars)
    for name in ADDITIVE:
        assert Decimal(whole["bar"][name]) == sum(Decimal(bar[name]) for bar in bars)
    variance = math.fsum(minute["realisedVariance"] for minute in traded)
    assert whole["realisedVariance"] == pytest.approx(variance, rel=1e-14, abs=0)
    assert whole["amihud"] == pytest.approx(math.fsum(m["amihud"] for m in traded) / len(traded), rel=1e-13, abs=0)
    assert whole["maxDrawdown"] >= max(minute["maxDrawdown"] for minute in traded)


# --- Hand-worked cases -----------------------------------------------------------------------------------------------
def test_variance_and_drawdown_span_gaps_within_a_day_but_not_the_night(pipeline: Pipeline) -> None:
    """Prices are 100 at 10:00, 110 at 10:02, 99 at 11:30, and 50 and 60 on the next day.

    Returns between two intervals were once lost.
    """
    moments = (
        (T0, "100"),
        (T0 + 2 * MINUTE, "110"),
        (T0 + 90 * MINUTE, "99"),
        (T0 + 24 * HOUR, "50"),
        (T0 + 24 * HOUR + MINUTE, "60"),
    )
    deliver(pipeline, "a", [trade(str(n), price, "1", ts) for n, (ts, price) in enumerate(moments)])
    first, second = math.log(1.1) ** 2, math.log(0.9) ** 2
    minutes = ask("ACME", "1m")
    assert [m["realisedVariance"] for m in minutes] == pytest.approx([0, first, second, 0, math.log(1.2) ** 2])
    assert [m["maxDrawdown"] for m in minutes] == pytest.approx([0, 0, 0.1, 0, 0])
    hours = ask("ACME", "1h")
    assert [h["realisedVariance"] for h in hours] == pytest.approx([first, second, math.log(1.2) ** 2])
    assert [h["maxDrawdown"] for h in hours] == pytest.approx([0, 0.1, 0])
    today, tomorrow = ask("ACME", "1d")
    assert today["realisedVariance"] == pytest.approx(first + second)
    assert today["realisedVolatility"] == pytest.approx(math.sqrt(first + second))
    assert tomorrow["realisedVariance"] == pytest.approx(math.log(1.2) ** 2), (
        "the fall from 99 to 50 is not an intraday return"
    )
    assert today["amihud"] == pytest.approx(1e6 / 3 * (0 + 0.1 / 110 + 0.1 / 99))
    (second_hour,) = ask("ACME", "1h", window={"from": "2026-01-02T11:00:00Z", "to": "2026-01-02T12:00:00Z"})
    assert second_hour == hours[1], "the start of the range changes nothing"


def test_small_moves_of_large_prices_keep_their_variance() -> None:
    """The difference of two logarithms would have 6 correct digits here."""
    path = [Decimal("1000000000.00000000"), Decimal("1000000000.00001000")]
    assert analytics.realised_variance(path) == pytest.approx(1e-28, rel=1e-12, abs=0)
    assert analytics.max_drawdown(path[::-1]) == pytest.approx(1e-14, rel=1e-12, abs=0)


def test_a_quote_is_valid_for_a_minute_and_time_without_one_has_no_weight(pipeline: Pipeline) -> None:
    """The spread is 2 from 10:00:00 for 60 s, missing for 60 s, 4 from 10:02:00 for 30 s, then 1 for 60 s."""
    quotes = [quote("99", "101", T0), quote("98", "102", T0 + 2 * MINUTE), quote("100", "101", T0 + 150 * SECOND)]
    deliver(
        pipeline, "a", [*quotes, trade("1", "103", "1", T0 + 90 * SECOND), trade("2", "103", "1", T0 + 121 * SECOND)]
    )
    (item,) = ask("ACME", "1h")
    assert item["quotedSpread"] == "2"  # (2·60 + 4·30 + 1·60) / 150
    assert item["quotedSpreadBps"] == pytest.approx((200 * 60 + 400 * 30 + 1e4 / 100.5 * 60) / 150)
    assert item["effectiveSpread"] == "6", "the first trade has no valid quote and does not count"
    assert item["microprice"] == "100.2"  # (100·60 + 100·30 + 100.5·60) / 150
    assert item["lastMicroprice"] == "100.5"
    assert [m["quotes"] for m in ask("ACME", "1m")] == [1, 0, 2, 0]


def test_an_interval_without_trade_or_quote_is_omitted_and_one_with_quotes_only_has_no_bar(pipeline: Pipeline) -> None:
    deliver(
        pipeline,
        "a",
        [trade("1", "10", "1", T0), quote("9", "11", T0 + 30 * MINUTE), trade("2", "10", "1", T0 + 50 * MINUTE)],
    )
    items = ask("ACME", "15m")
    without_bar = [(item["start"][11:16], item["bar"] is None) for item in items]
    assert without_bar == [("10:00", False), ("10:30", True), ("10:45", False)]
    of_trades = ("vwap", "effectiveSpread", "realisedVariance", "realisedVolatility", "maxDrawdown", "amihud")
    assert [items[1][name] for name in of_trades] == [None] * len(of_trades)
    assert [items[0][name] for name in ("quotedSpread", "microprice", "lastMicroprice")] == [None] * 3


# --- Over the whole range of the schema ------------------------------------------------------------------------------
UNITS = 10**schema.FRACTION_DIGITS
MOST = 10 ** (schema.INTEGER_DIGITS + schema.FRACTION_DIGITS) - 1
CORNERS = (1, 2, 3, UNITS - 1, UNITS, UNITS + 1, MOST // 2, MOST - 1, MOST)
# Every price and size that the schema accepts, in its smallest unit; those of nine digits are as frequent as of seventeen.
amounts = st.one_of(
    st.sampled_from(CORNERS),
    st.integers(0, len(str(MOST)) - 1).flatmap(lambda digits: st.integers(10**digits, 10 ** (digits + 1) - 1)),
)


def decimal(units: int) -> Decimal:
    """The exact value of a number of smallest units; arithmetic would round it to the digits of the context."""
    return Decimal(f"{units}E-{schema.FRACTION_DIGITS}")


def plain(units: int) -> str:
    return f"{decimal(units):f}"


@st.composite
def paths(draw: st.DrawFn) -> list[Decimal]:
    """Prices C_0 … C_n with leaps over the whole range, small steps and unchanged prices."""
    path = [draw(amounts)]
    for _ in range(draw(st.integers(1, 12))):
        step = draw(st.one_of(st.none(), st.integers(-1000, 1000)))
        path.append(draw(amounts) if step is None else min(max(path[-1] + step, 1), MOST))
    return [decimal(units) for units in path]


def exact_variance(path: list[Decimal]) -> Decimal:
    """The variance with 80 digits from the logarithm of each price; neighbours differ from the 18th digit on at the latest."""
    with localcontext(prec=80):
        logarithms = [price.ln() for price in path]
        return sum(((now - before) ** 2 for before, now in pairwise(logarithms)), Decimal(0))


def relative_error(answer: float | None, value: Decimal | Fraction) -> float:
    assert answer is not None
    exact = Fraction(value)
    return abs(float((Fraction(answer) - exact) / exact)) if exact else abs(answer)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(path=paths())
def test_variance_and_volatility_are_correct_for_every_path_of_prices(path: list[Decimal]) -> None:
    """The reference has 80 digits.

    A fall by all but 10⁻¹⁷ was once a ValueError, and one by all but 10⁻¹⁵ was correct to four digits.
    """
    variance, exact = analytics.realised_variance(path), exact_variance(path)
    assert relative_error(variance, exact) < 1e-15
    with localcontext(prec=80):
        assert relative_error(analytics.realised_volatility(variance), exact.sqrt()) < 1e-15
    assert variance == analytics.realised_variance(path[::-1]), "the reversed path has the same variance"


@settings(max_examples=300, deadline=None)
@given(path=paths(), values=st.lists(st.integers(1, MOST**2), min_size=12, max_size=12))
def test_drawdown_and_amihud_are_correct_for_every_path_of_prices(path: list[Decimal], values: list[int]) -> None:
    """The reference computes with fractions; the drawdown is the nearest double."""
    prices = [Fraction(price) for price in path]
    fall = max(1 - price / peak for price, peak in zip(prices, accumulate(prices, max), strict=True))
    assert analytics.max_drawdown(path) == float(fall)
    notionals = [Decimal(f"{value}E-16") for value in values[: len(path) - 1]]
    returns = [abs(now / before - 1) for before, now in pairwise(prices)]
    quotients = [r / Fraction(v) for r, v in zip(returns, notionals, strict=True)]
    mean = sum(quotients, Fraction(0)) / len(quotients)
    assert relative_error(analytics.amihud(path, notionals), 10**6 * mean) < 1e-15


@settings(max_examples=300, deadline=None)
@given(pairs=st.lists(st.tuples(amounts, amounts), min_size=1, max_size=8))
def test_quotients_are_the_nearest_price_or_double_for_all_prices_and_sizes(pairs: list[tuple[int, int]]) -> None:
    """The reference computes with fractions; a tie of two prices goes to the even one.

    The weights of a bar are sizes, those of quotes nanoseconds.
    """
    total = sum(value * weight for value, weight in pairs)
    weight = sum(weight for _, weight in pairs)
    mean = Fraction(total, weight * UNITS)
    summed, volume = Decimal(f"{total}E-16"), decimal(weight)
    price = decimal(1)
    bar = analytics.Bar(price, price, price, price, volume, summed, len(pairs), summed, summed, volume)
    weighted = Decimal(f"{total}E-8")
    quotes = analytics.QuoteStats(len(pairs), weight, weighted, weighted, weighted, decimal(pairs[-1][0]))
    rounded = [analytics.vwap(bar), analytics.effective_spread(bar)]
    rounded += [analytics.quoted_spread(quotes), analytics.microprice(quotes)]
    assert [Fraction(price) for price in rounded if price is not None] == [round(mean, 8)] * 4
    assert analytics.effective_spread_bps(bar) == analytics.quoted_spread_bps(quotes) == float(10_000 * mean)


@pytest.mark.parametrize(
    ("path", "variance", "drawdown"),
    [
        (("2", "1"), math.log(2) ** 2, 0.5),
        (("1", "2"), math.log(2) ** 2, 0.0),
        (("1000000000", "0.00000001"), (17 * math.log(10)) ** 2, 1.0),
        (("0.00000001", "1000000000"), (17 * math.log(10)) ** 2, 0.0),
        (("1000000000", "0.00001", "1000000000"), 2 * (14 * math.log(10)) ** 2, 1 - 1e-14),
        (("0.00000001", "9999999999.99999999"), (18 * math.log(10)) ** 2, 0.0),
        (("7", "7"), 0.0, 0.0),
        (("9999999999.99999998", "9999999999.99999999"), 1e-36, 0.0),
        (("9999999999.99999999", "9999999999.99999998"), 1e-36, 1e-18),
    ],
)
def test_variance_and_drawdown_of_the_longest_and_the_shortest_paths(
    path: tuple[str, ...], variance: float, drawdown: float
) -> None:
    prices = [Decimal(price) for price in path]
    assert analytics.realised_variance(prices) == pytest.approx(variance, rel=1e-15, abs=0)
    assert analytics.max_drawdown(prices) == pytest.approx(drawdown, rel=1e-15, abs=0)


def test_a_price_that_falls_by_seventeen_powers_of_ten_is_answered(pipeline: Pipeline) -> None:
    """The return rounds to −1, which has no logarithm. Every answer with such a minute was a 500."""
    deliver(pipeline, "a", [trade("1", "1000000000", "1", T0), trade("2", "0.00000001", "1", T0 + MINUTE)])
    (day,) = ask("ACME", "1d")
    assert day["realisedVariance"] == pytest.approx((17 * math.log(10)) ** 2, rel=1e-15)
    assert day["realisedVolatility"] == pytest.approx(17 * math.log(10), rel=1e-15)
    assert day["maxDrawdown"] == 1
    assert day["amihud"] == pytest.approx(1e6 / 2 / 1e-8, rel=1e-15)


times = st.integers(0, 600).map(lambda half_seconds: T0 + 57 * MINUTE + half_seconds * SECOND // 2)
wild_trades = st.builds(trade, st.integers(0, 30).map(str), amounts.map(plain), amounts.map(plain), times)


@st.composite
def wild_quotes(draw: st.DrawFn) -> Record:
    bid, ask_price = sorted([draw(amounts), draw(amounts)])
    return quote(plain(bid), plain(ask_price), draw(times), (plain(draw(amounts)), plain(draw(amounts))))


@with_a_database
@given(sample=st.lists(st.one_of(wild_trades, wild_quotes()), min_size=1, max_size=30))
def test_every_request_is_answered_whatever_prices_and_sizes_are_stored(
    sample: list[Record], admin: psycopg.Connection[Any], pipeline: Pipeline
) -> None:
    """Each interval is a 200 with JSON without NaN or Infinity; the day's variance is compared with 80 digits."""
    truncate(admin)
    deliver(pipeline, "x", sample)
    for interval in INTERVAL_MINUTES:
        ask("ACME", interval, "bars")
        items = ask("ACME", interval)
    bars = [row for _, row in sorted(plain_reference.bars(sample).items())]
    if bars:
        path = [bars[0][0], *(row[3] for row in bars)]
        assert relative_error(items[0]["realisedVariance"], exact_variance(path)) < 1e-15
    stats = [row for _, row in sorted(plain_reference.quote_stats(sample).items())]
    if stats:
        assert items[-1]["lastMicroprice"] == analytics.decimal_text(round(stats[-1][-1], 8))


def test_prices_are_answered_with_eight_decimals(pipeline: Pipeline) -> None:
    """The last microprice once had the twelve decimals of the database, and so differed from that of its only quote."""
    one_third = quote("1", "2", T0, ("1", "2"))
    deliver(pipeline, "a", [one_third, trade("1", "1", "1", T0), trade("2", "2", "2", T0)])
    (minute,) = ask("ACME", "1m", window={"to": "2026-01-02T10:01:00Z"})
    assert (minute["microprice"], minute["lastMicroprice"], minute["vwap"]) == (
        "1.33333333",
        "1.33333333",
        "1.66666667",
    )
    for units in CORNERS:
        assert analytics.decimal_text(analytics.last_microprice(_one_quote(decimal(units)))) == analytics.decimal_text(
            decimal(units)
        )
    halves = {"0.000000015": "0.00000002", "0.000000025": "0.00000002", "0.000000025001": "0.00000003"}
    for stored, answered in halves.items():
        stats = _one_quote(Decimal(stored))
        assert (
            analytics.decimal_text(analytics.last_microprice(stats))
            == analytics.decimal_text(analytics.microprice(stats))
            == answered
        )


def _one_quote(micro: Decimal) -> analytics.QuoteStats:
    return analytics.QuoteStats(1, 1, Decimal(0), Decimal(0), micro, micro)


# --- Documented ------------------------------------------------------------------------------------------------------
FUNCTIONS = {
    "bar": analytics.ohlcv,
    "vwap": analytics.vwap,
    "quotedSpread": analytics.quoted_spread,
    "quotedSpreadBps": analytics.quoted_spread_bps,
    "effectiveSpread": analytics.effective_spread,
    "effectiveSpreadBps": analytics.effective_spread_bps,
    "microprice": analytics.microprice,
    "lastMicroprice": analytics.last_microprice,
    "realisedVariance": analytics.realised_variance,
    "realisedVolatility": analytics.realised_volatility,
    "maxDrawdown": analytics.max_drawdown,
    "amihud": analytics.amihud,
    "quotes": analytics.quote_count,
}


def test_every_analytic_that_the_api_answers_is_documented() -> None:
    answered = set(analytics.summarise(analytics.Interval(T0, None, None, (), ())))
    assert answered == set(FUNCTIONS)
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert {name for name, *_ in rows} == answered, "one row for each analytic of the answer, and no other row"
    for name, *cells in rows:
        assert all(cell.strip() for cell in cells), f"{name} has an empty cell"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_analytic_names_formula_unit_and_source_where_it_is_computed(name: str) -> None:
    docstring = inspect.getdoc(FUNCTIONS[name]) or ""
    assert "Source: " in docstring
    units = ("currency per unit", "basis points", "dimensionless", "fraction", "per million of currency", "Number")
    assert any(unit in docstring for unit in units), docstring
