"""Planted misconfigurations: how one looks, and a way to run the project's rules over many templates in this process."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cfnlint.config import ConfigMixIn
from cfnlint.rules import Rules
from cfnlint.runner.template import run_template_by_file_path

from gate.cli import PROJECT
from gate.findings import Finding
from gate.templates import TemplateFile
from gate.validate import validate_templates
from gate.worker import _finding

HERE = "# here"
"""Ends the line that the rule must report."""
TAGS = """
          Tags:
            - {Key: Environment, Value: dev}
            - {Key: CostCenter, Value: orders}
            - {Key: Compliance, Value: none}
            - {Key: DataClassification, Value: Internal}
"""


@dataclass(frozen=True)
class Plant:
    """A misconfiguration in a template.

    Attributes:
        kind: which of the ten kinds, in a few words.
        rule: code that must report it.
        name: what is wrong, for the test's id.
        text: the whole template, with ``# here`` at the line that the rule must report.
    """

    kind: str
    rule: str
    name: str
    text: str

    @property
    def line(self) -> int:
        """The line that the rule must report."""
        (line,) = (number for number, text in enumerate(self.text.splitlines(), 1) if text.endswith(HERE))
        return line

    @property
    def file_name(self) -> str:
        """The name of the file that the test writes."""
        return re.sub(r"[^a-z0-9.]+", "-", f"{self.rule} {self.name}.yaml".lower())


def edited(template: str, resource: str, *edits: tuple[str, str]) -> str:
    """Returns a template of the project with texts in a resource replaced.

    Args:
        template: path below ``templates/`` without the suffix.
        resource: logical id.
        *edits: old and new text. The old one must be in the resource.
    """
    text = (PROJECT / "templates" / f"{template}.yaml").read_text()
    start = text.index(f"\n  {resource}:\n", text.index("\nResources:\n")) + 1
    end = min((place for place in _ends(text, start)), default=len(text))
    block = text[start:end]
    for old, new in edits:
        assert old in block, f"{old!r} is not in {resource} of {template}"
        block = block.replace(old, new, 1)
    return text[:start] + block + text[end:]


def small(resources: str, head: str = "") -> str:
    """Returns a template with these resources, whose indentation is that of the caller."""
    return f"{textwrap.dedent(head)}Resources:\n{textwrap.indent(textwrap.dedent(resources).strip(), '  ')}\n"


def run_project_rules(root: Path, texts: Mapping[str, str]) -> dict[str, list[Finding]]:
    """Writes templates and returns what both tools report of the project's rules, by file name.

    The whole of cfn-lint would take a second for each template.
    """
    files = [TemplateFile(name, root / name, text.encode()) for name, text in texts.items()]
    findings = {name: list(found) for name, found in validate_templates(files, b"regions: [us-east-1]").items()}
    for file in files:
        file.path.write_bytes(file.content)
        config = ConfigMixIn(["--template", str(file.path)])
        matches = run_template_by_file_path(str(file.path), config, _rules(), False)
        findings[file.name] += [_finding(match, file.name) for match in matches]
    return {name: [item for item in found if item.rule.startswith("E98")] for name, found in findings.items()}


def _ends(text: str, start: int) -> Iterator[int]:
    """Yields where the next resource and the next section begin."""
    place = start
    while (place := text.find("\n", place) + 1) > 0 and place < len(text):
        if text[place] not in " -" or (text.startswith("  ", place) and text[place + 2] not in " -"):
            yield place
            return


@functools.cache
def _rules() -> Rules:
    return Rules.create_from_directory(str(PROJECT / "gate" / "rules"))
