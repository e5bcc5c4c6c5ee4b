"""Findings and results for tests that need some without running a check."""

from __future__ import annotations

from typing import Any

from gate.findings import Finding, Level
from gate.run import Result, Subject


def finding(**values: Any) -> Finding:
    """A finding with everything filled in that a test does not care about."""
    defaults: dict[str, Any] = {
        "file": "templates/demo/logs.yaml",
        "line": 3,
        "column": 5,
        "end_line": 3,
        "end_column": 9,
        "rule": "E3002",
        "message": "no such property",
        "level": Level.ERROR,
        "tool": "cfn-lint",
        "resource": "Group",
        "title": "Properties exist",
        "help_uri": "https://example.com/E3002",
    }
    return Finding(**{**defaults, **values})


def result(*findings: Finding) -> Result:
    """A run over one template and one parameter file with the given findings."""
    subjects = (
        Subject("cfn-lint", "templates/demo/logs.yaml"),
        Subject("cloudformation-validate", "templates/demo/logs.yaml"),
        Subject("templates", "templates/demo/logs.yaml"),
        Subject("configuration", ".cfnlintrc"),
        Subject("parameters", "params/demo/dev.json"),
    )
    return Result(subjects=subjects, findings=findings, fresh=1, cached=1, seconds=1.25)
