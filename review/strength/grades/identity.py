"""Grades of who may do what, where more than one property decides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from review.strength.measures import Levels, at, same_text
from review.strength.order import Protected, Rank
from review.strength.values import UNKNOWN, Unknown, canonical, items, number, text


def rotation_days(value: Any) -> Rank:
    """The days between two rotations, negated: ``AutomaticallyAfterDays`` or a rate. A cron expression has no rank."""
    days = at(value, "AutomaticallyAfterDays")
    if days is not None:
        amount = number(days)
        return amount if isinstance(amount, Unknown) else -amount
    expression = at(value, "ScheduleExpression")
    if expression is None:
        return -math.inf
    return _rate_days(expression)


def _rate_days(expression: Any) -> Rank:
    word = text(expression)
    if isinstance(word, Unknown) or not word.startswith("rate("):
        return UNKNOWN
    amount, _, unit = word[5:-1].partition(" ")
    count = number(amount)
    if isinstance(count, Unknown):
        return UNKNOWN
    return -count * (1 if unit.startswith("day") else 1 / 24)


def conditions(value: Any) -> Rank:
    """What a listener rule asks of a request: its fields, and the names of the headers."""
    listed = items(value)
    if isinstance(listed, Unknown):
        return UNKNOWN
    return Protected.of(f"{at(item, 'Field')} {at(item, 'HttpHeaderConfig/HttpHeaderName') or ''}" for item in listed)


def is_not_root(value: Any) -> Rank:
    """Whether a container runs as a user that is not root, which is the user if none is named."""
    if value is None:
        return False
    name = text(value)
    return UNKNOWN if isinstance(name, Unknown) else name.partition(":")[0] not in ("", "0", "root")


def denies(properties: Any) -> bool:
    """Whether the policy of a resource has a statement that denies."""
    document = properties.get("PolicyDocument", properties.get("ResourcePolicy", properties.get("PolicyText")))
    statements = items(at(document, "Statement")) if isinstance(document, Mapping) else '"Deny"' in canonical(document)
    if isinstance(statements, (bool, Unknown)):
        return statements is True
    return any(same_text(at(statement, "Effect") or "", "Deny") for statement in statements)


def client_certificate(value: Any) -> Rank:
    """Whether a distribution asks viewers for a certificate; if it does, the default is that it requires one."""
    if value is None:
        return 0
    levels = Levels(("passthrough", "optional", "required"), absent="required")
    level = levels.rank(at(value, "Mode"))
    return level if level is UNKNOWN else level + 1
