"""The workflow on GitHub runs the commands of developers, and only actions that change by a commit here."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from builders.parts.lambdas import RUNTIME
from gate.cli import PROJECT

WORKFLOW = PROJECT / ".github" / "workflows" / "ci.yml"


def jobs() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(WORKFLOW.read_text())["jobs"])


def steps() -> list[dict[str, Any]]:
    return [step for job in jobs().values() for step in job["steps"]]


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_workflow_runs_only_existing_commands_of_the_project() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set()
    for command in (command for job in jobs().values() for command in commands(job)):
        match = re.fullmatch(r"make ([\w-]+)( \w+=\S.*)?|\.venv/bin/python -m gate [^\n;&|]+", command)
        assert match, command
        targets.add(match[1])
    assert targets - {None} == {"setup", "check", "coverage", "matrix", "demo"}
    missing = {target for target in targets - {None} if not re.search(rf"^{target}:", makefile, re.MULTILINE)}
    assert not missing


INSTALLERS = re.compile(r"\b(apt(-get)?|aptitude|dpkg|brew|dnf|yum|apk|snap|pip3?|pipx|uv|npm|npx|curl|wget|sudo)\b")


@pytest.mark.parametrize(
    ("command", "installs"),
    [
        ("sudo apt-get update", True),
        ("apt install --yes postgresql", True),
        ("brew install mariadb", True),
        (".venv/bin/python -m pip install pytest", True),
        ("curl -LsSf https://example.com/install.sh | sh", True),
        ("make check", False),
        (".venv/bin/python -m gate --no-cache --sarif build/gate.sarif", False),
    ],
)
def test_installers_pattern_recognizes_an_installation(command: str, installs: bool) -> None:
    assert bool(INSTALLERS.search(command)) is installs


def test_no_step_installs_anything() -> None:
    """A step installed MariaDB and PostgreSQL by apt. Tests that passed there skipped or failed on a machine without root."""
    assert not [step for step in steps() if INSTALLERS.search(step.get("run", ""))]
    used = {step["uses"].partition("@")[0] for step in steps() if "uses" in step}
    assert used == {
        "actions/checkout",
        "actions/setup-python",
        "actions/upload-artifact",
        "github/codeql-action/upload-sarif",
    }
    assert not [name for name, job in jobs().items() if "services" in job or "container" in job]


def test_jobs_that_test_require_databases_and_a_browser() -> None:
    testing = {name for name, job in jobs().items() if re.search(r"make (check|test)", " ".join(commands(job)))}
    assert testing == {"check"}
    for variable in ("REQUIRE_DATABASES", "REQUIRE_BROWSER"):
        assert {jobs()[name].get("env", {}).get(variable) for name in testing} == {"1"}


def test_workflow_tests_the_oldest_python_and_that_of_lambda() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    ends = [project["requires-python"].removeprefix(">="), RUNTIME.removeprefix("python")]
    assert jobs()["check"]["strategy"]["matrix"]["python"] == ends


def test_both_entries_of_ci_run_the_demo_of_every_platform() -> None:
    """The test fails for a third platform that is missing from CI."""
    platforms = sorted(path.parent.name for path in (PROJECT / "templates").glob("*/root.yaml"))
    assert jobs()["demo"]["strategy"]["matrix"]["platform"] == platforms
    assert "make demo PLATFORM=${{ matrix.platform }} OPTIONS=--stop" in commands(jobs()["demo"])
    entry = (PROJECT / ".ci" / "run").read_text()
    assert sorted(re.findall(r"^make demo PLATFORM=(\w+) ", entry, re.MULTILINE)) == platforms


def test_actions_are_pinned_by_commit_with_their_tag_as_a_comment() -> None:
    """``github/codeql-action/upload-sarif@v3`` was not pinned, and could have changed without a commit here."""
    lines = re.findall(r"^ *- uses: *(.*)$", WORKFLOW.read_text(), re.MULTILINE)
    assert len(lines) == sum("uses" in step for step in steps())
    pinned = r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert not [line for line in lines if not re.fullmatch(pinned, line)]
    assert len(set(lines)) == len({line.partition("@")[0] for line in lines}), "an action in two versions"


def upload() -> dict[str, Any]:
    (step,) = (step for step in steps() if step.get("uses", "").startswith("github/codeql-action/upload-sarif@"))
    return step


def holds(condition: str, *, cancelled: bool = False, files: bool = True, **known: Any) -> bool:
    """Evaluates a condition of GitHub, in the part of the language that the workflow uses. Unknown properties are null."""
    text = re.sub(r"^\$\{\{|\}\}$", "", condition.strip()).strip()
    text = re.sub(r"\b(?:github|vars)(?:\.\w+)+", lambda name: f"known.get({name[0]!r})", text)
    text = re.sub(r"!(?!=)", " not ", text.replace("&&", " and ").replace("||", " or "))
    functions = {"cancelled": lambda: cancelled, "hashFiles": lambda _: "1f" if files else "", "known": known}
    return bool(eval(" ".join(text.split()), {"__builtins__": {}}, functions))


PUBLIC: dict[str, Any] = {"github.event.repository.visibility": "public"}
PRIVATE: dict[str, Any] = {"github.event.repository.visibility": "private"}
SCANNING: dict[str, Any] = {"vars.CODE_SCANNING": "true"}
FORK: dict[str, Any] = {"github.event.pull_request.head.repo.fork": True}


@pytest.mark.parametrize(
    ("known", "uploads"),
    [
        (PUBLIC, True),
        (PRIVATE, False),
        (PRIVATE | SCANNING, True),
        (PRIVATE | {"vars.CODE_SCANNING": "false"}, False),
        ({}, False),
        (PUBLIC | FORK, False),
        (PRIVATE | SCANNING | FORK, False),
    ],
)
def test_workflow_uploads_findings_only_if_code_scanning_accepts_them(known: dict[str, Any], uploads: bool) -> None:
    """A private repository without Advanced Security rejects findings. The first push to such a repository failed."""
    condition = upload()["if"]
    assert holds(condition, **known) is uploads
    assert not holds(condition, cancelled=True, **known)
    assert not holds(condition, files=False, **known)


def test_token_is_read_only_except_in_the_job_that_gives_a_reason() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert {name for name, job in jobs().items() if "permissions" in job} == {"gate"}
    # A private repository also needs actions: read to accept the file.
    assert upload() in jobs()["gate"]["steps"]
    assert jobs()["gate"]["permissions"] == {"contents": "read", "security-events": "write", "actions": "read"}
    assert "security-events: write # code scanning" in WORKFLOW.read_text()


def test_no_step_hides_a_failure() -> None:
    text = WORKFLOW.read_text()
    assert "continue-on-error" not in text
    assert "|| true" not in text
