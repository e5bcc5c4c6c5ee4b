"""``python -m tools.packs`` runs the packs; exit code 1 if something is undecided, 2 if a pack cannot run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tools.packs import cdk_nag, cfn_guard, checkov
from tools.packs.decisions import false_findings, suppressions
from tools.packs.forms import template_forms, write_forms
from tools.packs.judgement import problems
from tools.packs.results import PackReport, PacksError

PROJECT = Path(__file__).resolve().parent.parent.parent
PAGE = PROJECT / "docs" / "security-packs.md"
CHECKOV = PROJECT / ".venv-packs" / "bin" / "checkov"
NODE = Path(__file__).resolve().parent / "node"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the packs, prints what nobody has decided, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.packs", description="Runs outside security packs.")
    parser.add_argument(
        "--guard-registry", type=Path, metavar="FOLDER", help="a clone of AWS's registry of Guard rules"
    )
    options = parser.parse_args(argv)
    try:
        reports = run(options.guard_registry)
        undecided = list(problems(reports, list(suppressions(PROJECT)), false_findings(PAGE)))
    except PacksError as error:
        print(error, file=sys.stderr)
        return 2
    for problem in undecided:
        print(problem)
    for report in reports:
        print(_summary(report))
    print(
        f"{len(undecided)} undecided."
        if undecided
        else "Every finding is suppressed with a reason, or listed as false."
    )
    return 1 if undecided else 0


def run(registry: Path | None) -> list[PackReport]:
    """Runs every pack over every form of every template.

    Raises:
        PacksError: A pack is not installed, or failed.
    """
    with tempfile.TemporaryDirectory(prefix="packs-") as name:
        folder = Path(name).resolve()
        files = write_forms(template_forms(PROJECT), folder)
        return [
            checkov.run(CHECKOV, folder, files),
            cdk_nag.run(NODE / "nag.js", folder, files),
            cfn_guard.run(NODE, files, registry),
        ]


def _summary(report: PackReport) -> str:
    rules = Counter(finding.rule for finding in report.findings)
    resources = {(finding.rule, finding.subject) for finding in report.findings}
    return f"{report.pack}: {len(report.rules)} rules; {len(rules)} of them report {len(resources)} times"
