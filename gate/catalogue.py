"""Describes the rules of this project that the gate checks, as sections of ``docs/rules.md``.

A rule describes itself: a cfn-lint rule in class attributes (``gate/rules/*.py``), a Guard rule in the comment at the
beginning of its file (``gate/rules/*.guard``), a rule of the gate in a ``GateRule``. This module loads cfn-lint, so a run
of the gate never imports it.
"""

from __future__ import annotations

import importlib
import pkgutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cfnlint.helpers import create_rules

import gate.rules
from gate import configuration, parameters, templates, validate
from gate.cli import PROJECT
from gate.findings import GateRule, Tool
from gate.guard import guard_files

_WRAPPER = textwrap.TextWrapper(width=118, break_long_words=False, break_on_hyphens=False)
_INTRODUCTION = (
    "The gate checks these rules in templates. cfn-lint loads those in Python from gate/rules/, also in an editor; "
    "cloudformation-validate evaluates those in the language of CloudFormation Guard. A rule that is wrong for a resource is "
    "suppressed in that resource's Metadata, with a reason (E9801)."
)
_GATE_INTRODUCTION = "The gate checks these rules itself."
_EXCEPTIONS_INTRODUCTION = (
    "These checks of cfn-lint and cloudformation-validate are wrong for this project. All their other errors and warnings "
    "fail the gate, and so do the informational findings of cfn-lint. The informational findings of "
    "cloudformation-validate do not count."
)


class DescribedRule(Protocol):
    """What a rule says about itself. ``GateRule`` documents the attributes."""

    id: str
    shortdesc: str
    description: str
    reason: str
    source_url: str
    failing_example: str
    passing_example: str


@dataclass(frozen=True)
class Entry:
    """A rule of the catalogue.

    Attributes:
        code: the rule's id.
        sentence: the rule in one sentence, without a period.
        description: what the rule demands.
        reason: why.
        source_url: page on which the rule rests.
        file: file of the rule, relative to the project.
        language: of the examples, ``yaml`` or ``json``.
        failing: content of a file that breaks this rule and no other.
        passing: the same file, corrected.
    """

    code: str
    sentence: str
    description: str
    reason: str
    source_url: str
    file: str
    language: str
    failing: str
    passing: str


def template_rules() -> tuple[Entry, ...]:
    """Returns the project's rules for templates, in Python and in Guard, sorted by code."""
    entries = [_entry(file.rule, f"gate/rules/{file.name}", "yaml") for file in guard_files()]
    for module in pkgutil.iter_modules(gate.rules.__path__):
        rules: Sequence[DescribedRule] = create_rules(importlib.import_module(f"gate.rules.{module.name}"))
        entries += [_entry(rule, f"gate/rules/{module.name}.py", "yaml") for rule in rules]
    return tuple(sorted(entries, key=lambda entry: entry.code))


def gate_rules() -> tuple[Entry, ...]:
    """Returns the gate's own rules, sorted by code."""
    rules: dict[str, GateRule] = {
        "gate/configuration.py": configuration.RULE,
        "gate/parameters.py": parameters.RULE,
        "gate/templates.py": templates.RULE,
    }
    return tuple(_entry(rule, file, rule.language) for file, rule in rules.items())


def sections() -> tuple[str, ...]:
    """Returns the sections in Markdown. Each begins with a heading of the second level."""
    return (
        _section("Templates: E98xx", _INTRODUCTION, template_rules()),
        _section("Configuration, parameter files and nested templates: GATExx", _GATE_INTRODUCTION, gate_rules()),
        _exceptions_section(),
    )


def _entry(rule: DescribedRule | GateRule, file: str, language: str) -> Entry:
    return Entry(
        code=rule.id,
        sentence=rule.shortdesc,
        description=rule.description,
        reason=rule.reason,
        source_url=rule.source_url,
        file=file,
        language=language,
        failing=_example(rule.failing_example),
        passing=_example(rule.passing_example),
    )


def _example(text: str) -> str:
    return textwrap.dedent(text).strip() + "\n"


def _section(title: str, introduction: str, entries: Sequence[Entry]) -> str:
    rows = [f"| [{entry.code}](#{entry.code.lower()}) | {_escape(entry.sentence)} |" for entry in entries]
    table = "\n".join(["| code | rule |", "|---|---|", *rows])
    return _join([f"## {title}", _paragraph(introduction), table, *(_entry_text(entry) for entry in entries)])


def _entry_text(entry: Entry) -> str:
    return _join(
        [
            f"### {entry.code}",
            _paragraph(f"**{entry.sentence}.** {entry.description}"),
            "\n".join(
                [
                    _item(f"**Reason**: {entry.reason}"),
                    f"- **Source**: <{entry.source_url}>",
                    f"- **Code**: [{entry.file}](../{entry.file})",
                ]
            ),
            f"Fails:\n\n```{entry.language}\n{entry.failing}```",
            f"Passes:\n\n```{entry.language}\n{entry.passing}```",
        ]
    )


def _exceptions_section() -> str:
    rows = [f"| {check} | {tools} | {_escape(reason)} |" for check, tools, reason in _exceptions()]
    table = "\n".join(["| check | tool | reason |", "|---|---|---|", *rows])
    return _join(["## Exceptions", _paragraph(_EXCEPTIONS_INTRODUCTION), table])


def _exceptions() -> Iterator[tuple[str, str, str]]:
    """Yields check, tools and reason of each exception."""
    for ignored in configuration.ignored_checks(configuration.read_configuration(PROJECT)):
        yield ignored.check, f"{Tool.CFN_LINT}, {Tool.CLOUDFORMATION_VALIDATE}", ignored.reason.lstrip("# ")
    for check, reason in validate.EXCLUDED.items():
        yield check, Tool.CLOUDFORMATION_VALIDATE, reason
    yield validate.PASSWORD_BY_NAME, Tool.CLOUDFORMATION_VALIDATE, validate.PASSWORD_BY_NAME_EXCEPTION


def _join(blocks: Iterable[str]) -> str:
    return "\n\n".join(blocks)


def _paragraph(text: str) -> str:
    return _WRAPPER.fill(_escape(text))


def _item(text: str) -> str:
    return textwrap.indent(_paragraph(text), "  ").replace("  ", "- ", 1)


def _escape(text: str) -> str:
    """Escapes the star in ``Resource "*"``, which Markdown would read as emphasis."""
    return text.replace('"*"', '"\\*"')
