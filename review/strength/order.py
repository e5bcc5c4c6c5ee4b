"""Compares two ranks of strength, so that a change and its reversal always get opposite directions.

A rule gives each side of a change a rank. A rank is whatever has ``<=``: a number, a truth, or a set of what is protected,
which is only partly ordered. A change of a partly ordered rank can be weaker and stronger at once.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Flag
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from review.strength.values import UNKNOWN, canonical

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

Rank = Any
"""A rank of strength with ``<=``, or ``UNKNOWN``."""


class Outcome(Flag):
    """What a change does to the strength of a thing."""

    EQUAL = 0
    WEAKER = 1
    STRONGER = 2
    PERHAPS_WEAKER = 4
    PERHAPS_STRONGER = 8


@dataclass(frozen=True)
class Bounds:
    """The ranks below and above which there is nothing; ``UNKNOWN`` where there is no such rank."""

    weakest: Rank = UNKNOWN
    strongest: Rank = UNKNOWN


@dataclass(frozen=True)
class Opaque:
    """The rank of a value that only a person can order: two of them are equal, or the outcome is unknown.

    Attributes:
        content: The value; None for one that is not compared.
    """

    content: str | None


def compare(before: Rank, after: Rank, bounds: Bounds) -> Outcome:
    """What the change from one rank to another does.

    A side that is unknown may be anything: the change may be weaker, unless the known side is the weakest before or the
    strongest after.
    """
    if isinstance(before, Opaque) and isinstance(after, Opaque):
        is_same = before == after or before.content is None or after.content is None
        return Outcome.EQUAL if is_same else Outcome.PERHAPS_WEAKER
    if before is UNKNOWN or after is UNKNOWN:
        return _compare_unknown(before, after, bounds)
    weaker = Outcome.EQUAL if before <= after else Outcome.WEAKER
    stronger = Outcome.EQUAL if after <= before else Outcome.STRONGER
    return weaker | stronger


def _compare_unknown(before: Rank, after: Rank, bounds: Bounds) -> Outcome:
    from_weakest = before is not UNKNOWN and bounds.weakest is not UNKNOWN and before <= bounds.weakest
    to_strongest = after is not UNKNOWN and bounds.strongest is not UNKNOWN and bounds.strongest <= after
    return Outcome.PERHAPS_STRONGER if from_weakest or to_strongest else Outcome.PERHAPS_WEAKER


@dataclass(frozen=True)
class Granted:
    """What is allowed: the more, the weaker.

    A member can be a pattern with ``*``, which contains what it matches, or a network, which contains smaller ones.
    """

    members: frozenset[str]

    @classmethod
    def of(cls, values: Iterable[Any]) -> Granted:
        """The members by their text."""
        return cls(frozenset(map(canonical, values)))

    def __le__(self, other: Granted) -> bool:
        """Whether this side is as weak as the other: it allows all that the other allows."""
        return all(self._allows(member) for member in other.members)

    def _allows(self, member: str) -> bool:
        if member in self.members or any(fnmatchcase(member, pattern) for pattern in self._patterns):
            return True
        inner = _network(member)
        return inner is not None and any(is_inside(inner, outer) for outer in self._networks)

    @cached_property
    def _patterns(self) -> list[str]:
        return [member.replace("[", "[[]").replace("?", "[?]") for member in self.members if "*" in member]

    @cached_property
    def _networks(self) -> list[Network]:
        return [network for network in map(_network, self.members) if network is not None]


def _network(text: str) -> Network | None:
    """The network that a text writes; None for another text."""
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def is_inside(inner: Network, outer: Network) -> bool:
    """Whether a network is a part of another, or the same."""
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Selection:
    """A selection by name: those that are listed, or all but those.

    Attributes:
        names: The names.
        all_but: Whether the names are those that are left out.
    """

    names: frozenset[str]
    all_but: bool = False

    def is_within(self, other: Selection) -> bool:
        """Whether the other selects all that this one selects."""
        if other.all_but:
            return other.names <= self.names if self.all_but else not self.names & other.names
        return not self.all_but and self.names <= other.names


@dataclass(frozen=True)
class Served(Selection):
    """A selection of which more is weaker."""

    def __le__(self, other: Served) -> bool:
        """Whether this side selects all that the other selects."""
        return other.is_within(self)


@dataclass(frozen=True)
class Watched(Selection):
    """A selection of which more is stronger."""

    def __le__(self, other: Watched) -> bool:
        """Whether the other side selects all that this side selects."""
        return self.is_within(other)


@dataclass(frozen=True)
class Protected:
    """What is protected: the more, the stronger. ``everything`` stands for all members that there could be."""

    members: frozenset[str]
    everything: bool = False

    @classmethod
    def of(cls, values: Iterable[Any]) -> Protected:
        """The members by their text."""
        return cls(frozenset(map(canonical, values)))

    def __le__(self, other: Protected) -> bool:
        """Whether the other side protects all that this side protects."""
        return other.everything or (not self.everything and self.members <= other.members)


EVERYTHING = Protected(frozenset(), everything=True)
NOTHING = Protected(frozenset())
NOBODY = Granted(frozenset())
EVERYBODY = Granted(frozenset({"*"}))
