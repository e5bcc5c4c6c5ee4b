"""The analytics, each by its standard definition, as pure functions of an interval in event time (UTC).

Notation: trades i with price p_i and size s_i; one-minute bars k = 1 … n of the interval with close C_k and traded
value V_k. A minute without a trade has no bar and gets no invented one. The next bar's return spans it (previous-tick
sampling). C_0 is the price in force when the interval begins. That is the last close before it on the same UTC day, or
the interval's own open if it has the day's first trade. So no return crosses midnight (the overnight jump is not intraday
variance), no return within a day is left out, and the squares of a day's minutes add up to the day's.

Quotes are in force until the symbol's next one, at most 60 seconds; w_j is the time in nanoseconds that quote j (bid b,
ask a, sizes q_b and q_a, mid m = (a + b) / 2) is in force in the interval. Time without a quote in force has no weight.

Sums are exact decimals. Only logarithms and pure ratios are binary floating point, and only after an exact division. A
result is None without data to compute it from. Each formula holds for all prices and sizes that the schema accepts, from
10⁻⁸ to 10¹⁰, and for moves between these bounds. docs/analytics.md has the same with an example.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import accumulate, pairwise

from common.schema import NANOS_PER_MINUTE

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_PRICE_UNIT = Decimal("0.00000001")
MILLION = 1_000_000.0
BASIS_POINTS = 10_000
DAY_NS = 24 * 60 * NANOS_PER_MINUTE


@dataclass(frozen=True, slots=True)
class Bar:
    """Trades of an interval. ``notional`` is the sum of p·s. The effective sums are as in ``trading.bars_1m``."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    notional: Decimal
    trades: int
    effective_spread: Decimal
    effective_relative: Decimal
    effective_volume: Decimal


@dataclass(frozen=True, slots=True)
class QuoteStats:
    """Quotes of an interval. The sums are as in ``trading.quote_stats_1m``."""

    quotes: int
    covered_ns: int
    spread_ns: Decimal
    relative_ns: Decimal
    microprice_ns: Decimal
    last_microprice: Decimal


@dataclass(frozen=True, slots=True)
class Interval:
    """One interval of a symbol, with a bar, quotes or both, and its minutes with a trade in ascending order.

    ``closes`` are C_1 … C_n and ``notionals`` V_1 … V_n.
    """

    start_ns: int
    bar: Bar | None
    quotes: QuoteStats | None
    closes: Sequence[Decimal]
    notionals: Sequence[Decimal]


@dataclass(frozen=True, slots=True)
class LastClose:
    """The last close before an interval, and a time on its day."""

    at_ns: int
    close: Decimal


def prices(interval: Interval, before: LastClose | None) -> list[Decimal]:
    """C_0, C_1 … C_n of an interval, empty without a trade. ``before`` is the last close before it, on any day."""
    if interval.bar is None:
        return []
    same_day = before is not None and before.at_ns // DAY_NS == interval.start_ns // DAY_NS
    return [before.close if before is not None and same_day else interval.bar.open, *interval.closes]


def last_close(interval: Interval, before: LastClose | None) -> LastClose | None:
    """The last close for the next interval. No interval spans midnight, so its start is on the day of the close."""
    return before if interval.bar is None else LastClose(interval.start_ns, interval.bar.close)


def summarise(interval: Interval, before: LastClose | None = None) -> dict[str, object]:
    """All analytics of one interval, prices as decimal text and ratios as numbers."""
    path = prices(interval, before)
    variance = realised_variance(path)
    return {
        "bar": ohlcv(interval.bar),
        "vwap": decimal_text(vwap(interval.bar)),
        "quotedSpread": decimal_text(quoted_spread(interval.quotes)),
        "quotedSpreadBps": quoted_spread_bps(interval.quotes),
        "effectiveSpread": decimal_text(effective_spread(interval.bar)),
        "effectiveSpreadBps": effective_spread_bps(interval.bar),
        "microprice": decimal_text(microprice(interval.quotes)),
        "lastMicroprice": decimal_text(last_microprice(interval.quotes)),
        "realisedVariance": variance,
        "realisedVolatility": realised_volatility(variance),
        "maxDrawdown": max_drawdown(path),
        "amihud": amihud(path, interval.notionals),
        "quotes": quote_count(interval.quotes),
    }


def ohlcv(bar: Bar | None) -> dict[str, object] | None:
    """First, highest, lowest and last price (currency per unit), volume (units) and number of trades. All exact.

    Ties in time are broken by trade_id. Source: none, the usual definition of a bar.
    """
    if bar is None:
        return None
    return {
        "open": decimal_text(bar.open),
        "high": decimal_text(bar.high),
        "low": decimal_text(bar.low),
        "close": decimal_text(bar.close),
        "volume": decimal_text(bar.volume),
        "trades": bar.trades,
    }


def vwap(bar: Bar | None) -> Decimal | None:
    """Σ p_i·s_i / Σ s_i, currency per unit.

    Source: Berkowitz, Logue, Noser (1988), "The Total Cost of Transactions on the NYSE", Journal of Finance 43(1).
    """
    return None if bar is None else _ratio(bar.notional, bar.volume)


def quoted_spread(quotes: QuoteStats | None) -> Decimal | None:
    """Time-weighted: Σ w_j·(a_j − b_j) / Σ w_j, currency per unit.

    Source: Holden, Jacobsen (2014), "Liquidity Measurement Problems in Fast, Competitive Markets", Journal of Finance
    69(4).
    """
    return None if quotes is None else _ratio(quotes.spread_ns, Decimal(quotes.covered_ns))


