"""Templates as files: finds them, follows their nested templates, and reads the checks that they suppress."""

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
from gate.findings import Finding, GateRule, Tool, at_line

_EXAMPLE = """
    Resources:
      Network:
        Type: AWS::CloudFormation::Stack
        DeletionPolicy: Delete
        UpdateReplacePolicy: Delete
        Properties:
          TemplateURL: netwrok.yaml # the file is network.yaml
          Tags:
            - {Key: Environment, Value: dev}
            - {Key: CostCenter, Value: orders}
            - {Key: Compliance, Value: none}
            - {Key: DataClassification, Value: Internal}
"""
RULE = GateRule(
    id="GATE03",
    tool=Tool.TEMPLATES,
    shortdesc="The file of a relative TemplateURL exists",
    description="A TemplateURL without a host names a file, relative to the folder of its template. The file exists.",
    reason=(
        "cfn-lint checks parameters and outputs across templates only if it can read the nested template. It reports "
        "no finding for a missing one."
    ),
    source_url=(
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html"
    ),
    failing_example=_EXAMPLE,
    passing_example=_EXAMPLE.replace("netwrok.yaml # the file is network.yaml", "network.yaml"),
)
SUFFIXES = (".yaml", ".yml", ".json", ".template")
# Finds the relative TemplateURLs of a template by pattern instead of parsing it, because an unchanged template must cost
# no more than its hash. A text that only looks like a TemplateURL adds a part to the cache key and does no harm.
_CHILD = re.compile(rb"""TemplateURL["']?\s*:\s*["']?([^\s"',{}]+)""")


@dataclass(frozen=True)
class TemplateFile:
    """A template below the root folder: its relative POSIX path as ``name``, and its content."""

    name: str
    path: Path
    content: bytes


def find_templates(root: Path, paths: Sequence[str]) -> tuple[TemplateFile, ...]:
    """Returns the templates at the paths and in the folders at the paths, sorted by name.

    Args:
        root: folder to which ``paths`` and the names of the templates are relative.
        paths: files or folders. A file counts as a template with any suffix; in folders only ``SUFFIXES`` count.

    Raises:
        NoTemplatesError: there is no template.
        OutsideRootError: a path is outside ``root``.
    """
    templates: dict[str, TemplateFile] = {}
    for path in paths:
        start = (root / path).resolve()
        if not start.is_relative_to(root):
            raise OutsideRootError(path, str(root))
        candidates = [start] if start.is_file() else sorted(start.rglob("*"))
        for file in candidates:
            if file.is_file() and (file.suffix in SUFFIXES or file == start):
                name = file.relative_to(root).as_posix()
                templates[name] = TemplateFile(name, file, file.read_bytes())
    if not templates:
        raise NoTemplatesError(tuple(paths))
    return tuple(templates[name] for name in sorted(templates))


def children(template: TemplateFile) -> dict[str, bytes]:
    """Returns the content of the nested templates that relative TemplateURLs reach, at any depth.

    The keys are paths relative to the template's folder. A missing file has empty content, so that the cache key changes
    when the file appears.
    """
    start = template.path.parent
    content_by_name: dict[str, bytes] = {}
    to_search = [("", template.content)]
    while to_search:
        folder, content = to_search.pop()
        for match in _CHILD.finditer(content):
            location = match.group(1).decode("utf-8", "replace")
            name = posixpath.normpath(posixpath.join(folder, location))
            if "://" in location or name in content_by_name:
                continue
            child = start / name
            content_by_name[name] = child.read_bytes() if child.is_file() else b""
            to_search.append((posixpath.dirname(name), content_by_name[name]))
    return content_by_name


def check_children(templates: Sequence[TemplateFile]) -> tuple[Finding, ...]:
    """Returns a finding for each nested template that does not exist. cfn-lint reports none."""
    return tuple(
        at_line(template.name, RULE, f"TemplateURL names {name}, which does not exist")
        for template in templates
        for name in children(template)
        if not (template.path.parent / name).is_file()
    )


def suppressions(template: TemplateFile) -> Mapping[str, frozenset[str]]:
    """Returns the rule ids that a template suppresses, each with the logical ids of the resources that suppress it.

    An empty set means the whole template. cfn-lint applies suppressions itself; cloudformation-validate does not know
    them. An unreadable template suppresses nothing, and the tools report its fault.
    """
    try:
        body = parse(template.content.decode(), template.name)
    except (TemplateError, UnicodeDecodeError):
        return {}
    everywhere = _suppressed_checks(body)
    by_resource: dict[str, set[str]] = {}
    for logical_id, resource in body["Resources"].items():
        for rule in _suppressed_checks(resource):
            by_resource.setdefault(rule, set()).add(logical_id)
    suppressed = {rule: frozenset(logical_ids) for rule, logical_ids in by_resource.items()}
    return suppressed | dict.fromkeys(everywhere, frozenset())


def _suppressed_checks(node: Any) -> tuple[str, ...]:
    """Returns ``Metadata: cfn-lint: config: ignore_checks`` of a template or a resource."""
    for key in ("Metadata", "cfn-lint", "config", "ignore_checks"):
        node = node.get(key) if isinstance(node, dict) else None
    return tuple(str(rule) for rule in node) if isinstance(node, list) else ()
