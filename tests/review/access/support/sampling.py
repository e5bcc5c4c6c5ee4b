"""Random requests near a pair of policies: values that either names, with their wildcards filled in, and some others."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from review.access.statements import Kind
from tests.review.access.support.evaluator import Subject, Values, listed

_FILLINGS = ("", "x", "Get", "a/b", "Once", "NarrowX")
_OTHERS = {
    "action": ("s3:GetObject", "ec2:RunInstances", "organizations:LeaveOrganization"),
    "resource": ("*", "arn:aws:s3:::other/x"),
    "principal": (
        "AWS:arn:aws:iam::111122223333:role/any",
        "AWS:arn:aws:iam::555555555555:role/any",
        "Service:cloudformation.amazonaws.com",
        "Service:other.amazonaws.com",
    ),
}


def random_subjects(policies: Sequence[Mapping[str, Any]], kind: Kind, count: int, seed: int) -> Iterator[Subject]:
    """Seeded requests for policies of one kind."""
    chance = random.Random(seed)
    statements = [statement for policy in policies for statement in policy["Statement"]]
    actions = [*_filled(_values(statements, "Action", "NotAction")), *_OTHERS["action"]]
    resources = [*_filled(_values(statements, "Resource", "NotResource")), *_OTHERS["resource"]]
    principals = [*_principals(statements), *_OTHERS["principal"]]
    keys = _keys(statements)
    for _ in range(count):
        yield Subject(
            principal=None if kind is Kind.IDENTITY else chance.choice(principals),
            backed=chance.random() < 0.5,
            action=chance.choice(actions),
            resource=None if kind is Kind.TRUST else chance.choice(resources),
            context={key: chance.choice(values) for key, values in keys.items()},
        )


def _values(statements: Iterable[Mapping[str, Any]], *elements: str) -> list[str]:
    return sorted({value for each in statements for name in elements for value in listed(each.get(name, []))})


def _filled(values: Iterable[str]) -> list[str]:
    return [re.sub(r"[*?]", filling, value) for value in values for filling in _FILLINGS]


def _principals(statements: Iterable[Mapping[str, Any]]) -> list[str]:
    named: set[str] = set()
    for statement in statements:
        for element in ("Principal", "NotPrincipal"):
            entries = statement.get(element)
            for kind, values in entries.items() if isinstance(entries, dict) else ():
                named |= {f"{kind}:{value}" for value in listed(values) if not re.search(r":root$|^\d+$", value)}
    return sorted(named)


def _keys(statements: Iterable[Mapping[str, Any]]) -> dict[str, list[Values]]:
    """The values of requests by condition key: absent, each value that a policy names, and another one."""
    keys: dict[str, list[Values]] = {}
    for statement in statements:
        for operator, conditions in statement.get("Condition", {}).items():
            for key, values in conditions.items():
                known = keys.setdefault(key.lower(), [(), ()])
                if operator == "Null":
                    known.append(("x",))
                elif operator.startswith("Bool"):
                    known += [("true",), ("false",)]
                elif operator.startswith("Numeric"):
                    known += [("0",), ("100",), *((value,) for value in listed(values))]
                else:
                    known += [(value,) for value in (*_filled(listed(values)), "another", "red")]
    return {key: sorted(values) for key, values in keys.items()}
