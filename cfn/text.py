"""Values as text: as CloudFormation passes them on, and as a person reads them.

Nothing is looked up: a dynamic reference (``{{resolve:secretsmanager:…}}``) stays as the template has it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")
# Characters that Python counts as printable and that a terminal does not show: fillers, variation selectors and the like,
# from Default_Ignorable_Code_Point in https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def scalar_text(value: Any) -> str:
    """A scalar as CloudFormation passes it on: 30 and "30" are the same value, so are true and "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_scalar(value: Any) -> bool:
    """Whether the value is a text, a number or a boolean."""
    return isinstance(value, (str, int, float))


def is_function(value: Any) -> bool:
    """Whether the value is an intrinsic function."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    key = str(next(iter(value)))
    return key in ("Ref", "Condition") or key.startswith("Fn::")


def parameter_text(value: Any) -> Any:
    """A parameter's value as text: a scalar as such, a list of scalars joined by commas. Other values do not change."""
    if is_scalar(value):
        return scalar_text(value)
    if isinstance(value, list) and all(map(is_scalar, value)):
        return ",".join(map(scalar_text, value))
    return value


def list_items(text: str) -> list[str]:
    """The items of a list parameter's text."""
    return [item.strip() for item in text.split(",")]


@dataclass(frozen=True)
class Variable:
    """A ``${Name}`` of ``Fn::Sub``."""

    name: str


def sub_parts(argument: Any) -> tuple[list[str | Variable], Mapping[str, Any]]:
    """Split the argument of ``Fn::Sub``.

    Returns:
        The pieces of the text in their order (``${!Literal}`` as the text ``${Literal}``), and the values of the
        variables that the function brings along.
    """
    text, values = _sub_arguments(argument)
    parts: list[str | Variable] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        literal, name = match.groups()
        parts += [text[end : match.start()], f"${{{name}}}" if literal else Variable(name)]
        end = match.end()
    return [*parts, text[end:]], values


def _sub_arguments(argument: Any) -> tuple[str, Mapping[str, Any]]:
    return (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])


def joined(parts: list[Any]) -> Any:
    """Join parts without a delimiter.

    Returns:
        One text, or one flat ``Fn::Join`` where a part is not known, so that a resolved ``Fn::Sub`` and a resolved
        ``Fn::Join`` are equal.
    """
    pieces: list[Any] = []
    for part in _flattened(parts):
        if is_scalar(part) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += scalar_text(part)
        elif part != "":
            pieces.append(scalar_text(part) if is_scalar(part) else part)
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    return pieces[0] if len(pieces) == 1 else {"Fn::Join": ["", pieces]}


def _flattened(parts: list[Any]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, dict) and set(part) == {"Fn::Join"} and part["Fn::Join"][0] == "":
            yield from _flattened(part["Fn::Join"][1])
        else:
            yield part


def placeholder(value: Any) -> str | None:
    """A ``Ref`` or ``Fn::GetAtt`` as it stands within ``Fn::Sub``: ``${Resource.Attribute}``; None for other values."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    function, argument = next(iter(value.items()))
    if function == "Ref":
        return f"${{{argument}}}"
    if function == "Fn::GetAtt":
        return f"${{{argument if isinstance(argument, str) else '.'.join(map(str, argument))}}}"
    return None


def readable(value: Any) -> str | None:
    """The text of a value with its references as placeholders; None for a value that is not a text."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        return None
    function, argument = next(iter(value.items()))
    if function == "Fn::Base64":
        return readable(argument)
    if function == "Fn::Sub":
        return _sub_text(argument)
    if function == "Fn::Join" and argument[0] == "" and isinstance(argument[1], list):
        return "".join(map(part_text, argument[1]))
    return placeholder(value)


def part_text(value: Any) -> str:
    """A part of a text; what is not a text itself as JSON within ``${…}``."""
    text = readable(value)
    return f"${{{json.dumps(value, sort_keys=True)}}}" if text is None else text


def _sub_text(argument: Any) -> str:
    """The text of ``Fn::Sub``. ``${!Literal}`` stays as it is, so that it cannot be taken for a reference."""
    text, values = _sub_arguments(argument)

    def replaced(match: re.Match[str]) -> str:
        return part_text(values[match[2]]) if match[2] in values and not match[1] else match[0]

    return _VARIABLE.sub(replaced, text)


def visible(text: str) -> str:
    r"""The text on one line, as a terminal may print it.

    A character that a reader does not see as itself becomes its escape sequence: a control character (``\x1b``, ``\n``),
    one that changes the direction of writing (``\u202e``), one without width (``\u200b``), a space other than the ASCII
    space, half a surrogate pair. So a text can neither move the cursor nor hide or reorder what stands beside it.
    """
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(_visible_character(character) for character in text)


def _visible_character(character: str) -> str:
    if character.isprintable() and not _UNSEEN.match(character):
        return character
    return character.encode("unicode_escape").decode("ascii")
