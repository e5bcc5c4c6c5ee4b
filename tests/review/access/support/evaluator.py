"""An evaluator of policies that shares no code with the engine: raw statements and ``re``, one request at a time.

Values that only a deployment knows are texts between U+E000 and U+E00F. Each is one character here, which equals only itself.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Statement = Mapping[str, Any]
Values = tuple[str, ...]  # the values of a condition key; empty if it is absent

_TOKEN = re.compile("\ue000[^\ue00f]*\ue00f")
_IN_SEGMENT = "[^:\ue100-\uf8ff]*"
_CHARACTERS: dict[str, str] = {}


@dataclass(frozen=True)
class Subject:
    """One request.

    Attributes:
        principal: ``AWS:<ARN>`` or ``Service:<name>``, or None for an identity policy.
        backed: Whether the principal's identity policies allow the request.
        context: The values by condition key; names in any case.
    """

    principal: str | None = None
    backed: bool = True
    action: str = ""
    resource: str | None = None
    context: Mapping[str, Values] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """How AWS is read where its text leaves a choice.

    Attributes:
        delegates: Whether an account as principal grants only what identity policies allow.
        in_segments: Whether a wildcard within a segment of a resource stops at a colon.
    """

    delegates: bool = False
    in_segments: bool = False


def outcome(layers: Sequence[Sequence[Statement]], subject: Subject, rules: Rules) -> str:
    """``allow``, ``deny`` or ``none``. A request needs an Allow in every layer; any Deny denies."""
    hits = [[statement["Effect"] for statement in layer if applies(statement, subject, rules)] for layer in layers]
    if any("Deny" in effects for effects in hits):
        return "deny"
    return "allow" if all("Allow" in effects for effects in hits) else "none"


def applies(statement: Statement, subject: Subject, rules: Rules) -> bool:
    context = {key.lower(): values for key, values in subject.context.items()}
    return (
        principal_fits(statement, subject.principal, subject.backed, rules)
        and action_fits(statement, subject.action)
        and resource_fits(statement, subject.resource, rules)
        and all(
            condition_fits(operator, values, context.get(key.lower(), ()))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def listed(value: Any) -> list[str]:
    items = value if isinstance(value, (list, tuple)) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


# ---- texts ----------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """The text with one character for each token."""
    return _TOKEN.sub(lambda match: _CHARACTERS.setdefault(match[0], chr(0xE100 + len(_CHARACTERS))), text)


@functools.cache
def wildcards(pattern: str, *, star: str = ".*", mark: str = ".", flags: int = 0) -> re.Pattern[str]:
    one = f"(?![\ue100-\uf8ff]){mark}"
    parts = [star if part == "*" else one if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern)]
    return re.compile("".join(parts), re.DOTALL | flags)


def like(pattern: str, text: str) -> bool:
    return wildcards(plain(pattern)).fullmatch(plain(text)) is not None


@functools.cache
def arn_like(pattern: str, text: str) -> bool:
    """Six components, each on its own; a token at the start is an ARN by itself, so what follows is in its last component."""
    pattern, text = plain(pattern), plain(text)
    if pattern[:1] >= "\ue100":
        return like(pattern, text)
    patterns, parts = pattern.split(":", 5), text.split(":", 5)
    if not len(patterns) == len(parts) == 6:
        return False
    whole = all(
        wildcards(each, star=_IN_SEGMENT).fullmatch(part) for each, part in zip(patterns[:5], parts, strict=False)
    )
    return whole and like(patterns[5], parts[5])


@functools.cache
def resource_like(pattern: str, text: str, rules: Rules) -> bool:
    if not rules.in_segments:
        return like(pattern, text)
    pattern = re.sub(r"\*+", "*", plain(pattern))
    pieces = re.split(r"(\*(?=:|$))", pattern)
    expression = "".join(
        ".*" if piece == "*" and index % 2 else wildcards(piece, star=_IN_SEGMENT, mark="[^:]").pattern
        for index, piece in enumerate(pieces)
    )
    return re.fullmatch(expression, plain(text), re.DOTALL) is not None


# ---- elements -------------------------------------------------------------------------------------------------------


def principal_fits(statement: Statement, principal: str | None, backed: bool, rules: Rules) -> bool:
    if "Principal" in statement:
        needs_backing = rules.delegates and statement["Effect"] == "Allow"
        return _names(statement["Principal"], principal, backed or not needs_backing)
    if "NotPrincipal" in statement:
        assert "AWS" not in statement["NotPrincipal"], "which users an exception includes depends on the service"
        return not _names(statement["NotPrincipal"], principal, True)
    return True


def _names(element: Any, principal: str | None, counts_account: bool) -> bool:
    if element == "*":
        return True
    assert principal is not None
    kind, name = principal.split(":", 1)
    for entry_kind, entries in element.items():
        for entry in listed(entries):
            if entry_kind != kind:
                assert entry != "*", "whether it includes services is not documented"
                continue
            account = re.fullmatch(r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?", entry)
            if entry == "*" or plain(entry) == plain(name):
                return True
            if account and counts_account and name.split(":")[4:5] == [account[1]]:
                return True
    return False


def action_fits(statement: Statement, action: str) -> bool:
    name = "Action" if "Action" in statement else "NotAction"
    hit = any(wildcards(entry, flags=re.IGNORECASE).fullmatch(action) for entry in listed(statement[name]))
    return hit is (name == "Action")


def resource_fits(statement: Statement, resource: str | None, rules: Rules) -> bool:
    name = next((name for name in ("Resource", "NotResource") if name in statement), None)
    if name is None:
        return True
    assert resource is not None
    hit = any(resource_like(entry, resource, rules) for entry in listed(statement[name]))
    return hit is (name == "Resource")


# ---- conditions -----------------------------------------------------------------------------------------------------


def condition_fits(operator: str, expected: Any, values: Values) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return any((entry == "true") is (not values) for entry in listed(expected))
    base = name.removesuffix("IfExists")
    if quantifier == "ForAllValues":
        return all(_fits(base, expected, value) for value in values)
    if quantifier == "ForAnyValue":
        return any(_fits(base, expected, value) for value in values)
    if not values:
        return name.endswith("IfExists") or "Not" in base
    (value,) = values
    return _fits(base, expected, value)


def _fits(base: str, expected: Any, value: str) -> bool:
    hit = any(_equal(base.replace("Not", ""), entry, value) for entry in listed(expected))
    return hit is ("Not" not in base)


def _equal(base: str, entry: str, value: str) -> bool:
    match base:
        case "StringEquals":
            return plain(entry) == plain(value)
        case "StringEqualsIgnoreCase":
            return plain(entry).lower() == plain(value).lower()
        case "StringLike":
            return like(entry, value)
        case "ArnEquals" | "ArnLike":
            return arn_like(entry, value)
        case "Bool":
            return entry == value
        case "IpAddress":
            return ipaddress.ip_address(value) in ipaddress.ip_network(entry, strict=False)
    if base.startswith("Numeric"):
        return _ordered(base.removeprefix("Numeric"), Decimal(value), Decimal(entry))
    if base.startswith("Date"):
        return _ordered(base.removeprefix("Date"), _seconds(value), _seconds(entry))
    raise AssertionError(f"{base} is not an operator")


def _ordered(relation: str, value: Decimal, limit: Decimal) -> bool:
    less, equal = value < limit, value == limit
    return {
        "Equals": equal,
        "LessThan": less,
        "LessThanEquals": less or equal,
        "GreaterThan": not (less or equal),
        "GreaterThanEquals": not less,
    }[relation]


def _seconds(text: str) -> Decimal:
    if re.fullmatch(r"-?\d+(\.\d+)?", text) and len(text) > 4:
        return Decimal(text)
    moment = datetime.fromisoformat({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text))
    return Decimal(str((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
