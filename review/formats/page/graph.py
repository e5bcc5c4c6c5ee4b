"""The graph of causes as places of boxes and lines: in layers from left to right, without a program for layouts.

A box is one layer to the right of the last of its causes, and at the height of this cause or below, so that a reader finds
what it causes beside it. Many changes with the same causes that cause nothing themselves are one box. A line that follows
from others is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

MAX_BOXES = 100
MAX_LINES = 200
_MAX_ALIKE = 3  # changes with the same causes that have a box each
_WIDTH, _HEIGHT = 236, 38  # of a box
_COLUMN, _ROW = 296, 46  # from one box to the next
_MARGIN = 8


@dataclass(frozen=True)
class Node:
    """A cause, or a change that has one.

    Attributes:
        key: What tells it from all others.
        name: Its name.
        subtitle: What it is.
        target: The id of the element of the page that shows it; empty if none does.
        kind: The class of its box.
    """

    key: str
    name: str
    subtitle: str
    target: str
    kind: str


@dataclass(frozen=True)
class Box:
    """A node at its place."""

    node: Node
    x: int
    y: int

    @property
    def middle(self) -> int:
        """The y at which lines begin and end."""
        return self.y + _HEIGHT // 2


@dataclass(frozen=True)
class Drawing:
    """A graph to be drawn."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    box_width: int = _WIDTH
    box_height: int = _HEIGHT


Edges = Mapping[str, Sequence[str]]
"""The key of an effect -> the keys of its causes."""


def draw(nodes: Mapping[str, Node], causes: Edges) -> Drawing | None:
    """Place the nodes of a graph.

    Args:
        nodes: All nodes by their key.
        causes: The edges, without a circle.

    Returns:
        None if there is nothing to draw, or too much to be read.
    """
    nodes, causes = _grouped(nodes, _reduced(causes))
    places = _places(causes)
    if not places or len(places) > MAX_BOXES or sum(map(len, causes.values())) > MAX_LINES:
        return None
    boxes = {
        key: Box(nodes[key], _MARGIN + column * _COLUMN, _MARGIN + row * _ROW) for key, (column, row) in places.items()
    }
    return Drawing(
        width=max(box.x for box in boxes.values()) + _WIDTH + _MARGIN,
        height=max(box.y for box in boxes.values()) + _HEIGHT + _MARGIN,
        boxes=tuple(boxes.values()),
        lines=tuple(_line(boxes[cause], boxes[effect]) for effect in causes for cause in causes[effect]),
    )


def _reduced(causes: Edges) -> dict[str, list[str]]:
    """The edges without those to a cause that another cause of the same effect comes from."""
    above: dict[str, set[str]] = {}
    for key in TopologicalSorter(causes).static_order():
        direct = causes.get(key, ())
        above[key] = {*direct}.union(*(above[cause] for cause in direct))
    return {
        effect: [cause for cause in direct if not any(cause in above[other] for other in direct)]
        for effect, direct in causes.items()
    }


def _grouped(nodes: Mapping[str, Node], causes: Edges) -> tuple[dict[str, Node], dict[str, list[str]]]:
    """The graph with one box for many effects that have the same causes and no effects of their own."""
    inner = {cause for effects in causes.values() for cause in effects}
    alike: dict[tuple[str, ...], list[str]] = {}
    for effect, its_causes in causes.items():
        if effect not in inner:
            alike.setdefault(tuple(sorted(its_causes)), []).append(effect)
    many = {effect: keys for keys, effects in alike.items() if len(effects) > _MAX_ALIKE for effect in effects}
    groups = {keys: Node(f"group {' '.join(keys)}", "", "", "causes-list", "group") for keys in many.values()}
    grouped_nodes = dict(nodes)
    grouped: dict[str, list[str]] = {}
    for effect, its_causes in causes.items():
        if effect not in many:
            grouped[effect] = [*its_causes]
            continue
        group = groups[many[effect]]
        members = alike[many[effect]]
        names = ", ".join(nodes[member].name for member in members)
        grouped_nodes[group.key] = Node(group.key, f"{len(members)} changes", names, group.target, group.kind)
        grouped[group.key] = [*its_causes]
    return grouped_nodes, grouped


def _places(causes: Edges) -> dict[str, tuple[int, int]]:
    """The column and the row of each key: the first effect is beside its cause, the others are below."""
    columns: dict[str, int] = {}
    beside: dict[str, list[str]] = {}
    for key in TopologicalSorter(causes).static_order():
        last = max(causes.get(key, ()), key=lambda cause: columns[cause], default="")
        columns[key] = columns[last] + 1 if last else 0
        beside.setdefault(last, []).append(key)
    places: dict[str, tuple[int, int]] = {}

    def place(key: str, row: int) -> int:
        """Place a key with what is beside it, and give the next free row."""
        places[key] = (columns[key], row)
        free = row
        for effect in sorted(beside.get(key, ()), key=lambda effect: -len(beside.get(effect, ()))):
            free = place(effect, free)
        return max(free, row + 1)

    free = 0
    for key in sorted(beside.get("", ()), key=lambda key: -len(beside.get(key, ()))):
        free = place(key, free)
    return places


def _line(cause: Box, effect: Box) -> str:
    """A curve from the right side of one box to the left side of another, as the path of an SVG."""
    start, end = cause.x + _WIDTH, effect.x
    bend = max((end - start) // 2, 24)
    return f"M{start} {cause.middle}C{start + bend} {cause.middle} {end - bend} {effect.middle} {end} {effect.middle}"
