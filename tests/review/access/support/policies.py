"""Short forms of policies."""

from __future__ import annotations

from typing import Any

from review.access.document import Document, load
from review.access.statements import Kind
from review.access.symbols import encode

Statement = dict[str, Any]
BUCKET = "arn:aws:s3:::bucket"
OBJECTS = f"{BUCKET}/*"


def allow(action: Any = "s3:GetObject", resource: Any = OBJECTS, **more: Any) -> Statement:
    """An Allow; ``when`` is its Condition. A resource of None leaves the element out."""
    return _statement("Allow", action, resource, more)


def deny(action: Any = "s3:GetObject", resource: Any = OBJECTS, **more: Any) -> Statement:
    return _statement("Deny", action, resource, more)


def _statement(effect: str, action: Any, resource: Any, more: dict[str, Any]) -> Statement:
    condition = more.pop("when", None)
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more, "Condition": condition}
    negated = {name.removeprefix("Not") for name in more}
    return {
        name: value
        for name, value in statement.items()
        if value is not None and name not in negated & {"Action", "Resource"}
    }


def when(operator: str, key: str, *values: str) -> Statement:
    """A condition of one operator on one key."""
    return {operator: {key: list(values)}}


def policy(*statements: Statement, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def identity(*statements: Statement) -> Document:
    return load(policy(*statements), Kind.IDENTITY)


def document(layers: list[list[Any]], kind: Kind) -> Document:
    """The document of layers of statements."""
    first, *boundaries = (load(policy(*layer), kind) for layer in layers)
    for boundary in boundaries:
        first = first.bounded(boundary)
    return first


def plain(statements: list[Any]) -> list[Any]:
    """Statements with tokens, as the evaluator takes them."""
    result: list[Any] = encode(statements)
    return result
