"""Templates as files: which there are, which children they name, and what they ask not to be told."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfn.errors import TemplateError
from cfn.templates import parse
from gate.errors import NoTemplatesError, OutsideRootError
from gate.findings import Finding, at_file

TOOL = "templates"
RULE = "GATE03"
TITLE = "A nested template that is named exists"
SUFFIXES = (".yaml", ".yml", ".json", ".template")
# A relative TemplateURL names a file beside the template. Read by pattern, not parsed: unchanged templates must cost
# no more than their hash, and a text that only looks like a child merely widens the key.
_CHILD = re.compile(rb"""TemplateURL["']?\s*:\s*["']?([^\s"',{}]+)""")


@dataclass(frozen=True)
class TemplateFile:
    """A template below the root: its relative POSIX path and its bytes."""

    name: str
    path: Path
    content: bytes


def find_templates(root: Path, paths: Sequence[str]) -> tuple[TemplateFile, ...]:
    """The templates that are named or lie below the named folders, sorted by name.

    Raises:
        NoTemplatesError: there is none.
        OutsideRootError: a path lies outside `root`.
    """
    found: dict[str, TemplateFile] = {}
    for given in paths:
        start = (root / given).resolve()
        if not start.is_relative_to(root):
            raise OutsideRootError(given, str(root))
        candidates = [start] if start.is_file() else sorted(start.rglob("*"))
        for path in candidates:
            if path.is_file() and (path.suffix in SUFFIXES or path == start):
                name = path.relative_to(root).as_posix()
                found[name] = TemplateFile(name, path, path.read_bytes())
    if not found:
        raise NoTemplatesError(tuple(paths))
    return tuple(found[name] for name in sorted(found))


def children(template: TemplateFile) -> dict[str, bytes]:
    """The files that a template reaches through relative TemplateURLs, at any depth, by path relative to its folder.

    A missing file has empty content, so that its appearance changes the key.
    """
    start = template.path.parent
    reached: dict[str, bytes] = {}
    open_ends = [("", template.content)]
    while open_ends:
        folder, content = open_ends.pop()
        for match in _CHILD.finditer(content):
            location = match.group(1).decode("utf-8", "replace")
            name = posixpath.normpath(posixpath.join(folder, location))
            if "://" in location or name in reached:
                continue
            child = start / name
            reached[name] = child.read_bytes() if child.is_file() else b""
            open_ends.append((posixpath.dirname(name), reached[name]))
    return reached


def check_children(templates: Sequence[TemplateFile]) -> tuple[Finding, ...]:
    """A finding for each template that names a child that is not there: cfn-lint passes over those in silence."""
    return tuple(
        at_file(template.name, RULE, f"TemplateURL names {name}, which does not exist", tool=TOOL, title=TITLE)
        for template in templates
        for name in children(template)
        if not (template.path.parent / name).is_file()
    )


def suppressions(template: TemplateFile) -> Mapping[str, frozenset[str]]:
    """Rule ids that a template ignores, each with the logical ids it is ignored for (empty: everywhere).

    cfn-lint obeys these by itself; cloudformation-validate does not know them. An unreadable template ignores
    nothing: the checks themselves then say what is wrong with it.
    """
    try:
        body = parse(template.content.decode(), template.name)
    except (TemplateError, UnicodeDecodeError):
        return {}
    ignored: dict[str, frozenset[str]] = {rule: frozenset() for rule in ignored_checks(body)}
    for logical_id, resource in body["Resources"].items():
        for rule in ignored_checks(resource):
            if ignored.get(rule) != frozenset():
                ignored[rule] = ignored.get(rule, frozenset()) | {logical_id}
    return ignored


def ignored_checks(holder: Any) -> tuple[str, ...]:
    """`Metadata: cfn-lint: config: ignore_checks` of a template or a resource, or nothing."""
    for key in ("Metadata", "cfn-lint", "config", "ignore_checks"):
        holder = holder.get(key) if isinstance(holder, dict) else None
    return tuple(str(rule) for rule in holder) if isinstance(holder, list) else ()
