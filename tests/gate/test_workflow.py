"""The workflow on GitHub runs what people run, and nothing that could change under it without a commit here."""

from __future__ import annotations

import re
from typing import Any

import yaml

from gate.cli import PROJECT

WORKFLOW = PROJECT / ".github" / "workflows" / "ci.yml"


def steps() -> list[dict[str, Any]]:
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def test_every_command_is_the_projects_own_and_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = {match for step in steps() for match in re.findall(r"\bmake ([\w-]+)", step.get("run", ""))}
    assert targets >= {"setup", "check", "demo"}
    missing = {target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)}
    assert not missing


def test_every_platform_is_demonstrated_here_and_there() -> None:
    """A third platform that nobody adds to CI would be found."""
    platforms = sorted(path.parent.name for path in (PROJECT / "templates").glob("*/root.yaml"))
    assert yaml.safe_load(WORKFLOW.read_text())["jobs"]["demo"]["strategy"]["matrix"]["platform"] == platforms
    entry = (PROJECT / ".ci" / "run").read_text()
    assert sorted(re.findall(r"^make demo PLATFORM=(\w+) ", entry, re.MULTILINE)) == platforms


def test_actions_are_pinned_by_commit() -> None:
    """One is not, because its commit is not known here; a second one would be found."""
    used = {step["uses"] for step in steps() if "uses" in step}
    floating = {name for name in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)}
    assert len(used) > 1
    assert floating == {"github/codeql-action/upload-sarif@v3"}


def test_token_may_only_read_unless_a_job_says_why() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    writing = {name for name, job in workflow["jobs"].items() if "write" in str(job.get("permissions", {}))}
    assert writing == {"gate"}
    assert "security-events: write # code scanning" in WORKFLOW.read_text()


def test_no_step_can_fail_unnoticed() -> None:
    text = WORKFLOW.read_text()
    assert "continue-on-error" not in text
    assert "|| true" not in text
