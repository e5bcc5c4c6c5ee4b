"""``deploy diff``: the review of two template sets from the command line, without AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.cli import main
from deploy.settings import Project

pytestmark = pytest.mark.requirement("REV-3")

PROJECT = Path(__file__).resolve().parents[2]
OLD = """\
Parameters: {Days: {Type: Number, Default: 7}}
Resources:
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: a}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !Ref Days}}
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "old.yaml").write_text(OLD)
    (tmp_path / "new.yaml").write_text(OLD.replace("TableName: a", "TableName: b"))
    (tmp_path / "days.json").write_text(json.dumps({"Parameters": {"Days": "30", "Other": "x"}}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def diff(*arguments: str, project: Path = PROJECT) -> int:
    return main(["diff", *arguments], project=Project(project))


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out))


def test_difference_of_two_templates(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("old.yaml", "new.yaml") == 0
    shown = capsys.readouterr().out
    assert "old.yaml compared with new.yaml (without a parameter file)" in shown
    assert "Verdict: blocked" in shown
    assert "TableName: a -> b" in shown


def test_parameter_file_of_both_sides_or_of_each(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("old.yaml", "old.yaml", "--parameters", "days.json", "--json") == 0
    assert document(capsys)["changes"] == []
    (files / "none.json").write_text("{}")
    assert diff("old.yaml", "old.yaml", "--parameters", "none.json", "--parameters", "days.json", "--json") == 0
    (change,) = document(capsys)["changes"]
    assert (change["logicalId"], change["properties"][0]["before"], change["properties"][0]["after"]) == (
        "Logs", "7", "30",
    )  # fmt: skip


def test_value_that_no_parameter_takes_is_noted(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diff("old.yaml", "new.yaml", "--parameters", "days.json")
    assert "days.json has values that old.yaml does not declare: Other." in capsys.readouterr().err


@pytest.mark.parametrize(("fail_on", "code"), [("blocked", 5), ("look", 5), ("R202", 5), ("R201", 0), ("R308,R202", 5)])
def test_pipeline_gets_an_exit_code(files: Path, fail_on: str, code: int) -> None:
    assert diff("old.yaml", "new.yaml", "--fail-on", fail_on) == code


def test_unknown_code_is_an_error(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("old.yaml", "new.yaml", "--fail-on", "R999") == 2
    assert "R999" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give OLD and NEW, or --against REVISION."),
        (("old.yaml",), "Give OLD and NEW"),
        (("old.yaml", "missing.yaml"), "missing.yaml does not exist"),
        (("old.yaml", "new.yaml", *["--parameters", "days.json"] * 3), "more than twice"),
        (("old.yaml", "new.yaml", "--against", "main"), "Leave out OLD"),
    ],
)
def test_wrong_arguments_say_what_to_do(
    files: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(*arguments) == 2
    assert words in capsys.readouterr().err


def test_broken_template_is_an_error_with_its_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "new.yaml").write_text("Resources:\n  T: [\n")
    assert diff("old.yaml", "new.yaml") == 2
    assert "new.yaml:3: not readable" in capsys.readouterr().err


def test_result_goes_into_a_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("old.yaml", "new.yaml", "--json", "--out", "build/review.json") == 0
    assert json.loads((files / "build" / "review.json").read_text())["verdict"] == "blocked"
    assert capsys.readouterr().out == ""


def test_every_environment_against_a_revision(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("templates/small", "params/small"):
        (files / folder).mkdir(parents=True)
    (files / "templates/small/root.yaml").write_text(OLD)
    row = {"StackName": "small-dev", "Region": "us-east-1", "TerminationProtection": False}
    (files / "params/small/deployment.json").write_text(json.dumps({"dev": row}))
    commit = ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "One"]
    for command in (["init", "--quiet"], ["add", "."], commit):
        subprocess.run(["git", *command], cwd=files, check=True)
    (files / "templates/small/root.yaml").write_text(OLD.replace("TableName: a", "TableName: b"))
    assert diff("--against", "HEAD", "--json", "--fail-on", "blocked", project=files) == 5
    (row,) = document(capsys)["environments"]
    assert (row["platform"], row["environment"], row["review"]["verdict"]) == ("small", "dev", "blocked")
    assert diff("--against", "HEAD", "--format", "markdown", project=files) == 0
    assert "| small | dev | blocked |" in capsys.readouterr().out
    assert diff("--against", "HEAD", project=files) == 0
    assert "small dev: small-dev (us-east-1), compared with HEAD" in capsys.readouterr().out


def test_command_loads_nothing_of_aws() -> None:
    script = (
        "import sys; from deploy.cli import main; code = main(sys.argv[1:]); "
        "print(code, sorted({'boto3', 'botocore', 'cfnlint', 'troposphere', 'jinja2'} & set(sys.modules)))"
    )
    sides = ["templates/trading", "templates/trading"]
    done = subprocess.run(
        [sys.executable, "-c", script, "diff", *sides], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 []"
