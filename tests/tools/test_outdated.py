"""The list of outdated pins: all folders are read, and uv's output becomes a table or one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tools import outdated
from tools.outdated import NoAnswerError, OutdatedError, Pin, PinError

PROJECT = outdated.PROJECT


def project(root: Path, files: Mapping[str, str], requires: str = ">=3.11") -> Path:
    (root / "pyproject.toml").write_text(f'[project]\nname = "shop"\nrequires-python = "{requires}"\n')
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def index(**newest: str) -> outdated.AskIndex:
    """An index that knows these versions. Underscores stand for the hyphens of names."""

    def ask(names: Sequence[str], python: str) -> dict[str, str]:
        return {name: newest[name.replace("-", "_")] for name in names}

    return ask


def test_pins_are_read_with_extras_comments_and_blank_lines() -> None:
    text = "# gate\n\nministack[full]==1.5.33           # pinned exactly: local/ patches #gaps\nPyYAML==6.0.3\n-r other.in\n"
    assert list(outdated.parse(text, "requirements.in")) == [
        Pin("ministack", "1.5.33", "requirements.in", "pinned exactly: local/ patches #gaps"),
        Pin("PyYAML", "6.0.3", "requirements.in", ""),
    ]


def test_pin_for_some_platforms_is_a_pin() -> None:
    (pin,) = outdated.parse('uvloop==0.21.0; sys_platform != "win32"  # faster', "requirements.in")
    assert (pin.name, pin.version, pin.reason) == ("uvloop", "0.21.0", "faster")


@pytest.mark.parametrize(
    "line", ["flask", "flask>=3", "flask==3.*", "flask==3,<4", "flask @ https://example.com/f.whl", "="]
)
def test_line_that_is_not_an_exact_pin_is_reported_with_its_number(line: str) -> None:
    with pytest.raises(PinError) as raised:
        list(outdated.parse(f"gunicorn==27.0.1\n{line}  # why\n", "web_src/shop/requirements.in"))
    assert (raised.value.file, raised.value.line, raised.value.text) == ("web_src/shop/requirements.in", 2, line)


def test_all_requirements_files_of_the_project_are_read() -> None:
    """The search covers all folders, so that it finds the file of a new folder too."""
    names = []
    for folder, folders, files in os.walk(PROJECT):
        folders[:] = [name for name in folders if not name.startswith((".", "build", "__"))]
        paths = [Path(folder, name) for name in files if "requirements" in name and name.endswith(".in")]
        names += [path.relative_to(PROJECT).as_posix() for path in paths]
    assert len(names) > 10
    with_pins = {name for name in names if "==" in (PROJECT / name).read_text()}
    assert {pin.file for pin in outdated.read_pins(PROJECT)} == with_pins


def test_newer_version_is_listed_once_with_all_files_and_reasons(tmp_path: Path) -> None:
    files = {
        "requirements.in": "boto3==1.43.9  # the emulator's line\nflask==3.1.3\n",
        "requirements-dev.in": "ruff==0.17.5\n",
        "lambda_src/query/requirements.in": "boto3==1.43.9\n",
        "lambda_src/ingest/requirements.in": "boto3==1.43.9  # the emulator's line\n",
        "lambda_src/process/requirements.in": "duckdb==2.0.0\n",
        "web_src/payments/requirements.in": "boto3==1.43.9  # Secrets Manager\n",
    }
    pins = outdated.read_pins(project(tmp_path, files))
    (row,) = outdated.outdated_pins(pins, {"boto3": "1.43.10", "flask": "3.1.3", "ruff": "0.17.5", "duckdb": "2.0.0"})
    assert (row.name, row.pinned, row.newest) == ("boto3", "1.43.9", "1.43.10"), "as versions, not as texts"
    assert row.where == "requirements.in, lambda_src/{ingest,query}, web_src/payments"
    assert row.reason == "the emulator's line; Secrets Manager"


def test_two_pinned_versions_of_a_package_are_two_rows(tmp_path: Path) -> None:
    files = {
        "requirements.in": "PyMySQL==1.2.4\n",
        "lambda_src/a/requirements.in": "pymysql==1.2.3\n",
        "lambda_src/b/requirements.in": "pymysql==1.2.3\n",
        "web_src/c/requirements.in": "pymysql==1.2.5\n",
    }
    rows = outdated.outdated_pins(outdated.read_pins(project(tmp_path, files)), {"pymysql": "1.2.5"})
    assert [(row.pinned, row.where) for row in rows] == [("1.2.3", "lambda_src/*"), ("1.2.4", "requirements.in")]


def test_pin_that_is_newer_than_the_indexs_version_is_not_listed() -> None:
    """It may be a pre-release, or a version that was withdrawn."""
    assert outdated.outdated_pins([Pin("mypy", "2.5.0rc1", "requirements.in", "")], {"mypy": "2.4.1"}) == []


def test_exit_code_is_0_with_outdated_pins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = project(tmp_path, {"requirements.in": "PyYAML==6.0.3  # libyaml\nmypy==2.4.1\n"})
    assert outdated.main([], root, index(pyyaml="6.0.4", mypy="2.4.1")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "package  pinned  newest  where            reason of the pin",
        "PyYAML   6.0.3   6.0.4   requirements.in  libyaml",
        "",
        "1 of 2 pins have a newer version that runs on Python 3.11. "
        "Change a pin in each file that is named, then call `make lock`.",
    ]


def test_no_outdated_pin_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = project(tmp_path, {"requirements.in": "PyYAML==6.0.4\n"}, requires=">=3.12, <4")
    assert outdated.main([], root, index(pyyaml="6.0.4")) == 0
    assert capsys.readouterr().out == "None of 1 pins has a newer version that runs on Python 3.12.\n"


def fail(names: Sequence[str], python: str) -> dict[str, str]:
    raise NoAnswerError("Connection refused")


@pytest.mark.parametrize(
    ("text", "requires", "message"),
    [
        ("flask==3.1.3\n", ">=3.11", "outdated: The package index gave no answer: Connection refused.\n"),
        ("flask>=3\n", ">=3.11", "outdated: requirements.in:1: 'flask>=3' is not an exact pin: write name==version, "),
        ("flask==3.1.3\n", "~=3.11", "outdated: pyproject.toml: requires-python does not begin with "),
    ],
)
def test_failure_is_one_sentence_and_exit_code_2(
    text: str, requires: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outdated.main([], project(tmp_path, {"requirements.in": text}, requires), fail) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(message)
    assert printed.err.count("\n") == 1


def test_uv_gets_names_without_versions_and_the_oldest_python(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: dict[str, Any] = {}

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        calls.update(options, command=command)
        return subprocess.CompletedProcess(command, 0, "flask==3.1.4\npyyaml==6.0.4\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    assert outdated.ask_index(["flask", "pyyaml"], "3.11") == {"flask": "3.1.4", "pyyaml": "6.0.4"}
    assert calls["input"] == "flask\npyyaml"
    assert "--no-deps --no-header --no-annotate" in " ".join(calls["command"])
    assert calls["command"][-2:] == ["--python-version", "3.11"]


UNKNOWN_NAME = (
    "error: No solution found when resolving dependencies\n"
    "  cause: Because nowhere was not found in the package registry and you require nowhere, we can conclude that your "
    "requirements are unsatisfiable.\n"
)
UNREACHABLE = """error: Request failed after 3 retries in 6.3s
  cause: Failed to fetch: http://127.0.0.1:9/simple/flask/
  cause: tcp connect error
  cause: Connection refused (os error 111)
