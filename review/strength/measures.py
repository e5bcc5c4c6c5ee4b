"""Measures: how strong a value is. Each gives a rank, and the rank of an absent value is that of the service's default."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from review.strength.order import EVERYBODY, EVERYTHING, NOBODY, NOTHING, Bounds, Granted, Opaque, Protected, Rank
from review.strength.values import (
    UNKNOWN,
    Unknown,
    canonical,
    is_empty,
    is_function,
    is_resolved,
    items,
    number,
    text,
    truth,
)

NEVER = math.inf
"""The default of a duration or a limit whose absence means without end."""


class Measure:
    """How strong a value is.

    Attributes:
        absent: The value that the service uses if the property is absent; None if an absent property has a rank of its
            own; ``UNKNOWN`` if the default depends on something that the template does not say.
    """

    absent: Any = None

    @property
    def bounds(self) -> Bounds:
        """The weakest and the strongest rank."""
        return self._bounds()

    def _bounds(self) -> Bounds:
        return Bounds()

    def rank(self, value: Any) -> Rank:
        """The rank of a value, or of its absence."""
        if value is None:
            value = self.absent
        return UNKNOWN if value is UNKNOWN else self._rank(value)

    def _rank(self, value: Any) -> Rank:
        raise NotImplementedError


@dataclass(frozen=True)
class On(Measure):
    """A switch that protects when it is on."""

    absent: Any = False

    def _bounds(self) -> Bounds:
        return Bounds(False, True)

    def _rank(self, value: Any) -> Rank:
        return truth(value)


@dataclass(frozen=True)
class Off(Measure):
    """A switch that protects when it is off."""

    absent: Any = False

    def _bounds(self) -> Bounds:
        return Bounds(False, True)

    def _rank(self, value: Any) -> Rank:
        switch = truth(value)
        return switch if isinstance(switch, Unknown) else not switch


@dataclass(frozen=True)
class Present(Measure):
    """A property that protects by being there, such as the destination of a log. A function stands for a value."""

    absent: Any = None

    def _bounds(self) -> Bounds:
        return Bounds(False, True)

    def _rank(self, value: Any) -> Rank:
        return UNKNOWN if is_function(value) and "Fn::If" in value else not is_empty(value)


@dataclass(frozen=True)
class Missing(Measure):
    """A property that weakens by being there, such as a list of exceptions."""

    absent: Any = None

    def _bounds(self) -> Bounds:
        return Bounds(False, True)

    def _rank(self, value: Any) -> Rank:
        return UNKNOWN if is_function(value) and "Fn::If" in value else is_empty(value)


@dataclass(frozen=True)
class Key(Measure):
    """A KMS key: none, the key that AWS manages for all its customers, or the customer's own.

    Only a customer's own key has a policy that the customer can restrict:
    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#customer-cmk
    """

    absent: Any = ""

    def _bounds(self) -> Bounds:
        return Bounds(0, 2)

    def _rank(self, value: Any) -> Rank:
        if is_empty(value):
            return 0
        if is_function(value):
            # What is left of a Ref or GetAtt after the parameters are resolved is a resource of the template.
            known = next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Join")
            return UNKNOWN if not known else 1 if "alias/aws/" in canonical(value) else 2
        if not is_resolved(value):
            return UNKNOWN
        return 1 if "alias/aws/" in canonical(value) else 2


@dataclass(frozen=True)
class More(Measure):
    """A number of which more is stronger. Some services write ``-1`` or ``0`` for without end."""

    absent: Any = UNKNOWN
    endless: Sequence[float] = ()
    weakest: Any = UNKNOWN

    def _bounds(self) -> Bounds:
        return Bounds(self.weakest, UNKNOWN)

    def _rank(self, value: Any) -> Rank:
        amount = number(value)
        return math.inf if amount in self.endless else amount


@dataclass(frozen=True)
class Less(Measure):
    """A number of which less is stronger, such as a limit or the interval of a rotation."""

    absent: Any = UNKNOWN
    endless: Sequence[float] = ()

    def _bounds(self) -> Bounds:
        return Bounds(-math.inf, UNKNOWN)

    def _rank(self, value: Any) -> Rank:
        amount = number(value)
        if isinstance(amount, Unknown):
            return UNKNOWN
        return -math.inf if amount in self.endless else -amount


@dataclass(frozen=True)
class Levels(Measure):
    """Words in the order of their strength, the weakest first. Words of one level are separated by a bar.

    Attributes:
        absent: The word that an absent property means; by default the weakest.
        other: The level of a word that is not listed; None if it has no known place.
    """

    words: Sequence[str]
    absent: Any = None
    other: int | None = None

    def _bounds(self) -> Bounds:
        return Bounds(0, max(len(self.words) - 1, self.other or 0))

    def rank(self, value: Any) -> Rank:
        """The level of a word; without a default an absent word is as weak as the weakest."""
        if value is None and self.absent is None:
            return 0
        return super().rank(value)

    def _rank(self, value: Any) -> Rank:
        word = text(value)
        if isinstance(word, Unknown):
            return UNKNOWN
        for level, words in enumerate(self.words):
            if word.lower() in words.lower().split("|"):
                return level
        return UNKNOWN if self.other is None else self.other


@dataclass(frozen=True)
class Members(Measure):
    """A list of what is protected: logs that are exported, actions of an alarm, zones.

    Attributes:
        absent: The list that an absent property means; ``EVERYTHING`` if it means all.
        all_words: The members that stand for all.
        no_words: The members that stand for none.
    """

    absent: Any = ()
    all_words: Sequence[str] = ()
    no_words: Sequence[str] = ()

    def _bounds(self) -> Bounds:
        return Bounds(NOTHING, EVERYTHING)

    def _rank(self, value: Any) -> Rank:
        if value is EVERYTHING:
            return value
        members = items(value)
        if isinstance(members, Unknown):
            return UNKNOWN
        rank = Protected.of(map(member_text, members))
        return EVERYTHING if rank.members & set(self.all_words) else Protected(rank.members - set(self.no_words))


@dataclass(frozen=True)
class Allows(Measure):
    """A list of what is allowed: origins, addresses, accounts, methods. ``*`` and ``everything`` allow all.

    Attributes:
        absent: The list that an absent property means; ``EVERYBODY`` if it means all.
    """

    absent: Any = ()
    all_words: Sequence[str] = ()

    def _bounds(self) -> Bounds:
        return Bounds(EVERYBODY, NOBODY)

    def _rank(self, value: Any) -> Rank:
        if value is EVERYBODY:
            return value
        members = items(value)
        if isinstance(members, Unknown):
            return UNKNOWN
        rank = Granted.of(map(member_text, members))
        return EVERYBODY if rank.members & {"*", *self.all_words} else rank


_MEMBER_NAMES = (
    "Name",
    "RuleName",
    "RuleId",
    "Id",
    "Region",
    "RegionName",
    "Key",
    "ApiId",
    "AuthenticationType",
    "DestinationBackupVaultArn",
    "HeaderName",
)


def member_text(item: Any) -> Any:
    """A member of a list: of a mapping that has a name, the name."""
    if isinstance(item, Mapping) and not is_function(item):
        for key in _MEMBER_NAMES:
            if key in item:
                return item[key]
    return item


@dataclass(frozen=True)
class Graded(Measure):
    """A value that a function grades, because more than one property decides.

    Attributes:
        grade: Gives the rank of a value, also of None for an absent one.
    """

    grade: Callable[[Any], Rank]
    edges: Bounds = field(default_factory=Bounds)

    def _bounds(self) -> Bounds:
        return self.edges

    def rank(self, value: Any) -> Rank:
        """The rank that the function gives."""
        return UNKNOWN if is_function(value) else self.grade(value)


@dataclass(frozen=True)
class Unordered(Measure):
    """A value that only a person can order: a filter, a rule, a document."""

    absent: Any = None

    def rank(self, value: Any) -> Rank:
        """A rank that is only equal to itself."""
        value = self.absent if value is None else value
        return Opaque("" if is_empty(value) else canonical(value))


@dataclass(frozen=True)
class Altered(Measure):
    """A value that only a person can order, where another row says what its presence means."""

    def rank(self, value: Any) -> Rank:
        """A rank that is equal to itself and to an absent value."""
        return Opaque(None if is_empty(value) else canonical(value))


def at(value: Any, path: str) -> Any:
    """The value below a mapping by its path, ``A/B``. Below a function there is the function, which is not resolved."""
    for part in path.split("/"):
        if is_function(value):
            return value
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def same_text(left: Any, right: Any) -> bool:
    """Whether two values have the same text, without regard to case."""
    return canonical(left).lower() == canonical(right).lower()


FLAG = Bounds(False, True)
"""The bounds of a rank that is a truth."""
