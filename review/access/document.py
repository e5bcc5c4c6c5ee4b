"""Policies as values that can be compared: read, united at one place, and bounded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from review.access.causes import Cause
from review.access.statements import ANYONE, Choice, Effect, Entry, Kind, Statement, Unread, read_policy


@dataclass(frozen=True)
class Document:
    """All that decides at one place: equal documents have the same canonical statements.

    Attributes:
        kind: What the policies are attached to.
        layers: The statements. A request needs an Allow in every layer: the identity policies of a role are one layer, its
            permissions boundary is another. A Deny in any layer denies.
    """

    kind: Kind
    layers: tuple[frozenset[Entry], ...]

    @classmethod
    def absent(cls, kind: Kind) -> Document:
        """No policy. An endpoint without one allows everything; another place then allows nothing.

        https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html: the default endpoint policy.
        """
        return cls(kind, (frozenset({_ALLOW_ALL}) if kind is Kind.ENDPOINT else frozenset(),))

    @property
    def default_of(self) -> str | None:
        """The resource type whose service applies a policy of its own, because the template has none; None elsewhere."""
        defaults = (
            entry for entry in self.layers[0] if isinstance(entry, Unread) and entry.cause is Cause.DEFAULT_POLICY
        )
        return next((entry.text for entry in defaults), None)

    def united(self, others: Iterable[Document]) -> Document:
        """The document with the statements of others that are attached to the same place."""
        first = self.layers[0].union(*(other.layers[0] for other in others))
        return Document(self.kind, (first, *self.layers[1:]))

    def bounded(self, boundary: Document) -> Document:
        """The document within a permissions boundary."""
        return Document(self.kind, (*self.layers, *boundary.layers))

    def doubtful(self, condition: str) -> Document:
        """The document if a condition that nobody knows decides whether it exists."""
        layers = (
            frozenset(Unread(Cause.CONDITION, f"{condition} {entry!r}", entry.effect) for entry in layer)
            for layer in self.layers
        )
        return Document(self.kind, tuple(layers))


def load(policy: Any, kind: Kind) -> Document:
    """Read a policy.

    Args:
        policy: Its resolved value: plain data, or the text of its JSON. What only the deployment knows is a
            `review.access.symbols.Symbol`; a function that remains becomes unknown.
        kind: What it is attached to.
    """
    return Document(kind, (read_policy(policy, kind),))


def unavailable(name: str, kind: Kind = Kind.IDENTITY, cause: Cause = Cause.OTHER_POLICY) -> Document:
    """A policy whose text is not known, by its ARN or another name."""
    return Document(kind, (frozenset({Unread(cause, name)}),))


_ALLOW_ALL = Statement(
    effect=Effect.ALLOW,
    principal=Choice((ANYONE,)),
    action=Choice((ANYONE,)),
    resource=Choice((ANYONE,)),
    conditions=(),
    variables=True,
)
