"""From a review to the view of its page: the document of the review, with words, links and tables.

Nothing here is decided anew. Values become text only; the template escapes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from review.findings.codes import ALL_FINDINGS
from review.findings.finding import ReviewFinding
from review.formats.document import review_document
from review.formats.page.console import console_url
from review.formats.page.graph import Drawing, Node, draw
from review.formats.page.view import (
    ACTIONS,
    AREAS,
    REPLACEMENTS,
    Cause,
    Concern,
    Document,
    Entry,
    Filter,
    Link,
    Page,
    Property,
    StackEntries,
    Tag,
    Value,
    happens,
    is_resource,
    short_type,
)
from review.formats.tables import Table, tables
from review.formats.values import change_lines, short_change, short_value, value_lines
from review.judgement.reviewed import Review
from review.plan.approval import Approval

_KINDS = {"order": "the same elements in another order", "form": "the same meaning, written differently"}
_OPTIONS = ("blocked", "look", "fine", "removed", "replaced", "may be replaced", "changed", "added", "resource")
_SMALL = 8  # so many changes are shown open
_FINDINGS = {finding.code: finding for finding in ALL_FINDINGS}


def page(review: Review, approval: Approval | None) -> Page:
    """Everything that the page of a review shows."""
    return _Builder(review).page(approval)


class _Builder:
    def __init__(self, review: Review) -> None:
        self.review = review
        self.document = review_document(review)
        self.changes = [change for change in self.document["changes"] if change["certainty"] != "noise"]
        self.ids = {id(change): f"c{number}" for number, change in enumerate(self.changes, 1)}
        self.tables = {change.name: tables(change) for change in review.changes}
        self.values = [
            ("Parameters", "p", self.document["parameters"]),
            ("Artifacts", "a", self.document["artifacts"]),
            ("Settings", "s", self.document["settings"]),
        ]
        self.links = self._links()
        self.effects = self._effects()

    def page(self, approval: Approval | None) -> Page:
        """The whole page."""
        stacks = tuple(self._stacks())
        entries = [entry for stack in stacks for entry in stack.entries]
        return Page(
            document=self.document,
            unchanged=self.review.plan.unchanged,
            console_url=console_url(self.review.plan),
            approval=approval,
            blocked=tuple(self._concerns("blocked")),
            look=tuple(self._concerns("look")),
            stacks=stacks,
            is_small=len(entries) <= _SMALL,
            filters=tuple(_filters(entries)),
            values=tuple((title, tuple(self._values(prefix, rows))) for title, prefix, rows in self.values if rows),
            noise=tuple(self._noise()),
            causes=tuple(self._causes()),
            drawing=self._drawing(),
            glossary=tuple(self._glossary()),
        )

    # ---- links ------------------------------------------------------------------------------------------------------

    def _links(self) -> dict[str, Link]:
        """The link of each cause by its name: of a parameter of the root, and of a resource, which comes first."""
        links = {
            row["name"]: Link(row["name"], f"{prefix}{number}")
            for _, prefix, rows in self.values
            for number, row in enumerate(rows, 1)
        }
        resources = {change["path"]: change for change in self.changes if is_resource(change)}
        return links | {path: Link(path, self.ids[id(change)]) for path, change in resources.items()}

    def _link(self, cause: str) -> Link:
        return self.links.get(cause, Link(cause, ""))

    def _effects(self) -> dict[str, tuple[Link, ...]]:
        effects: dict[str, list[Link]] = {}
        for change in self.changes:
            for cause in change["causes"]:
                effects.setdefault(cause, []).append(Link(change["path"], self.ids[id(change)]))
        return {cause: tuple(links) for cause, links in effects.items()}

    # ---- what comes first -------------------------------------------------------------------------------------------

    def _concerns(self, verdict: str) -> Iterator[Concern]:
        """The findings of a verdict, by their codes."""
        by_code: dict[str, list[tuple[Link, str, Document]]] = {}
        for link, kind, finding in self._findings():
            if finding["verdict"] == verdict:
                by_code.setdefault(finding["code"], []).append((link, kind, finding))
        for code, places in sorted(by_code.items()):
            known = _FINDINGS[code]
            yield Concern(code, known.reason, known.source_url, tuple(places))

    def _findings(self) -> Iterator[tuple[Link, str, Document]]:
        """All findings, each with its place and the type of what has it; the place of the plan as a whole is empty."""
        for change in self.changes:
            link = Link(change["path"], self.ids[id(change)])
            yield from ((link, short_type(change), finding) for finding in change["findings"])
        for _, _, rows in self.values:
            for row in rows:
                yield from ((self.links[row["name"]], "", finding) for finding in row["findings"])
        yield from ((Link("", ""), "", finding) for finding in self.document["findings"])

    def _glossary(self) -> Iterator[ReviewFinding]:
        noise = [change for change in self.document["changes"] if change["certainty"] == "noise"]
        codes = {finding["code"] for _, _, finding in self._findings()}
        codes |= {finding["code"] for change in noise for finding in change["findings"]}
        return (finding for finding in ALL_FINDINGS if finding.code in codes)

    # ---- the tree ---------------------------------------------------------------------------------------------------

    def _stacks(self) -> Iterator[StackEntries]:
        """The stacks with their changes, the root first. Resources come before other sections, as in the document."""
        entries = [self._entry(change) for change in self.changes]
        root = self.document["stack"] or "root"
        order = {stack: number for number, stack in enumerate(dict.fromkeys(entry.stack for entry in entries))}
        entries.sort(key=lambda entry: (entry.stack != "", order[entry.stack]))
        for number, (stack, its_entries) in enumerate(groupby(entries, key=lambda entry: entry.stack), 1):
            yield StackEntries(f"stack{number}", stack or f"{root} (root)", tuple(its_entries))

    def _entry(self, change: Document) -> Entry:
        sign, _ = ACTIONS.get(change["action"], ACTIONS["Dynamic"])
        its_tables = self.tables.get(change["path"], ()) if is_resource(change) else ()
        properties = [self._property(change, row) for row in change["properties"]]
        in_tables = [_is_in(row["path"], its_tables) for row in change["properties"]]
        outside = tuple(row for row, inside in zip(properties, in_tables, strict=True) if not inside)
        shown = {link for row in outside for link in row.causes}
        return Entry(
            id=self.ids[id(change)],
            stack=change["path"].rpartition("/")[0],
            change=change,
            sign=sign,
            tags=tuple(_tags(change)),
            tables=its_tables,
            properties=outside,
            in_tables=tuple(row for row, inside in zip(properties, in_tables, strict=True) if inside),
            causes=tuple(link for link in map(self._link, change["causes"]) if link not in shown),
            effects=self.effects.get(change["path"], ()) if is_resource(change) else (),
        )

    def _property(self, change: Document, row: Document) -> Property:
        flows, before, after = row["flows"], row["before"], row["after"]
        pair = _one_line(before, after, flows=flows)
        lines = () if pair else tuple(value_lines(before) if flows else change_lines(before, after))
        old, new = pair or (None, None)
        return Property(
            path=row["path"].removeprefix("Properties/") or "content",
            before=None if before is None else old,
            after=None if after is None else new,
            lines=lines,
            flows=flows,
            possible=row["certainty"] == "possible" and change["certainty"] != "possible",
            note=_KINDS.get(row["kind"], ""),
            causes=tuple(map(self._link, row["causes"])),
        )

    # ---- values and noise -------------------------------------------------------------------------------------------

    def _values(self, prefix: str, rows: Sequence[Document]) -> Iterator[Value]:
        for number, row in enumerate(rows, 1):
            before, after = ("(none)" if side is None else str(side) for side in (row["before"], row["after"]))
            yield Value(f"{prefix}{number}", row, before, after, self.effects.get(row["name"], ()))

    def _noise(self) -> Iterator[tuple[str, tuple[Document, ...]]]:
        """What CloudFormation lists and nothing will happen to, by the reasons."""
        by_reason: dict[str, list[Document]] = {}
        for change in self.document["changes"]:
            if change["certainty"] == "noise":
                reasons = "; ".join(f"{finding['message']} ({finding['code']})" for finding in change["findings"])
                by_reason.setdefault(reasons, []).append(change)
        return ((reason, tuple(changes)) for reason, changes in by_reason.items())

    # ---- causes -----------------------------------------------------------------------------------------------------

    def _causes(self) -> Iterator[Cause]:
        """The causes with what they cause, those with the most effects first."""
        for cause, effects in sorted(self.effects.items(), key=lambda item: -len(item[1])):
            yield Cause(self._link(cause), self._what(cause), effects)

    def _what(self, cause: str) -> str:
        change = next((change for change in self.changes if change["path"] == cause and is_resource(change)), None)
        if change is not None:
            return _subtitle(change)
        return "parameter" if cause in self.links else "parameters of the nested stack"

    def _drawing(self) -> Drawing | None:
        causes = {self._link(name).target or name: name for name in self.effects}
        nodes = {key: self._node(key, name, self._what(name)) for key, name in causes.items()}
        edges = {}
        for change in self.changes:
            if change["causes"]:
                key = self.ids[id(change)]
                edges[key] = [self._link(name).target or name for name in change["causes"]]
                nodes.setdefault(key, self._node(key, change["path"], _subtitle(change)))
        return draw(nodes, edges)

    def _node(self, key: str, name: str, subtitle: str) -> Node:
        stack, _, own = name.rpartition("/")
        is_change = key in self.ids.values()
        kind = "replaced" if subtitle.startswith("replaced") else "change" if is_change else "parameter"
        return Node(key, own, f"{subtitle} in {stack}" if stack else subtitle, "" if key == name else key, kind)


def _subtitle(change: Document) -> str:
    return f"{happens(change)} {short_type(change)}"


def _one_line(before: Any, after: Any, *, flows: bool) -> tuple[str, str] | None:
    if not flows:
        return short_change(before, after)
    short = short_value(before)
    return None if short is None else (short, short)


def _is_in(path: str, its_tables: Iterable[Table]) -> bool:
    """Whether a table shows what happens at the path."""
    return any(path == table.path or path.startswith(f"{table.path}/") for table in its_tables)


def _tags(change: Document) -> Iterator[Tag]:
    if change["verdict"] != "fine":
        yield Tag(change["verdict"], change["verdict"])
    yield Tag(happens(change), "replace" if change["replacement"] in REPLACEMENTS else change["action"].lower())
    if change["certainty"] == "possible":
        yield Tag("possible", "possible")
    labels = {finding["label"]: finding["direction"] for finding in change["findings"] if finding["label"]}
    yield from (Tag(label, direction) for label, direction in labels.items())
    yield from (Tag(AREAS[area], "area") for area in change["areas"])


def _place(option: str) -> int:
    """Where an option is in its group; those without a place keep their order, behind the others."""
    return _OPTIONS.index(option) if option in _OPTIONS else len(_OPTIONS)


def _filters(entries: Sequence[Entry]) -> Iterator[Filter]:
    """The groups of options that tell some changes from others."""
    groups = (
        ("verdict", "Verdict", lambda entry: (entry.change["verdict"],)),
        ("action", "Action", lambda entry: (entry.happens,)),
        ("certainty", "Certainty", lambda entry: (entry.change["certainty"],)),
        ("label", "Label", lambda entry: entry.labels),
        ("area", "Area", lambda entry: entry.areas),
        ("section", "Section", lambda entry: (entry.section,)),
    )
    for name, title, options_of in groups:
        counts: dict[str, int] = {}
        for entry in entries:
            for option in options_of(entry):
                counts[option] = counts.get(option, 0) + 1
        if any(count < len(entries) for count in counts.values()):
            yield Filter(name, title, tuple(sorted(counts.items(), key=lambda item: _place(item[0]))))
