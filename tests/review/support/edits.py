"""Random edits of committed templates: one place changes, disappears, appears or gets another order."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from typing import Any

from cfn.text import is_function

SECTIONS = ("Parameters", "Mappings", "Conditions", "Rules", "Outputs", "Metadata", "Description", "Resources")
_KEPT = ("Type", "TemplateURL", "Condition", "Fn::If")  # edits of these are other kinds, with tests of their own


def edited(document: Mapping[str, Any], draw: random.Random) -> dict[str, Any]:
    """A copy of a template with one to three random edits. It may be no valid template, but a readable one."""
    result: dict[str, Any] = copy.deepcopy(dict(document))
    for _ in range(draw.choice((1, 1, 2, 3))):
        places = list(_places(result))
        container, key = draw.choice(places)
        _edit(container, key, draw)
    return result


def _places(document: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Every place that an edit may change: (mapping, key) or (list, index)."""
    if "Description" in document:
        yield document, "Description"
    for section in SECTIONS:
        entries = document.get(section)
        if isinstance(entries, dict):
            for name, entry in entries.items():
                if section != "Resources" or len(entries) > 1:
                    yield entries, name
                yield from _below(entry)


def _below(value: Any) -> Iterator[tuple[Any, Any]]:
    if is_function(value):
        return
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        if key not in _KEPT:
            yield value, key
            yield from _below(value[key])


def _edit(container: Any, key: Any, draw: random.Random) -> None:
    value = container[key]
    if isinstance(value, list) and len(value) > 1 and draw.random() < 0.5:
        draw.shuffle(value)
        return
    kind = draw.choice(("change", "remove", "add"))
    if kind == "remove" and not _is_needed(container, key):
        del container[key]
    elif kind == "add" and isinstance(value, list):
        value.insert(draw.randint(0, len(value)), copy.deepcopy(draw.choice([*value, "added"])))
    elif kind == "add" and isinstance(value, dict) and not is_function(value) and "Type" not in value:
        value[f"Added{draw.randint(0, 9)}"] = draw.choice(("text", 7, True, {"A": [1, 2]}, ["x"]))
    elif not isinstance(value, (dict, list)):
        container[key] = draw.choice((f"{value}-edited", 7, False, "", ["a", "b"]))


def _is_needed(container: Any, key: Any) -> bool:
    """Without these a template has another meaning than a template, or names what does not exist."""
    return isinstance(container, dict) and (key in ("Value", "Description") or "Value" in container)
