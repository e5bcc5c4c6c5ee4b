"""Reads properties for the rules of this folder. The docstring of the package says how a rule loads this file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def values(node: Any, path: str = "") -> Iterator[Any]:
    """Yields all values at a path, in both arms of each Fn::If.

    None stands for an absent property: a missing one, ``AWS::NoValue``, or an element of an empty list.

    Args:
        node: where the path begins.
        path: keys with dots between them. ``*`` is every element of a list. An empty path is the node itself.
    """
    step, _, rest = path.partition(".")
    if isinstance(node, dict) and set(node) == {"Fn::If"} and isinstance(node["Fn::If"], list):
        for arm in node["Fn::If"][1:]:
            yield from values(arm, path)
    elif node is None or node == {"Ref": "AWS::NoValue"}:
        yield None
    elif not path:
        yield node
    elif step == "*":
        elements = node if isinstance(node, list) and node else [None]
        for element in elements:
            yield from values(element, rest)
    else:
        yield from values(node.get(step) if isinstance(node, dict) else None, rest)
