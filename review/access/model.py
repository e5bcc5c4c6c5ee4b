"""How the texts of policies become patterns: what tokens stand for, and how wildcards in resources are read.

Two questions need two models. To show that nothing is broader, a token of a resource may stand for any text: whether its
pattern matches a given text is a doubt, the same before and after. To find a request as an example, a token is a value of its
own, which equals no other text.

That distinct tokens are distinct texts would not be enough for the first question: ``NotResource`` with a token may exclude
what another pattern matches by its plain text.
"""

from __future__ import annotations

from dataclasses import dataclass

from review.access.causes import Cause, Doubt
from review.access.globs import ANYTHING, Glob
from review.access.predicates import Hidden, Pattern
from review.access.symbols import SymbolKind, symbols
from review.access.texts import Reading, exact_glob, pieces, widest_glob


@dataclass(frozen=True)
class Model:
    """How texts are read.

    Attributes:
        fresh: Whether the value of a resource is a value of its own. Otherwise it may be any text.
        in_segments: Whether a wildcard within a segment of a resource stays in the segment.
        mixed: The condition keys whose conditions cannot be compared.
    """

    fresh: bool = False
    in_segments: bool = False
    mixed: frozenset[str] = frozenset()

    @property
    def resources(self) -> Reading:
        """How resources are read."""
        return Reading.RESOURCE_IN_SEGMENTS if self.in_segments else Reading.RESOURCE

    def pattern(self, text: str, reading: Reading, *, variables: bool = False) -> Pattern:
        """The pattern of one text.

        Args:
            text: The text, with tokens.
            reading: How it is compared.
            variables: Whether ``${…}`` is a policy variable.
        """
        parts = pieces(text, variables=variables)
        unknown = self.unknown_cause("".join(str(part) for part in parts))
        try:
            exact = exact_glob(parts, reading)
        except ValueError:
            return Pattern(ANYTHING, Doubt(unknown or Cause.VALUE, f"{text} ({reading})"))
        if unknown is None:
            return Pattern(exact)
        # The value of a resource has no wildcard, so operators with and without wildcards compare it alike.
        alike = unknown is Cause.REFERENCE and reading in (Reading.EXACT, Reading.LIKE)
        form = Reading.LIKE if alike else reading
        return Pattern(widest_glob(parts, reading), Doubt(unknown, f"{_shape(exact)} ({form})"), Hidden(exact, form))

    def unknown_cause(self, text: str) -> Cause | None:
        """Why the tokens of a text leave its value open; None if they do not."""
        causes = [symbol.cause for symbol in symbols(text) if not (self.fresh and symbol.kind is SymbolKind.REFERENCE)]
        return next((cause for cause in causes if cause is not Cause.REFERENCE), causes[0] if causes else None)


def _shape(exact: Glob) -> str:
    """A glob as text. Texts of one shape match the same values."""
    return "".join(element if isinstance(element, str) else f"<{element.name}>" for element in exact.elements)
