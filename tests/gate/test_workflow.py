"""The workflows on GitHub run the commands of developers, and only actions that change by a commit here."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.packaging.wheels import INSTANCE_PYTHON
from gate.cli import PROJECT

FOLDER = PROJECT / ".github" / "workflows"
CI = FOLDER / "ci.yml"
REVIEW = FOLDER / "review.yml"
WORKFLOWS = sorted(FOLDER.iterdir())
EACH = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)


def read(workflow: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load(workflow.read_text()))


def jobs(workflow: Path = CI) -> dict[str, dict[str, Any]]:
    return dict(read(workflow)["jobs"])


def steps(workflow: Path = CI) -> list[dict[str, Any]]:
    return [step for job in jobs(workflow).values() for step in job["steps"]]


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


# What a person types. Only a variable of the shell reaches a command, and the revision is that of git.
COMMAND = re.compile(
    r"make (?P<target>[\w-]+)( \w+=\S.*)?"
    r"|\.venv/bin/python -m (gate|deploy diff|tools\.pull_request_comment) [^\n;&|`]+"
    r'|echo "AGAINST=\$\(git merge-base "origin/\$BASE" HEAD\)" >> "\$GITHUB_ENV"'
)


def make_targets(workflow: Path) -> set[str]:
    matches = [COMMAND.fullmatch(step["run"]) for step in steps(workflow) if "run" in step]
    return {match["target"] for match in matches if match and match["target"]}


@EACH
def test_workflow_runs_only_existing_commands_of_the_project(workflow: Path) -> None:
    assert not [step["run"] for step in steps(workflow) if "run" in step and not COMMAND.fullmatch(step["run"])]
    makefile = (PROJECT / "Makefile").read_text()
    assert not {name for name in make_targets(workflow) if not re.search(rf"^{name}:", makefile, re.MULTILINE)}


def test_workflows_run_what_they_are_for() -> None:
    assert make_targets(CI) == {"setup", "check", "coverage", "matrix", "packs", "demo"}
    assert make_targets(REVIEW) == {"setup"}
    assert {path.name for path in WORKFLOWS} == {"ci.yml", "review.yml"}


@EACH
def test_no_command_contains_what_others_wrote(workflow: Path) -> None:
    """GitHub writes the value of an expression into the script, and a branch may have the name ``$(id)``."""
    expressions = {name for step in steps(workflow) for name in re.findall(r"\$\{\{(.*?)\}\}", step.get("run", ""))}
    assert not {name for name in expressions if not name.strip().startswith("matrix.")}


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


ACTIONS = {
    CI: {"actions/checkout", "actions/setup-python", "actions/upload-artifact", "github/codeql-action/upload-sarif"},
    REVIEW: {"actions/checkout", "actions/setup-python", "actions/upload-artifact"},
}


@EACH
def test_no_step_installs_anything(workflow: Path) -> None:
    """A step installed MariaDB and PostgreSQL by apt. Tests that passed there skipped or failed on a machine without root."""
    assert not [step for step in steps(workflow) if INSTALLERS.search(step.get("run", ""))]
    assert {step["uses"].partition("@")[0] for step in steps(workflow) if "uses" in step} == ACTIONS[workflow]
    assert not [name for name, job in jobs(workflow).items() if "services" in job or "container" in job]


@EACH
def test_checkout_leaves_no_token_behind(workflow: Path) -> None:
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(jobs(workflow))
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_jobs_that_test_require_databases_and_a_browser() -> None:
    testing = {name for name, job in jobs().items() if re.search(r"make (check|test)", " ".join(commands(job)))}
    assert testing == {"check"}
    for variable in ("REQUIRE_DATABASES", "REQUIRE_BROWSER"):
        assert {jobs()[name].get("env", {}).get(variable) for name in testing} == {"1"}


def test_workflow_tests_the_oldest_python_and_that_of_the_instances() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    ends = [project["requires-python"].removeprefix(">="), INSTANCE_PYTHON]
    assert jobs()["check"]["strategy"]["matrix"]["python"] == ends


def test_both_entries_of_ci_run_the_demo_of_every_platform() -> None:
    """The test fails for a third platform that is missing from CI."""
    platforms = sorted(path.parent.name for path in (PROJECT / "templates").glob("*/root.yaml"))
    assert jobs()["demo"]["strategy"]["matrix"]["platform"] == platforms
    assert "make demo PLATFORM=${{ matrix.platform }} OPTIONS=--stop" in commands(jobs()["demo"])
    entry = (PROJECT / ".ci" / "run").read_text()
    assert sorted(re.findall(r"^make demo PLATFORM=(\w+) ", entry, re.MULTILINE)) == platforms


@EACH
def test_actions_are_pinned_by_commit_with_their_tag_as_a_comment(workflow: Path) -> None:
    """``github/codeql-action/upload-sarif@v3`` was not pinned, and could have changed without a commit here."""
    lines = uses(workflow)
    assert len(lines) == sum("uses" in step for step in steps(workflow))
    pinned = r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert not [line for line in lines if not re.fullmatch(pinned, line)]


def test_workflows_use_one_version_of_an_action() -> None:
    lines = {line for workflow in WORKFLOWS for line in uses(workflow)}
    assert len(lines) == len({line.partition("@")[0] for line in lines})


def uses(workflow: Path) -> list[str]:
    return re.findall(r"^ *- uses: *(.*)$", workflow.read_text(), re.MULTILINE)


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


@EACH
def test_token_is_read_only_except_in_the_job_that_gives_a_reason(workflow: Path) -> None:
    assert read(workflow)["permissions"] == {"contents": "read"}
    rights = {name: job["permissions"] for name, job in jobs(workflow).items() if "permissions" in job}
    # A private repository also needs actions: read to accept the file.
    expected = {
        CI: {"gate": {"contents": "read", "security-events": "write", "actions": "read"}},
        REVIEW: {"review": {"contents": "read", "pull-requests": "write"}},
    }
    assert rights == expected[workflow]
    written = re.findall(r"^ +[\w-]+: write(.*)$", workflow.read_text(), re.MULTILINE)
    assert len(written) == 1
    assert re.fullmatch(r" # \w.+", written[0]), "a right without a reason"
    assert "GH_TOKEN" not in str([read(workflow).get("env"), *[job.get("env") for job in jobs(workflow).values()]])


def test_code_scanning_gets_its_file_from_the_job_that_may_write() -> None:
    assert upload() in jobs()["gate"]["steps"]


@EACH
def test_no_step_hides_a_failure(workflow: Path) -> None:
    text = workflow.read_text()
    assert "continue-on-error" not in text
    assert "|| true" not in text


# ---- the review of a pull request -----------------------------------------------------------------------------------


def test_review_never_runs_code_of_a_fork_beside_a_token_that_may_write() -> None:
    """``pull_request_target`` would do that. YAML 1.1 reads the key ``on`` as true."""
    assert read(REVIEW)[True] == {"pull_request": None}


def test_review_compares_with_the_merge_base_of_the_whole_history() -> None:
    job = jobs(REVIEW)["review"]
    assert job["steps"][0]["with"]["fetch-depth"] == 0
    assert job["env"] == {"BASE": "${{ github.event.pull_request.base.ref }}"}
    diffs = [command for command in commands(job) if "deploy diff" in command]
    assert all('--against "$AGAINST"' in command for command in diffs)
    assert [re.findall(r"--format (\w+)", command) for command in diffs] == [["json"], ["html"], ["markdown"], []]


def test_review_uploads_before_it_comments_and_fails_last() -> None:
    *_, artifact, comment, gate = jobs(REVIEW)["review"]["steps"]
    assert artifact["with"]["path"] == "build/review/"
    assert "tools.pull_request_comment build/review/comment.md" in comment["run"]
    assert comment["env"] == {"GH_TOKEN": "${{ github.token }}"}
    assert '--fail-on "$FAIL_ON"' in gate["run"]
    assert gate["env"] == {"FAIL_ON": "${{ vars.FAIL_ON }}"}


@pytest.mark.requirement("REV-3")
@pytest.mark.parametrize(
    ("known", "fails"), [({}, False), ({"vars.FAIL_ON": ""}, False), ({"vars.FAIL_ON": "blocked"}, True)]
)
def test_only_the_repositorys_variable_lets_a_review_fail(known: dict[str, Any], fails: bool) -> None:
    """GitHub compares an unset variable, which is null, as an empty text."""
    assert holds(jobs(REVIEW)["review"]["steps"][-1]["if"], **{"vars.FAIL_ON": "", **known}) is fails


BASE = "main-$(touch${IFS}stolen)"  # git takes this name
TEMPLATE = "Resources: {Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: before}}}\n"


@pytest.fixture
def pull_request(tmp_path: Path) -> Path:
    """A checkout of a pull request that replaces a table, with the code of the commands; its base is ``BASE``."""
    root = tmp_path / "project"
    for folder in ("cfn", "deploy", "review"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "entry.py", root)
    for folder in ("templates/small", "params/small"):
        (root / folder).mkdir(parents=True)
    template = root / "templates/small/root.yaml"
    template.write_text(TEMPLATE)
    (root / "params/small/deployment.json").write_text(json.dumps({"dev": {"StackName": "a", "Region": "us-east-1"}}))
    commit = ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "One"]
    for command in (
        ["init", "--quiet"],
        ["add", "templates", "params"],
        commit,
        ["update-ref", f"refs/remotes/origin/{BASE}", "HEAD"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    template.write_text(TEMPLATE.replace("before", "after"))
    subprocess.run(["git", *commit, "--all"], cwd=root, check=True)
    return root


@pytest.mark.slow
@pytest.mark.requirement("REV-3")
def test_commands_of_the_review_run_as_they_are(pull_request: Path, tmp_path: Path) -> None:
    """Each line runs as a runner of GitHub runs it. The name of the base stays a name."""
    variables = tmp_path / "env"
    known = {"BASE": BASE, "GITHUB_ENV": str(variables), "FAIL_ON": "blocked"}

    def run(command: str) -> int:
        line = command.replace(".venv/bin/python", shlex.quote(sys.executable))
        written = dict(row.split("=", 1) for row in variables.read_text().splitlines()) if variables.exists() else {}
        done = subprocess.run(
            ["bash", "-e", "-c", line], cwd=pull_request, env={**os.environ, **known, **written},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode

    setup, *reviewing, comment, fail = commands(jobs(REVIEW)["review"])
    assert setup == "make setup"
    assert [run(command) for command in reviewing] == [0] * 4
    results = pull_request / "build" / "review"
    assert sorted(path.name for path in results.iterdir()) == ["comment.md", "review.json", "small-dev.html"]
    assert "| small | dev | blocked |" in (results / "comment.md").read_text()
    assert "build/review/comment.md" in comment
    assert run(fail) == 5
    assert not (pull_request / "stolen").exists()
