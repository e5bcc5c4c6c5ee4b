"""The view of the page: frozen values that its template reads, and the words for what happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from review.comparison.sections import NAMED, WHOLE
from review.findings.finding import ReviewFinding
from review.formats.page.graph import Drawing
from review.formats.tables import Table
from review.plan.approval import Approval

ACTIONS: Mapping[str, tuple[str, str]] = {
    "Add": ("+", "added"),
    "Modify": ("~", "changed"),
    "Remove": ("-", "removed"),
    "Import": ("<", "imported"),
    "Dynamic": ("?", "decided while deploying"),
}
REPLACEMENTS = {"yes": "replaced", "possible": "may be replaced"}
_SECTIONS = {*NAMED.values(), *WHOLE}
AREAS = {"iam": "IAM", "network": "network"}

Document = Mapping[str, Any]
"""A part of the document of the review (``review.formats.document``)."""


def happens(change: Document) -> str:
    """What happens to the resource or the entry of a change, in one word or three."""
    _, action = ACTIONS.get(change["action"], ACTIONS["Dynamic"])
    return REPLACEMENTS.get(change["replacement"], action)


def short_type(change: Document) -> str:
    """The type without the usual ``AWS::``."""
    return str(change["type"]).removeprefix("AWS::")


def is_resource(change: Document) -> bool:
    """Whether the change is of a resource, not of an entry of another section."""
    return change["type"] not in _SECTIONS


@dataclass(frozen=True)
class Link:
    """A name with the id of the element that shows it; empty if none does."""

    name: str
    target: str


@dataclass(frozen=True)
class Tag:
    """A word on a change, with the class that gives it its colour."""

    word: str
    kind: str


@dataclass(frozen=True)
class Property:
    """One place that changes.

    Attributes:
        before: On one line; None if there is nothing before or ``lines`` has it.
        after: The same after the change.
        lines: The diff, or the value of what is added or removed, if it does not fit on one line.
        note: What else there is to say about it.
        causes: Where the value comes from.
    """

    path: str
    before: str | None
    after: str | None
    lines: tuple[str, ...]
    flows: bool
    possible: bool
    note: str
    causes: tuple[Link, ...]


@dataclass(frozen=True)
class Entry:
    """One change of the tree.

    Attributes:
        tables: The policies and rules that change.
        properties: What changes outside of the tables.
        in_tables: What changes within them, place by place.
        causes: The causes that none of the properties names.
    """

    id: str
    stack: str
    change: Document
    sign: str
    tags: tuple[Tag, ...]
    tables: tuple[Table, ...]
    properties: tuple[Property, ...]
    in_tables: tuple[Property, ...]
    causes: tuple[Link, ...]
    effects: tuple[Link, ...]

    @property
    def type(self) -> str:
        """The type without the usual ``AWS::``."""
        return short_type(self.change)

    @property
    def labels(self) -> tuple[str, ...]:
        """The words for weaker and stronger, each once."""
        return tuple(dict.fromkeys(finding["label"] for finding in self.change["findings"] if finding["label"]))

    @property
    def happens(self) -> str:
        """What happens to it, in one word or three."""
        return happens(self.change)

    @property
    def areas(self) -> tuple[str, ...]:
        """The chapters of the review that list it too, in words."""
        return tuple(AREAS[area] for area in self.change["areas"])

    @property
    def section(self) -> str:
        """``resource``, or the section of the template in lower case."""
        return "resource" if is_resource(self.change) else self.type.lower()


@dataclass(frozen=True)
class StackEntries:
    """The changes in one stack."""

    id: str
    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Concern:
    """All findings of one code that ask for attention: the reason once, then where."""

    code: str
    reason: str
    source_url: str
    places: tuple[tuple[Link, str, Document], ...]


@dataclass(frozen=True)
class Value:
    """A parameter, an artifact or a setting."""

    id: str
    value: Document
    before: str
    after: str
    effects: tuple[Link, ...]


@dataclass(frozen=True)
class Filter:
    """One group of options by which changes are filtered: each option with how many changes have it."""

    name: str
    title: str
    options: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Cause:
    """What causes changes, and which."""

    link: Link
    what: str
    effects: tuple[Link, ...]


@dataclass(frozen=True)
class Page:
    """Everything that the template reads."""

    document: Document
    unchanged: bool
    console_url: str | None
    approval: Approval | None
    blocked: tuple[Concern, ...]
    look: tuple[Concern, ...]
    stacks: tuple[StackEntries, ...]
    is_small: bool
    filters: tuple[Filter, ...]
    values: tuple[tuple[str, tuple[Value, ...]], ...]
    noise: tuple[tuple[str, tuple[Document, ...]], ...]
    causes: tuple[Cause, ...]
    drawing: Drawing | None
    glossary: tuple[ReviewFinding, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The changes of all stacks."""
        return tuple(entry for stack in self.stacks for entry in stack.entries)
