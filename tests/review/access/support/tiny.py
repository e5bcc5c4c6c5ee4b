"""A tiny universe: random pairs of policies over small alphabets, in which every request can be enumerated.

The requests of a pair are the product of a few values of each dimension, numbered. What a statement matches is a set of
numbers, kept as the bits of one integer, so a pair of thousands of requests costs a few operations.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from operator import and_, or_
from typing import Any

from review.access.engine import Question
from review.access.statements import Kind
from tests.review.access.support.evaluator import (
    Rules,
    Statement,
    Subject,
    Values,
    action_fits,
    condition_fits,
    principal_fits,
    resource_fits,
)

ROLE, OTHER_ROLE = "arn:aws:iam::111122223333:role/r", "arn:aws:iam::111122223333:role/s"
FOREIGN_ROLE = "arn:aws:iam::444455556666:role/r"
TOKEN = "\ue000Bucket.Arn\ue00f"
PRINCIPALS = (
    ("AWS:" + ROLE, True),
    ("AWS:" + ROLE, False),
    ("AWS:" + OTHER_ROLE, True),
    ("AWS:" + OTHER_ROLE, False),
    ("AWS:" + FOREIGN_ROLE, True),
    ("AWS:" + FOREIGN_ROLE, False),
    ("Service:a.amazonaws.com", True),
    ("Service:b.amazonaws.com", True),
)
PRINCIPAL_ELEMENTS: tuple[Any, ...] = (
    "*",
    {"AWS": "111122223333"},
    {"AWS": "arn:aws:iam::111122223333:root"},
    {"AWS": ROLE},
    {"AWS": [ROLE, "444455556666"]},
    {"Service": "a.amazonaws.com"},
    {"Service": ["a.amazonaws.com", "b.amazonaws.com"]},
    {"AWS": OTHER_ROLE, "Service": "b.amazonaws.com"},
)
ACTIONS = ("s:a", "s:b", "s:ab", "s:ba", "s:aba", "t:a", "t:b", "S:A", "s:c", "u:aXb")
ACTION_ELEMENTS = ("s:a", "s:b", "s:*", "s:a*", "s:*a", "s:?", "s:a?", "*", "*:a", "S:a", "t:*", "s:*b*", "s:??*")
RESOURCES = (
    "arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:s3:::a/b", "arn:aws:s3:::a/b/c", "arn:aws:s3:::ab", "arn:aws:s3:::A",
    "arn:aws:s3:::a:b", "arn:aws:s3:::a:c:b", "arn:aws:sq:x:y:a", "arn:aws:sq:x::y:b", "*", TOKEN, TOKEN + "/b", "z",
)  # fmt: skip
RESOURCE_ELEMENTS = (
    "*", "arn:aws:s3:::a", "arn:aws:s3:::a*", "arn:aws:s3:::a/*", "arn:aws:s3:::*", "arn:aws:s3:::*/b", "arn:aws:s3:::?",
    "arn:aws:s3:::a*b", "arn:*:s3:::a", "arn:aws:sq:*:y:*", "arn:aws:*:a", "arn:aws:s3:::a?b", TOKEN, TOKEN + "/*",
    "arn:aws:*:*:*:a",
)  # fmt: skip


@dataclass(frozen=True)
class Key:
    """A condition key with the operators that fit it, the values of policies, and those of requests."""

    operators: tuple[str, ...]
    values: tuple[str, ...]
    requests: tuple[Values, ...]
    null: bool = True


_TEXTS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")
_IF_EXISTS = tuple(f"{name}IfExists" for name in ("StringEquals", "StringNotLike", "StringNotEqualsIgnoreCase"))
_ARNS = ("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEqualsIfExists")
_RELATIONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
KEYS: Mapping[str, Key] = {
    "k:text": Key(
        (*_TEXTS, *_IF_EXISTS),
        ("a", "b", "A", "a*", "*b", "?", "*", "a?", ""),
        ((), ("a",), ("b",), ("A",), ("ab",), ("aB",), ("*",), ("",), ("c",)),
    ),
    "k:arn": Key(
        (*_ARNS, "StringLike", "StringEquals"),
        ("arn:aws:s3:::a", "arn:aws:s3:::*", "arn:*:s3:::a", "arn:aws:s:*:1:f/*", TOKEN),
        ((), ("arn:aws:s3:::a",), ("arn:aws:s3:::b:c",), ("arn:x:s3:::a",), ("arn:x:y:s3:::a",), ("arn:aws:s3::a",),
         ("arn:aws:s:u:1:f/d",), ("arn:aws:s:u:9:st/abc:1:f/d",), (TOKEN,), ("z",)),
    ),
    "k:number": Key(
        tuple(f"Numeric{relation}{suffix}" for relation in _RELATIONS for suffix in ("", "IfExists")),
        ("1", "2", "2.0", "3"),
        ((), ("0",), ("1",), ("1.5",), ("2",), ("2.5",), ("3",), ("4",)),
    ),
    "k:date": Key(
        tuple(f"Date{relation}" for relation in _RELATIONS),
        ("2026-01-01", "2026-01-01T00:00:00Z", "1767225601"),
        ((), ("2025-12-31T23:59:59Z",), ("2026-01-01T00:00:00Z",), ("2026-01-01T00:00:01Z",), ("2027-01-01T00:00:00Z",)),
    ),
    "k:address": Key(
        ("IpAddress", "NotIpAddress", "IpAddressIfExists"),
        ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "2001:db8::/32"),
        ((), ("10.0.0.1",), ("10.1.0.1",), ("10.1.2.3",), ("11.0.0.0",), ("2001:db8::1",), ("2001:db9::1",)),
    ),
    "k:bool": Key(("Bool", "BoolIfExists"), ("true", "false"), ((), ("true",), ("false",))),
    "k:set": Key(
        tuple(
            f"{quantifier}:{name}"
            for quantifier in ("ForAllValues", "ForAnyValue")
            for name in ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
        ),
        ("a", "b", "a*", "*"),
        ((), ("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c"), ("ab", "b")),
        null=False,
    ),
}  # fmt: skip


# ---- random policies ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """Two policies, each as layers of statements."""

    kind: Kind
    before: list[list[Statement]]
    after: list[list[Statement]]


def random_pair(seed: int) -> Pair:
    """A pair that shares most statements, so that small differences decide."""
    chance = random.Random(seed)
    kind = chance.choice((Kind.IDENTITY, Kind.IDENTITY, Kind.RESOURCE, Kind.TRUST, Kind.ENDPOINT))
    keys = chance.sample(sorted(KEYS), chance.choice((1, 1, 2)))
    layers = chance.choice((1, 1, 1, 2)) if kind is Kind.IDENTITY else 1
    before = [_layer(chance, kind, keys, chance.randint(1, 3)) for _ in range(layers)]
    after = [_changed(chance, kind, keys, layer) for layer in before]
    return Pair(kind, *((before, after) if chance.random() < 0.5 else (after, before)))


def substituted(pair: Pair, text: str) -> Pair:
    """The pair if the token of the universe stands for a text."""

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item) for item in value]
        return value.replace(TOKEN, text) if isinstance(value, str) else value

    return Pair(pair.kind, replaced(pair.before), replaced(pair.after))


def _layer(chance: random.Random, kind: Kind, keys: Sequence[str], size: int) -> list[Statement]:
    return [_statement(chance, kind, keys) for _ in range(size)]


def _changed(chance: random.Random, kind: Kind, keys: Sequence[str], layer: list[Statement]) -> list[Statement]:
    changed = list(layer)
    for _ in range(chance.randint(1, 2)):
        position = chance.randrange(len(changed) or 1)
        match chance.randrange(4) if changed else 0:
            case 0:
                changed.insert(position, _statement(chance, kind, keys))
            case 1:
                changed.pop(position)
            case 2:
                changed[position] = _statement(chance, kind, keys)
            case 3:  # one element of another statement
                other = _statement(chance, kind, keys)
                element = chance.choice(sorted(other))
                names = {element, element.removeprefix("Not"), f"Not{element.removeprefix('Not')}"}
                kept = {name: value for name, value in changed[position].items() if name not in names}
                changed[position] = {**kept, element: other[element]}
    return changed


def _statement(chance: random.Random, kind: Kind, keys: Sequence[str]) -> Statement:
    statement: dict[str, Any] = {"Effect": "Allow" if chance.random() < 0.6 else "Deny"}
    if kind is not Kind.IDENTITY:
        named = chance.choice(PRINCIPAL_ELEMENTS)
        negated = isinstance(named, dict) and set(named) == {"Service"} and chance.random() < 0.4
        statement["NotPrincipal" if negated else "Principal"] = named
    statement[_negatable(chance, "Action")] = _some(chance, ACTION_ELEMENTS)
    if kind is not Kind.TRUST:
        statement[_negatable(chance, "Resource")] = _some(chance, RESOURCE_ELEMENTS)
    if conditions := _conditions(chance, keys):
        statement["Condition"] = conditions
    return statement


def _negatable(chance: random.Random, element: str) -> str:
    return f"Not{element}" if chance.random() < 0.15 else element


def _some(chance: random.Random, texts: Sequence[str]) -> Any:
    count = chance.choice((1, 1, 2, 3))
    return chance.choice(texts) if count == 1 else chance.sample(texts, min(count, len(texts)))


def _conditions(chance: random.Random, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    conditions: dict[str, dict[str, Any]] = {}
    for name in keys:
        for _ in range(chance.choice((0, 1, 1, 2))):
            key = KEYS[name]
            spelled = name.upper() if chance.random() < 0.1 else name
            if key.null and chance.random() < 0.15:
                conditions.setdefault("Null", {})[name] = chance.choice(("true", "false"))
            else:
                conditions.setdefault(chance.choice(key.operators), {})[spelled] = _some(chance, key.values)
    return conditions


# ---- every request --------------------------------------------------------------------------------------------------


class Universe:
    """All requests of a pair."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        used = {
            key.lower()
            for layers in (pair.before, pair.after)
            for layer in layers
            for statement in layer
            for keys in statement.get("Condition", {}).values()
            for key in keys
        }
        self.keys = sorted(used)
        self.dimensions: list[Sequence[Any]] = [
            PRINCIPALS if pair.kind is not Kind.IDENTITY else ((None, True),),
            ACTIONS,
            RESOURCES if pair.kind is not Kind.TRUST else (None,),
            *(KEYS[key].requests for key in self.keys),
        ]
        self.size = prod(map(len, self.dimensions))
        self.everything = (1 << self.size) - 1

    def answering(self, question: Question, rules: Rules) -> int:
        """The requests that answer a question with yes, as bits."""
        allowed_before, denied_before = self._effects(self.pair.before, rules)
        allowed_after, denied_after = self._effects(self.pair.after, rules)
        if question is Question.NOT_DENIED:
            return denied_before & ~denied_after
        return allowed_after & ~denied_after & ~(allowed_before & ~denied_before)

    def _effects(self, layers: Sequence[Sequence[Statement]], rules: Rules) -> tuple[int, int]:
        """The requests that every layer allows, and those that a layer denies."""
        hits = [[(statement["Effect"], self._matching(statement, rules)) for statement in layer] for layer in layers]
        allowed = [reduce(or_, (bits for effect, bits in layer if effect == "Allow"), 0) for layer in hits]
        denied = [bits for layer in hits for effect, bits in layer if effect == "Deny"]
        return reduce(and_, allowed, self.everything), reduce(or_, denied, 0)

    def _matching(self, statement: Statement, rules: Rules) -> int:
        tests: list[tuple[int, Callable[[Any], bool]]] = [
            (0, lambda value: principal_fits(statement, value[0], value[1], rules)),
            (1, lambda value: action_fits(statement, value)),
            (2, lambda value: resource_fits(statement, value, rules)),
        ]
        for operator, keys in statement.get("Condition", {}).items():
            for key, expected in keys.items():
                position = 3 + self.keys.index(key.lower())
                tests.append((position, _condition(operator, expected)))
        return reduce(and_, (self._bits(position, test) for position, test in tests), self.everything)

    def _bits(self, position: int, test: Callable[[Any], bool]) -> int:
        """The requests whose value of one dimension passes a test."""
        inner = prod(map(len, self.dimensions[position + 1 :]))
        values = self.dimensions[position]
        block = 0
        for number, value in enumerate(values):
            if test(value):
                block |= ((1 << inner) - 1) << (number * inner)
        repeated = self.everything // ((1 << (inner * len(values))) - 1)  # one bit at the start of each block
        return block * repeated

    def subject(self, bits: int) -> Subject:
        """The first request of a set."""
        number = (bits & -bits).bit_length() - 1
        chosen: list[Any] = []
        for values in reversed(self.dimensions):
            number, index = divmod(number, len(values))
            chosen.insert(0, values[index])
        (principal, backed), action, resource, *context = chosen
        return Subject(principal, backed, action, resource, dict(zip(self.keys, context, strict=True)))


def _condition(operator: str, expected: Any) -> Callable[[Any], bool]:
    return lambda values: condition_fits(operator, expected, values)


def pairs(count: int, start: int = 0) -> Iterator[Pair]:
    """Seeded pairs."""
    return map(random_pair, range(start, start + count))