def quoted_spread_bps(quotes: QuoteStats | None) -> float | None:
    """Time-weighted: 10⁴ · Σ w_j·(a_j − b_j)/m_j / Σ w_j, basis points. Source: as ``quoted_spread``."""
    return None if quotes is None else _basis_points(quotes.relative_ns, Decimal(quotes.covered_ns))


def effective_spread(bar: Bar | None) -> Decimal | None:
    """Σ 2·|p_i − m_i|·s_i / Σ s_i over trades with a quote in force (its mid m_i), currency per unit.

    Source: share-weighted average of double the distance to the midpoint, 17 CFR 242.600 "average effective spread"
    (SEC Rule 605), with the mid at the time of the trade.
    """
    return None if bar is None else _ratio(bar.effective_spread, bar.effective_volume)


def effective_spread_bps(bar: Bar | None) -> float | None:
    """10⁴ · Σ 2·|p_i − m_i|/m_i·s_i / Σ s_i, basis points. Source: as ``effective_spread``."""
    return None if bar is None else _basis_points(bar.effective_relative, bar.effective_volume)


def microprice(quotes: QuoteStats | None) -> Decimal | None:
    """Time-weighted mean of (b·q_a + a·q_b) / (q_a + q_b), currency per unit.

    Source: Gatheral, Oomen (2010), "Zero-intelligence realized variance estimation", Finance and Stochastics 14;
    Stoikov (2018), "The micro-price", Quantitative Finance 18, calls it the weighted mid-price.
    """
    return None if quotes is None else _ratio(quotes.microprice_ns, Decimal(quotes.covered_ns))


def last_microprice(quotes: QuoteStats | None) -> Decimal | None:
    """(b·q_a + a·q_b) / (q_a + q_b) of the last quote in force in the interval, currency per unit.

    Rounded like every price that is answered: where one quote is in force throughout, it equals ``microprice``.

    Source: as ``microprice``.
    """
    return None if quotes is None else _EXACT.quantize(quotes.last_microprice, _PRICE_UNIT)


def quote_count(quotes: QuoteStats | None) -> int:
    """Number of distinct quotes whose time lies in the interval; 0 where only an earlier one was in force.

    Source: none, a count; it says how much the spreads and the microprice rest on.
    """
    return 0 if quotes is None else quotes.quotes


def realised_variance(path: Sequence[Decimal]) -> float | None:
    """Σ (ln C_k − ln C_{k−1})², dimensionless, for the interval (not annualised), from C_0, C_1 … C_n.

    Source: Andersen, Bollerslev, Diebold, Labys (2003), "Modeling and Forecasting Realized Volatility", Econometrica
    71(2); the night is apart, as in Hansen, Lunde (2005), "A Realized Variance for the Whole Day Based on Intermittent
    High-Frequency Data", Journal of Financial Econometrics 3(4).
    """
    if len(path) < 2:
        return None
    return math.fsum(_log_distance(before, now) ** 2 for before, now in pairwise(path))


def realised_volatility(variance: float | None) -> float | None:
    """Square root of the realised variance, dimensionless, for the interval (not annualised).

    Source: as ``realised_variance``.
    """
    return None if variance is None else math.sqrt(variance)


def max_drawdown(path: Sequence[Decimal]) -> float | None:
    """max_k (1 − C_k / max_{l ≤ k} C_l) over C_0, C_1 … C_n, a fraction from 0 to 1.

    Sampled at the closes of minutes: within a minute the order of high and low is not kept. Over a gap the price in force
    is the one before it.

    Source: Magdon-Ismail, Atiya (2004), "Maximum Drawdown", Risk Magazine 17(10), relative to the peak.
    """
    if len(path) < 2:
        return None
    peaks = accumulate(path, max)
    return max(float(_EXACT.divide(peak - price, peak)) for price, peak in zip(path, peaks, strict=True))


def amihud(path: Sequence[Decimal], notionals: Sequence[Decimal]) -> float | None:
    """10⁶/n · Σ |C_k/C_{k−1} − 1| / V_k: absolute return per million of currency traded, over the n one-minute bars.

    Source: Amihud (2002), "Illiquidity and stock returns", Journal of Financial Markets 5(1), there over days.
    """
    if not notionals:
        return None
    returns = (_growth(before, abs(now - before)) for before, now in pairwise(path))
    terms = (growth / float(value) for growth, value in zip(returns, notionals, strict=True))
    return MILLION * math.fsum(terms) / len(notionals)


def decimal_text(value: Decimal | None) -> str | None:
    """A decimal without exponent and without trailing zeros."""
    if value is None:
        return None
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _ratio(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    """A quotient to 8 decimals, half to even."""
    if not denominator:
        return None
    return _EXACT.quantize(_EXACT.divide(numerator, denominator), _PRICE_UNIT)


def _basis_points(numerator: Decimal, denominator: Decimal) -> float | None:
    """10⁴ times a quotient, divided exactly and rounded once."""
    if not denominator:
        return None
    return float(_EXACT.divide(_EXACT.multiply(numerator, BASIS_POINTS), denominator))


def _log_distance(first: Decimal, second: Decimal) -> float:
    """|ln first − ln second| to the last digits of a double, however near or far apart the two prices are.

    It is the logarithm of 1 plus the exact rise from the lower to the higher price. The difference of two logarithms would
    lose small moves of large prices in rounding. A large fall would round to −1, which has no logarithm.
    """
    low, high = (first, second) if first < second else (second, first)
    return math.log1p(_growth(low, high - low))


def _growth(price: Decimal, change: Decimal) -> float:
    """A change relative to the price, divided exactly and rounded once."""
    return float(_EXACT.divide(change, price)) if change else 0.0
