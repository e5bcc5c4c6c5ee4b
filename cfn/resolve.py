"""Resolves a template as far as parameters go, so that two sides can be compared by what they come to.

Parameters, conditions, mappings and the functions over plain text are worked out; what only the service can know (the
id of a resource, an attribute) stays as ``{"Ref": …}`` or ``{"Fn::GetAtt": …}``; so does ``Fn::Base64``, because people
read what is in it. A value that comes from elsewhere and
may change with it is wrapped in a mark: ``{CHANGED: value}`` when it surely will, ``{POSSIBLE: value}`` when nobody
can know before; the value inside is today's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

CHANGED, POSSIBLE = "::changed", "::possible"
VARIABLE = re.compile(r"\$\{(!?[^}]+)\}")


class State(IntEnum):
    """What becomes of a value, ordered by weight."""

    SAME = 0
    POSSIBLE = 1
    CHANGED = 2


class _NoValue:
    """AWS::NoValue: the property is not there."""


NO_VALUE = _NoValue()


def marked(value: Any, state: State) -> Any:
    """The value with the mark of its state."""
    if state is State.SAME:
        return value
    return {CHANGED if state is State.CHANGED else POSSIBLE: value}


def unmarked(value: Any) -> Any:
    """The value without marks, joins of plain text put together again: what it is today."""
    if isinstance(value, dict):
        for mark in (CHANGED, POSSIBLE):
            if mark in value:
                return unmarked(value[mark])
        plain = {key: unmarked(item) for key, item in value.items()}
        return _joined(plain["Fn::Join"][1]) if set(plain) == {"Fn::Join"} else plain
    if isinstance(value, list):
        return [unmarked(item) for item in value]
    return value


def state_of(value: Any) -> State:
    """The heaviest mark anywhere in the value."""
    if isinstance(value, dict):
        own = State.CHANGED if CHANGED in value else State.POSSIBLE if POSSIBLE in value else State.SAME
        return max([own, *map(state_of, value.values())])
    if isinstance(value, list):
        return max(map(state_of, value), default=State.SAME)
    return State.SAME


Attribute = Callable[[str, str], Any]


def _symbolic(logical_id: str, attribute: str) -> Any:
    return {"Fn::GetAtt": [logical_id, attribute]} if attribute else {"Ref": logical_id}


@dataclass
class Scope:
    """One side of one template: its parameter values and what its references come to.

    ``attribute(logical_id, name)`` gives a reference's value (name "" for Ref), with marks where it may change.
    """

    document: Mapping[str, Any]
    parameters: Mapping[str, Any]
    pseudo: Mapping[str, str]
    attribute: Attribute = _symbolic
    _conditions: dict[str, bool | None] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """The value of a parameter; a list type gives a list."""
        value = self.parameters[name]
        kind = str(self.document["Parameters"][name].get("Type", "String"))
        if isinstance(value, str) and ("List<" in kind or kind == "CommaDelimitedList"):
            return [part.strip() for part in value.split(",")]
        return value

    def condition(self, name: str) -> bool | None:
        """True, False, or None when it hangs on a value that is not known yet."""
        if name not in self._conditions:
            self._conditions[name] = self._truth(self.document.get("Conditions", {}).get(name))
        return self._conditions[name]

    def _truth(self, node: Any) -> bool | None:
        if not isinstance(node, dict) or len(node) != 1:
            return None
        function, value = next(iter(node.items()))
        if function == "Condition":
            return self.condition(str(value))
        if function == "Fn::Not":
            inner = self._truth(value[0])
            return None if inner is None else not inner
        if function in ("Fn::And", "Fn::Or"):
            decisive = function == "Fn::Or"
            truths = [self._truth(item) for item in value]
            return decisive if decisive in truths else None if None in truths else not decisive
        if function == "Fn::Equals":
            one, other = (self.resolve(item) for item in value)
            if state_of([one, other]) or not (isinstance(one, (str, int)) and isinstance(other, (str, int))):
                return None
            return text_of(one) == text_of(other)
        return None

    def present(self, entry: Mapping[str, Any]) -> bool | None:
        """Whether a resource or output is there at all, by its Condition."""
        return self.condition(str(entry["Condition"])) if "Condition" in entry else True

    def resolve(self, node: Any) -> Any:
        """The node with everything worked out that can be. NO_VALUE where it comes to nothing."""
        if isinstance(node, dict):
            if len(node) == 1:
                name, value = next(iter(node.items()))
                if name in ("Ref", "Condition") or name.startswith("Fn::"):
                    return self._function(name, value)
            resolved = {key: self.resolve(item) for key, item in node.items()}
            return {key: item for key, item in resolved.items() if item is not NO_VALUE}
        if isinstance(node, list):
            items = [self.resolve(item) for item in node]
            return [item for item in items if item is not NO_VALUE]
        return node

    def _function(self, name: str, value: Any) -> Any:
        if name == "Ref":
            return self._reference(str(value))
        if name == "Fn::GetAtt":
            return self._get_att(value)
        if name == "Fn::If":
            return self._if(value)
        if name == "Fn::Sub":
            return self._sub(value)
        arguments = self.resolve(value)
        worker = _WORKERS.get(name)
        if name == "Fn::FindInMap":
            return self._find_in_map(arguments)
        return worker(arguments) if worker else {name: arguments}

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters and name in self.document.get("Parameters", {}):
            return self.parameter(name)
        if name.startswith("AWS::"):
            return self.pseudo.get(name, {"Ref": name})
        return self.attribute(name, "")

    def _get_att(self, value: Any) -> Any:
        parts = value.split(".", 1) if isinstance(value, str) else value
        if len(parts) == 2 and all(isinstance(part, str) for part in parts):
            return self.attribute(parts[0], parts[1])
        return {"Fn::GetAtt": self.resolve(value)}

    def _if(self, value: Any) -> Any:
        truth = self.condition(str(value[0]))
        if truth is None:
            return marked({"Fn::If": [value[0], *(self.resolve(item) for item in value[1:])]}, State.POSSIBLE)
        return self.resolve(value[1] if truth else value[2])

    def _sub(self, value: Any) -> Any:
        text, variables = (value, {}) if isinstance(value, str) else (value[0], value[1])
        parts: list[Any] = []
        end = 0
        for found in VARIABLE.finditer(text):
            parts.append(text[end : found.start()])
            end = found.end()
            name = found[1]
            if name.startswith("!"):
                parts.append(f"${{{name[1:]}}}")
            elif name in variables:
                parts.append(self.resolve(variables[name]))
            else:
                parts.append(self._get_att(name) if "." in name else self._reference(name))
        return _joined([*parts, text[end:]])

    def _find_in_map(self, arguments: Any) -> Any:
        node: Any = self.document.get("Mappings", {})
        for key in arguments[:3]:
            if not isinstance(key, (str, int)) or not isinstance(node, dict) or str(key) not in node:
                return {"Fn::FindInMap": arguments}
            node = node[str(key)]
        return node


def text_of(value: Any) -> str:
    """A scalar as CloudFormation passes it on: 30 and "30" are one, so are true and "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _joined(parts: list[Any]) -> Any:
    """The parts as one text, or one flat Join when some are not known: Sub and Join come to the same."""
    flat: list[Any] = []
    for part in _flattened(parts):
        if isinstance(part, (str, int, float)) and flat and isinstance(flat[-1], str):
            flat[-1] += text_of(part)
        elif part != "":
            flat.append(text_of(part) if isinstance(part, (str, int, float)) else part)
    if all(isinstance(part, str) for part in flat):
        return "".join(flat)
    return flat[0] if len(flat) == 1 else {"Fn::Join": ["", flat]}


def _flattened(parts: list[Any]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, dict) and set(part) == {"Fn::Join"} and part["Fn::Join"][0] == "":
            yield from _flattened(part["Fn::Join"][1])
        else:
            yield part


def _join(arguments: Any) -> Any:
    delimiter, items = arguments
    if not isinstance(items, list):
        return {"Fn::Join": arguments}
    parts: list[Any] = []
    for number, item in enumerate(items):
        parts += [delimiter, item] if number else [item]
    return _joined(parts)


def _select(arguments: Any) -> Any:
    index, items = arguments
    if isinstance(items, list) and text_of(index).isdigit() and int(text_of(index)) < len(items):
        return items[int(text_of(index))]
    return {"Fn::Select": arguments}


def _split(arguments: Any) -> Any:
    delimiter, text = arguments
    return text.split(delimiter) if isinstance(text, str) else {"Fn::Split": arguments}


_WORKERS: Mapping[str, Callable[[Any], Any]] = {
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
}
