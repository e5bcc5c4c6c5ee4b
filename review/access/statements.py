"""Reads policies into statements of one canonical form, so that equal policies are equal values.

No statement is ever skipped. A statement that has an unknown element, or an element of an unknown form, becomes `Unread`:
the comparison then knows its text and possibly its effect, and nothing else.

The grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from review.access.causes import Cause
from review.access.symbols import encode, symbols

ANYONE = "*"
AWS = "AWS:"
_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_PRINCIPALS = ("AWS", "Service", "Federated", "CanonicalUser")
_VERSIONS = {None: False, "2008-10-17": False, "2012-10-17": True}
"""Version of a policy → whether it has policy variables; a policy without one has the older version."""


class Kind(StrEnum):
    """What a policy is attached to."""

    IDENTITY = "identity policy"
    TRUST = "trust policy"
    RESOURCE = "resource policy"
    ENDPOINT = "endpoint policy"


class Effect(StrEnum):
    """What a statement does with a request that it matches."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True)
class Choice:
    """The values of an element such as ``Action``, or ``NotAction`` if negated."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, order=True)
class Condition:
    """One operator on one key.

    Attributes:
        key: The name of the key in lower case, because AWS ignores its case.
        name: The name as the policy spells it.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    name: str = field(compare=False)


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes:
        principal: Values such as ``AWS:111122223333`` and ``Service:lambda.amazonaws.com``, or ``*``; None if absent.
        resource: None if absent.
        variables: Whether ``${…}`` is a policy variable, by the version of the policy.
    """

    effect: Effect
    principal: Choice | None
    action: Choice
    resource: Choice | None
    conditions: tuple[Condition, ...]
    variables: bool


@dataclass(frozen=True)
class Unread:
    """A statement, or a whole policy, whose meaning is not known.

    Attributes:
        effect: None if the effect is not known either.
    """

    cause: Cause
    text: str
    effect: Effect | None = None


Entry = Statement | Unread


class _UnreadableError(Exception):
    """An element cannot be read."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause


def read_policy(policy: Any, kind: Kind) -> frozenset[Entry]:
    """The statements of a policy as `cfn.resolve` gives it: plain data with symbols, or its text as JSON."""
    try:
        plain = encode(policy)
    except ValueError:
        return frozenset({Unread(Cause.SHAPE, repr(policy))})
    if isinstance(plain, str) and plain.lstrip().startswith("{"):
        plain = _parsed(plain)
    if not isinstance(plain, dict) or not set(plain) <= {"Version", "Id", "Statement"} or "Statement" not in plain:
        return frozenset({_unread(plain, Cause.SHAPE)})
    version = plain.get("Version")
    if not isinstance(version, str | None) or version not in _VERSIONS:
        return frozenset({_unread(plain, Cause.SHAPE)})
    statements = plain["Statement"] if isinstance(plain["Statement"], list) else [plain["Statement"]]
    variables = _VERSIONS[version]
    return frozenset(_read_statement(statement, kind, variables) for statement in statements)


def _parsed(text: str) -> Any:
    try:
        return encode(json.loads(text))
    except ValueError:
        return text


def _unread(value: Any, cause: Cause, effect: Effect | None = None) -> Unread:
    """A value that cannot be read; a symbol in its place is the cause."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    unknown = symbols(value)[:1] if isinstance(value, str) else ()
    return Unread(unknown[0].cause if unknown else cause, text, effect)


def _read_statement(raw: Any, kind: Kind, variables: bool) -> Entry:
    if not isinstance(raw, dict):
        return _unread(raw, Cause.SHAPE)
    effect = next((effect for effect in Effect if effect == raw.get("Effect")), None)
    if effect is None or not set(raw) <= _ELEMENTS:
        return _unread(raw, Cause.SHAPE, effect)
    try:
        action = _choice(raw, "Action")
        if action is None:
            return _unread(raw, Cause.SHAPE, effect)
        return Statement(
            effect=effect,
            principal=_principal(raw, kind),
            action=action,
            resource=_resource(raw, kind),
            conditions=tuple(sorted(_conditions(raw.get("Condition", {})))),
            variables=variables,
        )
    except _UnreadableError as error:
        return _unread(raw, error.cause, effect)


def _choice(raw: Mapping[str, Any], element: str) -> Choice | None:
    """The element or its negation; None if the statement has neither."""
    names = [name for name in (element, f"Not{element}") if name in raw]
    if len(names) > 1:
        raise _UnreadableError(Cause.SHAPE)
    return Choice(_texts(raw[names[0]]), negated=names[0] != element) if names else None


def _texts(value: Any) -> tuple[str, ...]:
    """One text or several, sorted; a list parameter or a Fn::If in place of the list is one text."""
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str) for item in values):
        raise _UnreadableError(Cause.SHAPE)
    return tuple(sorted(set(values)))


def _resource(raw: Mapping[str, Any], kind: Kind) -> Choice | None:
    """A policy of a resource may leave out its resource; one of an identity has to name some, a trust policy none."""
    resource = _choice(raw, "Resource")
    if (kind is Kind.IDENTITY and resource is None) or (kind is Kind.TRUST and resource is not None):
        raise _UnreadableError(Cause.SHAPE)
    return resource


def _principal(raw: Mapping[str, Any], kind: Kind) -> Choice | None:
    names = [name for name in ("Principal", "NotPrincipal") if name in raw]
    if len(names) != (0 if kind is Kind.IDENTITY else 1):
        raise _UnreadableError(Cause.SHAPE)
    return Choice(_principals(raw[names[0]]), negated=names[0] == "NotPrincipal") if names else None


def _principals(value: Any) -> tuple[str, ...]:
    if value == ANYONE:
        return (ANYONE,)
    if not isinstance(value, dict) or not value or not set(value) <= set(_PRINCIPALS):
        raise _UnreadableError(_symbol_cause(value))
    return tuple(sorted(f"{name}:{entry}" for name, entries in value.items() for entry in _texts(entries)))


def _symbol_cause(value: Any) -> Cause:
    """The cause why a text in place of an element cannot be read."""
    unknown = symbols(value) if isinstance(value, str) else ()
    return unknown[0].cause if unknown else Cause.SHAPE


def _conditions(value: Any) -> Iterator[Condition]:
    if not isinstance(value, dict):
        raise _UnreadableError(_symbol_cause(value))
    for operator, keys in value.items():
        if not isinstance(keys, dict):
            raise _UnreadableError(_symbol_cause(keys))
        for key, values in keys.items():
            yield Condition(operator, key.lower(), _texts(values), key)
