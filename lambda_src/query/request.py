"""The parameters of a request: symbol, interval, range, page. No AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from common import schema
from common.errors import RequestError

DAY_NS = 24 * 60 * schema.NANOS_PER_MINUTE
INTERVAL_MINUTES: Mapping[str, int] = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": 1440}
MAX_RANGE_DAYS = {"1m": 31, "5m": 92, "15m": 92, "1h": 366, "1d": 366}
DEFAULT_LIMIT = 200
MAX_LIMIT = 1000
_SYMBOL = re.compile(schema.SYMBOL_PATTERN)
_PARAMETERS = frozenset({"interval", "from", "to", "limit", "cursor"})


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of buckets. Times are epoch nanoseconds on the interval's grid. ``end_ns`` is exclusive."""

    symbol: str
    interval: str
    start_ns: int
    end_ns: int
    limit: int

    @property
    def bucket_ns(self) -> int:
        """Length of a bucket."""
        return INTERVAL_MINUTES[self.interval] * schema.NANOS_PER_MINUTE


def parse(symbol: str, parameters: Mapping[str, str]) -> PageRequest:
    """The requested page. Raises RequestError 400 with the parameter's name.

    ``from`` moves down and ``to`` moves up to the interval's grid (UTC), so that each bucket of an answer is whole.
    ``cursor`` is the ``nextCursor`` of the previous page.
    """
    if not _SYMBOL.fullmatch(symbol):
        raise _bad_parameter("symbol", f"does not match {schema.SYMBOL_PATTERN}")
    unknown = sorted(parameters.keys() - _PARAMETERS)
    if unknown:
        raise _bad_parameter(unknown[0][:40], "is not a parameter of this path")
    interval = parameters.get("interval", "1m")
    if interval not in INTERVAL_MINUTES:
        raise _bad_parameter("interval", "must be one of " + ", ".join(INTERVAL_MINUTES))
    grid = INTERVAL_MINUTES[interval] * schema.NANOS_PER_MINUTE
    start, end = _moment(parameters, "from"), _moment(parameters, "to")
    if start >= end:
        raise _bad_parameter("from", "must be before to")
    start, end = start - start % grid, end + -end % grid
    if end - start > MAX_RANGE_DAYS[interval] * DAY_NS:
        raise _bad_parameter(
            "to", f"must be at most {MAX_RANGE_DAYS[interval]} days after from with interval {interval}"
        )
    return PageRequest(symbol, interval, _page_start(parameters, start, end, grid), end, _limit(parameters))


def _page_start(parameters: Mapping[str, str], start: int, end: int, grid: int) -> int:
    if "cursor" not in parameters:
        return start
    token = parameters["cursor"]
    if not re.fullmatch("[0-9]{1,19}", token) or not start <= int(token) < end or int(token) % grid:
        raise _bad_parameter("cursor", "is not of this range and interval")
    return int(token)


def _moment(parameters: Mapping[str, str], name: str) -> int:
    text = parameters.get(name, "")
    if not text:
        raise _bad_parameter(name, "is missing")
    try:
        # The "+" of an offset arrives as a blank if the client did not encode it.
        return schema.parse_timestamp(re.sub(r" (\d\d:\d\d)$", r"+\1", text))
    except ValueError as error:
        raise _bad_parameter(name, str(error)) from None


def _limit(parameters: Mapping[str, str]) -> int:
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise _bad_parameter("limit", f"must be an integer from 1 to {MAX_LIMIT}")
    return int(text)


def _bad_parameter(name: str, reason: str) -> RequestError:
    return RequestError(400, "bad_parameter", f"{name}: {reason}", details={"parameter": name})
