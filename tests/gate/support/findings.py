"""Findings and results for tests that run no check."""

from __future__ import annotations

from typing import Any

from gate.findings import Finding, Level, Tool
from gate.run import Check, GateResult


def finding(**values: Any) -> Finding:
    """Returns a finding with defaults for what a test does not set."""
    defaults: dict[str, Any] = {
        "file": "templates/demo/logs.yaml",
        "line": 3,
        "column": 5,
        "end_line": 3,
        "end_column": 9,
        "rule": "E3002",
        "message": "no such property",
        "level": Level.ERROR,
        "tool": Tool.CFN_LINT,
        "resource": "Group",
        "title": "Properties exist",
        "help_uri": "https://example.com/E3002",
    }
    return Finding(**{**defaults, **values})


def result(*findings: Finding) -> GateResult:
    """Returns the result of a run over a template and a parameter file, with these findings."""
    checks = (
        Check(Tool.CFN_LINT, "templates/demo/logs.yaml"),
        Check(Tool.CLOUDFORMATION_VALIDATE, "templates/demo/logs.yaml"),
        Check(Tool.TEMPLATES, "templates/demo/logs.yaml"),
        Check(Tool.CONFIGURATION, ".cfnlintrc"),
        Check(Tool.PARAMETERS, "params/demo/dev.json"),
    )
    return GateResult(checks=checks, findings=findings, fresh=1, cached=1, elapsed_seconds=1.25)
