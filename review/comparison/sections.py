"""What changes in a template beside its resources: outputs, parameters, conditions, mappings, rules, metadata and so on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cfn.marks import State, unmarked
from cfn.resolve import Scope
from cfn.text import readable, scalar_text
from review.comparison.difference import Difference, differences
from review.findings import general
from review.findings.finding import Remark
from review.plan.model import StackPath

# The sections whose entries have names, with the word for one entry.
NAMED = {
    "Parameters": "Parameter",
    "Mappings": "Mapping",
    "Conditions": "Condition",
    "Rules": "Rule",
    "Outputs": "Output",
}
WHOLE = ("AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Hooks")


@dataclass(frozen=True)
class SectionChange:
    """One entry of a section that changes, is added or is removed.

    Attributes:
        path: The path of its stack.
        section: ``Output``, ``Parameter``, ``Condition``, ``Mapping``, ``Rule``, ``Description`` and so on.
        name: The name of the entry; empty for a section without names.
        action: Add, Modify or Remove.
        state: Whether it surely changes.
        before: The deployed entry, resolved; None if there is none.
        after: The planned entry, resolved; None if there is none.
        findings: What follows from it.
    """

    path: StackPath
    section: str
    name: str
    action: str
    state: State
    differences: tuple[Difference, ...]
    before: Any
    after: Any
    findings: tuple[Remark, ...] = ()

    @property
    def label(self) -> str:
        """The entry as the review names it: ``Network: Output VpcId``."""
        stack = f"{'/'.join(self.path)}: " if self.path else ""
        return f"{stack}{self.section} {self.name}".rstrip()


def section_changes(path: StackPath, old: Scope, new: Scope, *, is_new: bool) -> Iterator[SectionChange]:
    """The changes of all sections but the resources.

    Args:
        path: The path of the stack.
        old: The deployed template with its values.
        new: The planned template with its values.
        is_new: Whether the stack does not exist yet. A new stack has no findings.
    """
    for change in _section_changes(path, old, new):
        yield change if is_new else replace(change, findings=tuple(_findings(change)))


def _section_changes(path: StackPath, old: Scope, new: Scope) -> Iterator[SectionChange]:
    for section in WHOLE:
        yield from _entry_change(path, section, "", old.document.get(section), new.document.get(section))
    for section, word in NAMED.items():
        before, after = _entries(old, section), _entries(new, section)
        for name in {**before, **after}:
            yield from _entry_change(path, word, name, before.get(name), after.get(name))


def _entries(scope: Scope, section: str) -> Mapping[str, Any]:
    entries: Mapping[str, Any] = scope.document.get(section) or {}
    if section != "Outputs":
        return entries
    # An output may not exist, and its value and the name of its export are resolved.
    existing = {name: entry for name, entry in entries.items() if scope.present(entry) is not False}
    return {name: _output(scope, entry) for name, entry in existing.items()}


def _output(scope: Scope, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value if key == "Condition" else scope.resolve(value) for key, value in entry.items()}


def _entry_change(path: StackPath, section: str, name: str, before: Any, after: Any) -> Iterator[SectionChange]:
    if before is None and after is None:
        return
    if before is None or after is None:
        action = "Add" if before is None else "Remove"
        content = tuple(differences(before, unmarked(after)))
        yield SectionChange(path, section, name, action, State.CHANGED, content, before, unmarked(after))
    elif changes := tuple(differences(before, after)):
        yield SectionChange(
            path, section, name, "Modify", max(change.state for change in changes), changes, before, unmarked(after)
        )


def _findings(change: SectionChange) -> Iterable[Remark]:
    if change.section == "Output" and change.action != "Add":
        yield from _export_findings(change)
    if change.section == "Parameter" and change.action == "Modify" and _hides(change.before) > _hides(change.after):
        yield general.PARAMETER_SHOWN.remark()


def _hides(parameter: Mapping[str, Any]) -> bool:
    return scalar_text(parameter.get("NoEcho", False)) == "true"


def _export_findings(change: SectionChange) -> Iterator[Remark]:
    """An export that another stack imports can be neither removed nor renamed, and its value cannot change."""
    before, after = change.before, change.after
    name = readable((before or {}).get("Export", {}).get("Name"))
    if name is None:
        return
    if after is None or readable(after.get("Export", {}).get("Name")) != name:
        yield general.EXPORT_ENDS.remark(name=name)
    elif any(difference.path.split("/")[0] == "Value" for difference in change.differences):
        yield general.EXPORT_CHANGES.remark(certain=change.state is State.CHANGED, name=name)
