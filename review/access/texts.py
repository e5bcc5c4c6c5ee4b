"""Reads the texts of policies as globs: exact texts, texts with wildcards, ARNs in conditions, and resources.

Sources, all below https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_elements_condition_operators.html
(which operators take wildcards; ARN operators compare each of the six components on its own),
reference_policies_elements_resource.html (``*`` at the end of a segment goes beyond the colon) and
reference_policies_variables.html (``${*}``, ``${?}`` and ``${$}`` are the characters themselves).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum, StrEnum

from review.access.globs import Element, Glob, Wild, glob
from review.access.symbols import Symbol, SymbolKind, letters

_ARN_COLONS = 5
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ESCAPED = ("*", "?", "$")


class Special(Enum):
    """What is not a letter of a text."""

    STAR = "*"
    MARK = "?"


Piece = str | Special


class Reading(StrEnum):
    """How a text is compared."""

    EXACT = "exact"
    IGNORING_CASE = "exact, whatever the case"
    LIKE = "with wildcards"
    LIKE_IGNORING_CASE = "with wildcards, whatever the case"
    ARN = "component by component"
    RESOURCE = "a wildcard crosses every colon"
    RESOURCE_IN_SEGMENTS = "only a wildcard at the end of a segment crosses colons"


def pieces(text: str, *, variables: bool) -> tuple[Piece, ...]:
    """The letters of a text with its wildcards; a policy variable is a token."""
    result: list[Piece] = []
    end = 0
    for match in _VARIABLE.finditer(text) if variables else ():
        result += map(_piece, letters(text[end : match.start()]))
        result.append(match[1] if match[1] in _ESCAPED else Symbol(SymbolKind.VARIABLE, match[1].lower()).token)
        end = match.end()
    return (*result, *map(_piece, letters(text[end:])))


def variable_names(text: str) -> list[str]:
    """The policy variables of a text."""
    return [name.lower() for name in _VARIABLE.findall(text) if name not in _ESCAPED]


def _piece(letter: str) -> Piece:
    return {"*": Special.STAR, "?": Special.MARK}.get(letter, letter)


def exact_glob(text: Sequence[Piece], reading: Reading) -> Glob:
    """The glob of a text; a token is a letter that equals only itself.

    Raises:
        ValueError: The text is to be an ARN and does not have its six components.
    """
    return glob(_READERS[reading](text), folds=reading in _FOLDING)


def widest_glob(text: Sequence[Piece], reading: Reading) -> Glob:
    """A glob that matches all that the text can match, whatever its tokens stand for."""
    read = _letters if reading in (Reading.EXACT, Reading.IGNORING_CASE) else _with_wildcards
    elements = [Wild.MANY if isinstance(element, str) and len(element) > 1 else element for element in read(text)]
    return glob(elements, folds=reading in _FOLDING)


def _letters(text: Sequence[Piece]) -> list[Element]:
    return [piece.value if isinstance(piece, Special) else piece for piece in text]


def _with_wildcards(text: Sequence[Piece]) -> list[Element]:
    wild = {Special.STAR: Wild.MANY, Special.MARK: Wild.ONE}
    return [wild[piece] if isinstance(piece, Special) else piece for piece in text]


def _arn(text: Sequence[Piece]) -> list[Element]:
    """A wildcard stays in its component, unless that is the last one. A token at the start is a whole ARN."""
    begins_with_token = bool(text) and isinstance(text[0], str) and len(text[0]) > 1
    colons = _ARN_COLONS if begins_with_token else 0
    elements: list[Element] = []
    for piece in text:
        in_last = colons >= _ARN_COLONS
        if piece is Special.STAR:
            elements.append(Wild.MANY if in_last else Wild.MANY_IN_SEGMENT)
        elif piece is Special.MARK:
            elements.append(Wild.ONE if in_last else Wild.ONE_IN_SEGMENT)
        else:
            elements.append(str(piece))
            colons += piece == ":"
    if colons < _ARN_COLONS:
        raise ValueError("This is not an ARN of six components.")
    return elements


def _resource_in_segments(text: Sequence[Piece]) -> list[Element]:
    elements: list[Element] = []
    for position, piece in enumerate(text):
        if piece is Special.STAR:
            following = next((later for later in text[position:] if later is not Special.STAR), ":")
            elements.append(Wild.MANY if following == ":" else Wild.MANY_IN_SEGMENT)
        elif piece is Special.MARK:
            elements.append(Wild.ONE_IN_SEGMENT)
        else:
            elements.append(str(piece))
    return elements


_READERS: dict[Reading, Callable[[Sequence[Piece]], list[Element]]] = {
    Reading.EXACT: _letters,
    Reading.IGNORING_CASE: _letters,
    Reading.LIKE: _with_wildcards,
    Reading.LIKE_IGNORING_CASE: _with_wildcards,
    Reading.ARN: _arn,
    Reading.RESOURCE: _with_wildcards,
    Reading.RESOURCE_IN_SEGMENTS: _resource_in_segments,
}
_FOLDING = (Reading.IGNORING_CASE, Reading.LIKE_IGNORING_CASE)