"""


@pytest.mark.parametrize(
    ("returncode", "stdout", "stderr", "message"),
    [
        (1, "", UNKNOWN_NAME, "nowhere was not found in the package registry"),
        (2, "", UNREACHABLE, "Connection refused (os error 111)"),
        (
            1,
            "",
            "hint: Packages were unavailable because the network was disabled.",
            "UV_OFFLINE makes uv stay offline",
        ),
        (2, "", "error: unexpected argument\n", "error: unexpected argument"),
        (9, "", "", "uv ended with 9"),
        (0, "flask==3.1.4\n", "", "uv has no version of nowhere"),
    ],
)
def test_output_of_uv_becomes_one_sentence(
    returncode: int, stdout: str, stderr: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = subprocess.CompletedProcess([], returncode, stdout, stderr)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    with pytest.raises(NoAnswerError) as raised:
        outdated.ask_index(["flask", "nowhere"], "3.11")
    assert str(raised.value).startswith(f"The package index gave no answer: {message}")
    assert "\n" not in str(raised.value)


def test_missing_uv_says_what_to_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(NoAnswerError, match="uv is not in this environment; call `make setup`"):
        outdated.ask_index(["flask"], "3.11")


def test_real_uv_reports_an_unreachable_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test uses no network. The index is a port of this machine without a listener."""
    for name in ("UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    started = time.monotonic()
    with pytest.raises(OutdatedError) as raised:
        outdated.ask_index(["flask"], outdated.oldest_python(PROJECT))
    assert time.monotonic() - started < 30
    assert "\n" not in str(raised.value)
    assert "flask" not in str(raised.value), "the fault is the index's and not the package's"
