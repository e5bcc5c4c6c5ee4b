from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gate.cli import PROJECT, main
from tests.gate.support.projects import Edit


def test_clean_templates_exit_with_0_and_a_summary(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(demo), "--fast"]) == 0
    assert capsys.readouterr().out.startswith("gate: 2 templates, 1 parameter file: no findings")


def test_finding_exits_with_1_and_reaches_every_report(
    demo: Path, edit: Edit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit("params/demo/dev.json", '"30"', '"500"')
    sarif, junit = tmp_path / "out" / "gate.sarif", tmp_path / "out" / "gate.xml"
    arguments = ["--root", str(demo), "--fast", "--format", "json", "--sarif", str(sarif), "--junit", str(junit)]
    assert main(arguments) == 1
    assert [item["rule"] for item in json.loads(capsys.readouterr().out)["findings"]] == ["GATE02"]
    assert [item["ruleId"] for item in json.loads(sarif.read_text())["runs"][0]["results"]] == ["GATE02"]
    assert ElementTree.parse(junit).getroot().get("failures") == "1"


@pytest.mark.parametrize("arguments", [["--jobs", "0"], ["--format", "xml"], ["--unknown"], ["--jobs", "two"]])
def test_bad_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2


@pytest.mark.parametrize(("path", "reason"), [("nowhere", "no template found"), ("..", "is not below")])
def test_wrong_path_exits_with_2_and_one_line(
    demo: Path, path: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(demo), path]) == 2
    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_missing_configuration_exits_with_2(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (demo / ".cfnlintrc").unlink()
    assert main(["--root", str(demo), "--fast"]) == 2
    assert ".cfnlintrc: missing" in capsys.readouterr().err


def test_run_without_a_cache_neither_reads_nor_writes_one(demo: Path) -> None:
    assert main(["--root", str(demo), "--fast", "--no-cache"]) == 0
    assert not (demo / ".cache").exists()


def test_unchanged_run_loads_no_linter(demo: Path) -> None:
    """cfn-lint takes seconds to load, and the native library most of a second. A run with a full cache loads neither."""
    program = (
        "import sys; from gate.cli import main; code = main(sys.argv[1:]);"
        "print(sorted({'cfnlint', 'cloudformation_validate', 'boto3'} & set(sys.modules))); sys.exit(code)"
    )
    command = [sys.executable, "-c", program, "--root", str(demo), "--fast"]
    outputs = [
        subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    assert outputs[0].endswith("['cloudformation_validate']\n")
    assert outputs[1].endswith("[]\n")


def members(group: int) -> int:
    """Returns the number of processes in a process group."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process has ended
            count += int(path.read_text(errors="replace").rpartition(")")[2].split()[2]) == group
    return count


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in Linux's /proc")
@pytest.mark.parametrize("processes", [2, *(pytest.param(count, marks=pytest.mark.matrix) for count in (3, 4))])
def test_ctrl_c_in_a_terminal_prints_one_message(demo: Path, processes: int) -> None:
    """A terminal's Ctrl-C reaches all processes of the command. Each worker printed its own traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gate", "--no-cache"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while members(process.pid) < processes and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    message = "\nInterrupted. The gate changed nothing. Repeat the command to see its findings.\n"
    assert (process.returncode, out, err) == (130, "", message)
