"""Placeholders for values that only a deployment knows, as objects in resolved templates and as tokens within texts.

``cfn.resolve`` leaves ``{"Ref": "Bucket"}`` for such a value. This form loses the stack, so the values of two stacks look
equal. Callers of ``cfn.resolve.Scope`` therefore return a `Symbol` from the scope's ``attribute``: it passes through
``Fn::Join``, ``Fn::Sub`` and parameters of nested stacks as one object. ``review.access.stacks`` does so.

Within a text a symbol is a token: its name between two characters of Unicode's private use area. No policy contains these
characters, so a token never equals ordinary text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cfn.marks import CHANGED, POSSIBLE
from cfn.resolve import NO_VALUE
from cfn.text import is_scalar, scalar_text
from review.access.causes import Cause


class SymbolKind(Enum):
    """What a symbol stands for; the value is the character that opens its token."""

    REFERENCE = "\ue000"
    PARAMETER = "\ue001"
    CONDITION = "\ue002"
    VARIABLE = "\ue003"


_CLOSE = "\ue00f"
_TOKEN = re.compile(f"([\ue000-\ue003])([^{_CLOSE}]*){_CLOSE}")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")
_CAUSES = {
    SymbolKind.REFERENCE: Cause.REFERENCE,
    SymbolKind.PARAMETER: Cause.PARAMETER,
    SymbolKind.CONDITION: Cause.CONDITION,
    SymbolKind.VARIABLE: Cause.VARIABLE,
}


@dataclass(frozen=True)
class Symbol:
    """A value that is not known before the deployment; equal symbols are equal values.

    Attributes:
        kind: What it stands for.
        name: Its name with the path of its stack: ``storage/RawBucket.Arn``.
    """

    kind: SymbolKind
    name: str

    @property
    def token(self) -> str:
        """The symbol within a text."""
        return f"{self.kind.value}{self.name}{_CLOSE}"

    @property
    def cause(self) -> Cause:
        """Why a decision that rests on the symbol is unknown."""
        return _CAUSES[self.kind]

    @property
    def resource(self) -> str:
        """The path of the resource, without the attribute."""
        return self.name.partition(".")[0]


def reference(path: Sequence[str], logical_id: str, attribute: str = "") -> Symbol:
    """The ``Ref`` (attribute "") or ``Fn::GetAtt`` of a resource of the stack at ``path``."""
    name = "/".join((*path, logical_id))
    return Symbol(SymbolKind.REFERENCE, f"{name}.{attribute}" if attribute else name)


def parameter(path: Sequence[str], name: str) -> Symbol:
    """A parameter of the stack at ``path`` without a known value. The same value must have the same symbol on both sides."""
    return Symbol(SymbolKind.PARAMETER, "/".join((*path, name)))


def encode(value: Any) -> Any:
    """A resolved value as plain data: symbols, marks and remaining functions become tokens within texts.

    Raises:
        ValueError: A text contains a character of the private use area.
    """
    if value is None:
        return None
    if value is NO_VALUE:  # left over as a branch of a Fn::If
        return Symbol(SymbolKind.PARAMETER, "AWS::NoValue").token
    if isinstance(value, Symbol):
        return value.token
    if is_scalar(value):
        return _encoded_text(value) if isinstance(value, str) else scalar_text(value)
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return _encoded_mapping(value)
    raise ValueError(f"{value!r} is no value of a template.")


def _encoded_text(value: str) -> str:
    if _PRIVATE.search(_TOKEN.sub("", value)):
        raise ValueError(f"{value!r} contains characters of Unicode's private use area.")
    return _DYNAMIC.sub(lambda match: Symbol(SymbolKind.PARAMETER, match[0]).token, value)


def _encoded_mapping(value: dict[str, Any]) -> Any:
    name, argument = next(iter(value.items())) if len(value) == 1 else ("", None)
    if name in (CHANGED, POSSIBLE):
        return encode(argument)
    if name == "Fn::Join" and isinstance(argument, list) and argument[0] == "" and isinstance(argument[1], list):
        parts = [encode(part) for part in argument[1]]
        if all(isinstance(part, str) for part in parts):
            return "".join(parts)
    if name in ("Ref", "Condition") or name.startswith("Fn::"):
        kind = SymbolKind.CONDITION if name == "Fn::If" else SymbolKind.PARAMETER
        text = json.dumps({name: encode(argument)}, sort_keys=True, ensure_ascii=False)
        return Symbol(kind, _TOKEN.sub(lambda match: f"⟦{SymbolKind(match[1]).name} {match[2]}⟧", text)).token
    return {encode(str(key)): encode(item) for key, item in value.items()}


def letters(text: str) -> tuple[str, ...]:
    """The characters of a text; a token is one letter."""
    result: list[str] = []
    end = 0
    for match in _TOKEN.finditer(text):
        result += [*text[end : match.start()], match[0]]
        end = match.end()
    return (*result, *text[end:])


def symbols(text: str) -> tuple[Symbol, ...]:
    """The symbols within a text."""
    return tuple(Symbol(SymbolKind(opening), name) for opening, name in _TOKEN.findall(text))


def readable(text: str) -> str:
    """The text for people: ``${storage/RawBucket.Arn}`` for each token."""
    return _TOKEN.sub(lambda match: f"${{{match[2]}}}", text)
