"""The project's rules in the language of CloudFormation Guard (``gate/rules/*.guard``), which cloudformation-validate evaluates.

A file has one rule, whose name is its code. The comment at its beginning is YAML and describes the rule in the words of
``GateRule``. ``correction`` has the replacements that turn the failing example into the passing one.

All files are one source for the engine, because each further source costs it milliseconds a template.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gate.findings import GateRule, Tool

FOLDER = Path(__file__).parent / "rules"
# Guard's own words for a check without a message of its own, mostly for a property that is missing.
OWN_WORDS = "Guard check "
_SCAN = "= Resources.*["
_TYPE = re.compile(r"'AWS::[\w:]+'")


@dataclass(frozen=True)
class GuardFile:
    """A file with a rule: its name, its content, and what the rule says about itself."""

    name: str
    source: str
    rule: GateRule


@functools.cache
def guard_files() -> tuple[GuardFile, ...]:
    """Returns the files, sorted by name."""
    return tuple(_read(path) for path in _paths())


@functools.cache
def guard_rules() -> Mapping[str, GateRule]:
    """Returns the rules by code."""
    return {file.rule.id: file.rule for file in guard_files()}


def guard_source() -> str:
    """Returns the rules of all files as one source for the engine.

    Each rule begins with a scan of all resources. Here all rules begin with one common scan for the types that any of them
    names, which halves the time. The comments, in which the rules describe themselves, are not parsed.
    """
    rules = "\n".join(path.read_text("utf-8") for path in _paths())
    types = ", ".join(sorted(set(_TYPE.findall(rules))))
    return f"let candidates = Resources.*[ Type in [{types}] ]\n" + rules.replace(_SCAN, "= %candidates[")


def _paths() -> list[Path]:
    return sorted(FOLDER.glob("*.guard"))


def _read(path: Path) -> GuardFile:
    source = path.read_text("utf-8")
    comment = itertools.takewhile(lambda line: line.startswith("#"), source.splitlines())
    header: dict[str, Any] = yaml.safe_load("\n".join(line[2:] for line in comment))
    correction: dict[str, str] = header.pop("correction")
    passing = header["failing_example"]
    for wrong, right in correction.items():
        passing = passing.replace(wrong, right)
    return GuardFile(path.name, source, GateRule(tool=Tool.CLOUDFORMATION_VALIDATE, passing_example=passing, **header))
