"""Values as lines, whole; and that two values that differ never look the same.

A value that is a mapping or a list, also one in a text that holds JSON, reads like YAML. References are placeholders, as in
``Fn::Sub``. Where two values would look the same, both are written as JSON, in which every value has a form of its own.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

from cfn.json_text import json_document
from cfn.marks import unmarked
from cfn.text import readable, scalar_text, visible

MAX_LINE = 100  # characters of the values on one line together
ABSENT = "(none)"
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")  # a SHA-256
_CONTEXT = 3  # lines around a line that changes
# A policy statement reads as a sentence: who may do what to which resource, and when.
_STATEMENT = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"
)  # fmt: skip
# What makes a text look like something else in YAML.
_NEEDS_QUOTES = re.compile(r"""$|\s|[-?:,\[\]{}#&*!|>'"%@`]|.*(?:\s$|:\s|:$|\s\#)|(?:null|~|\(none\))$""", re.DOTALL)

Lines = list[str]


def short_value(value: Any) -> str | None:
    """The value on one line; None if it is too long for that, or has lines of its own."""
    (line,) = _short_digests([_line(unmarked(value))])
    return line if _fits(line) else None


def short_change(before: Any, after: Any) -> tuple[str, str] | None:
    """Both values on one line each; None if they are too long for one line together, or have lines of their own."""
    before, after = unmarked(before), unmarked(after)
    old, new = _short_digests([_line(before), _line(after)])
    if visible(old) == visible(new):
        old, new = _exact(before), _exact(after)
    return (old, new) if _fits(old, new) else None


def value_lines(value: Any) -> Lines:
    """The lines of a value; none for a value that does not exist."""
    return _short_digests(_lines(unmarked(value)))


def change_lines(before: Any, after: Any) -> Lines:
    """The lines of two values as a unified diff, without the header of a diff that begins at the first line."""
    before, after = unmarked(before), unmarked(after)
    old, new = _lines(before), _lines(after)
    if [*map(visible, old)] == [*map(visible, new)]:
        old, new = _exact(before, indent=2).split("\n"), _exact(after, indent=2).split("\n")
    shown = _short_digests([*old, *new])
    diff = list(unified_diff(shown[: len(old)], shown[len(old) :], n=_CONTEXT, lineterm=""))[2:]  # without file names
    headers = [line for line in diff if line.startswith("@@")]
    return diff[1:] if len(headers) == 1 and re.match(r"@@ -[01]\b.* \+[01]\b", headers[0]) else diff


def _fits(*lines: str) -> bool:
    return sum(map(len, lines)) <= MAX_LINE and not any("\n" in line for line in lines)


def _exact(value: Any, indent: int | None = None) -> str:
    return ABSENT if value is None else json.dumps(value, sort_keys=True, indent=indent)


def _short_digests(texts: Lines) -> Lines:
    """The texts with twelve digits of each digest, where these tell it from all other digests."""
    digests = {match[0] for text in texts for match in _DIGEST.finditer(text)}
    uses = Counter(digest[:12] for digest in digests)
    return [_DIGEST.sub(lambda match: f"{match[1]}…" if uses[match[1]] == 1 else match[0], text) for text in texts]


# ---- one line -------------------------------------------------------------------------------------------------------


def _line(value: Any) -> str:
    if value is None:
        return ABSENT
    text = readable(value)
    if text is not None:
        return json.dumps(text, ensure_ascii=False) if text in ("", ABSENT) or text != text.strip(" ") else text
    return json.dumps(_plain(value), ensure_ascii=False)


# ---- like YAML ------------------------------------------------------------------------------------------------------


def _lines(value: Any) -> Lines:
    if value is None:
        return []
    plain = _plain(value)
    if isinstance(plain, str):
        return plain.split("\n")  # not splitlines, which would lose what separates the lines
    return list(_yaml(plain))


def _plain(value: Any) -> Any:
    """The value with the documents that texts hold, with placeholders, and statements in their order."""
    document = json_document(value)
    if document is not None:
        return _plain(document)
    text = readable(value)
    if text is not None:
        return text
    if isinstance(value, dict):
        return {scalar_text(key): _plain(item) for key, item in _ordered(value).items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _ordered(mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
    if "Effect" not in mapping:
        return mapping
    first = {key: mapping[key] for key in _STATEMENT if key in mapping}
    return {**first, **mapping}


def _yaml(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(f"{_scalar(key)}:", item)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _item(item)
    else:
        yield _scalar(value)


def _entry(key: str, value: Any) -> Iterator[str]:
    """A key with its value: on the same line, or on the lines below."""
    if isinstance(value, (dict, list)) and value:
        yield key
        yield from (f"  {line}" for line in _yaml(value))
    elif isinstance(value, str) and "\n" in value:
        yield f"{key} |"
        yield from (f"  {line}" for line in value.split("\n"))
    else:
        yield f"{key} {_scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    """An item of a list: its first line behind a dash, the others below."""
    if isinstance(value, str) and "\n" in value:
        yield "- |"
        yield from (f"  {line}" for line in value.split("\n"))
        return
    for index, line in enumerate(_yaml(value)):
        yield f"{'  ' if index else '- '}{line}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if _NEEDS_QUOTES.match(value) else value
    return json.dumps(value)  # a number, a truth, null, or an empty mapping or list
