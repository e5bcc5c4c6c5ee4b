"""Values that are not text: numbers, dates, IP addresses and booleans, with the finite set of values that decides each.

All values between two neighbouring limits are equal to every matcher, so the limits and one value beside each are enough.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise

_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?")
# https://www.w3.org/TR/NOTE-datetime, which the page of condition operators names.
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?")
_EPOCH = re.compile(r"\d{5,}(\.\d+)?")
_RELATIONS = {
    "=": lambda value, limit: value == limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


class Family(Enum):
    """The kinds of values that condition operators compare."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    NETWORK = "address"
    TRUTH = "boolean"


@dataclass(frozen=True)
class Bound:
    """Numbers or dates on one side of a limit; dates are seconds since 1970."""

    family: Family
    relation: str
    limit: Decimal

    def matches(self, text: str) -> bool:
        """Whether a value has the relation to the limit. A text that is no number or date has none."""
        try:
            amount = _amount(self.family, text)
        except ValueError:
            return False
        return bool(_RELATIONS[self.relation](amount, self.limit))


@dataclass(frozen=True)
class Network:
    """The addresses of a network."""

    block: ipaddress.IPv4Network | ipaddress.IPv6Network

    def matches(self, text: str) -> bool:
        """Whether an address lies in the network. A text that is no address lies in none."""
        try:
            return ipaddress.ip_address(text) in self.block
        except ValueError:
            return False


@dataclass(frozen=True)
class Truth:
    """One boolean."""

    value: str

    def matches(self, text: str) -> bool:
        """Whether it is the boolean."""
        return text == self.value


Matcher = Bound | Network | Truth


def bound(family: Family, relation: str, text: str) -> Bound:
    """Raises ValueError if the text is neither a number nor a date, as the family wants."""
    return Bound(family, relation, _amount(family, text))


def network(text: str) -> Network:
    """Raises ValueError if the text is not an address or a network."""
    return Network(ipaddress.ip_network(text, strict=False))


def truth(text: str) -> Truth:
    """Raises ValueError if the text is not a boolean."""
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is not a boolean.")
    return Truth(text)


def _amount(family: Family, text: str) -> Decimal:
    if family is Family.NUMBER or _EPOCH.fullmatch(text):
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"{text!r} is not a number.")
        return Decimal(text)
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date.")
    padded = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    moment = datetime.fromisoformat(padded)
    return Decimal(repr((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))


# ---- the values that decide ------------------------------------------------------------------------------------------


def candidates(matchers: Sequence[Matcher]) -> tuple[str, ...]:
    """Values such that every other value is equal to one of them for all matchers, which are of one family."""
    bounds = [matcher for matcher in matchers if isinstance(matcher, Bound)]
    if bounds:
        amounts = sorted({matcher.limit for matcher in bounds})
        return tuple(_amount_text(bounds[0].family, amount) for amount in _around(amounts))
    networks = [matcher for matcher in matchers if isinstance(matcher, Network)]
    if networks:
        addresses = {address for matcher in networks for address in _edges(matcher)}
        return tuple(map(str, sorted(addresses, key=lambda address: (address.version, int(address)))))
    return ("true", "false")


def _around(amounts: Sequence[Decimal]) -> Iterator[Decimal]:
    """Each limit, a value between each two neighbours, and one beyond either end."""
    yield amounts[0] - 1
    for lower, upper in pairwise(amounts):
        yield lower
        yield lower + 1 if lower + 1 < upper else (lower + upper) / 2
    yield amounts[-1]
    yield amounts[-1] + 1


def _amount_text(family: Family, amount: Decimal) -> str:
    whole = amount == amount.to_integral_value()
    if family is Family.DATE and whole and 0 <= amount < Decimal(253402300800):  # the year 10000
        return datetime.fromtimestamp(int(amount), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{amount.normalize():f}"


def _edges(matcher: Network) -> Iterable[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The first and last address of a network, and the addresses before and after."""
    block = matcher.block
    yield from (block[0], block[-1])
    first, last = int(block[0]), int(block[-1])
    if first:
        yield type(block[0])(first - 1)
    if last < 2**block.max_prefixlen - 1:
        yield type(block[0])(last + 1)
    yield from (ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8::1"))
