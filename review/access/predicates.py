"""What a statement asks of one dimension of a request.

A dimension is the principal, the action, the resource, one condition key, or one doubt. The value of a condition key is a
tuple of members: none for an absent key, one for a key with one value, any number for a key with several.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from review.access.causes import Doubt
from review.access.globs import Glob, is_within
from review.access.values import Matcher

PRINCIPAL, ACTION, RESOURCE = "principal", "action", "resource"
BARE, BACKED = "!", "+"
"""The sign of an AWS principal: without, or with identity policies that allow the request as well."""
KEY = "key "
DOUBT = "doubt "


@dataclass(frozen=True)
class Hidden:
    """A text with tokens, whose values are not known.

    Attributes:
        glob: The text; a token equals only itself.
        reading: How its tokens are compared. Two texts are comparable only if this is equal.
    """

    glob: Glob
    reading: str


@dataclass(frozen=True)
class Pattern:
    """One value of an element or condition.

    Attributes:
        matcher: The values that it matches.
        doubt: If not None, the pattern matches only if the doubt is true as well.
        hidden: The text, if its tokens are the doubt.
    """

    matcher: Glob | Matcher
    doubt: Doubt | None = None
    hidden: Hidden | None = None

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.matcher, self.doubt))

    def implies(self, other: Pattern) -> bool:
        """Whether the other pattern matches whatever this one matches, by the doubts of both."""
        if self.doubt == other.doubt:
            return True
        if self.hidden is None or other.hidden is None or self.hidden.reading != other.hidden.reading:
            return False
        return is_within(self.hidden.glob, other.hidden.glob)


class Quantifier(Enum):
    """How many members of a value a condition tests."""

    ONE = "the only member"
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


@dataclass(frozen=True)
class Predicate:
    """True for a member that matches any pattern; negated, for a member that matches no pattern.

    Attributes:
        if_absent: Its truth for an absent key.
    """

    dimension: str
    patterns: tuple[Pattern, ...]
    negated: bool = False
    quantifier: Quantifier = Quantifier.ONE
    if_absent: bool = False

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.dimension, self.patterns, self.negated, self.quantifier, self.if_absent))

    def truth(self, value: Value, *, certain: bool) -> bool | None:
        """Its truth for a value.

        Args:
            value: The value.
            certain: Whether a doubt leaves the truth open. Otherwise the value says which doubts are true.

        Returns:
            None if a doubt decides.
        """
        if self.quantifier is Quantifier.ONE:
            return self._member_truth(value[0], certain) if value else self.if_absent
        truths = {self._member_truth(member, certain) for member in value}
        decisive = self.quantifier is Quantifier.ANY
        return decisive if decisive in truths else None if None in truths else not decisive

    def _member_truth(self, member: Member, certain: bool) -> bool | None:
        hits = [pattern for pattern in self.patterns if pattern.matcher.matches(member.text)]
        if any(pattern.doubt is None for pattern in hits):
            return not self.negated
        if certain:
            return None if hits else self.negated
        granted = any(known.implies(pattern) for known in member.granted for pattern in hits)
        return granted is not self.negated

    def doubts(self, value: Value) -> set[Doubt]:
        """The doubts on which its truth for a value rests."""
        return {
            pattern.doubt
            for member in value
            for pattern in self.patterns
            if pattern.doubt is not None and pattern.matcher.matches(member.text)
        }


@dataclass(frozen=True)
class Member:
    """One member of a value.

    Attributes:
        granted: Patterns with a doubt that is true for the member.
    """

    text: str
    granted: frozenset[Pattern] = frozenset()


Value = tuple[Member, ...]
