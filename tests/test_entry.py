"""How commands start and end: Ctrl-C at any time is one sentence, and a reader that has ended is no fault."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import entry
from local.host.project import PROJECT
from review.plan.plan_file import save_plan
from tests.review.support.plans import make_plan
from tests.support.imports import imports
from tests.support.processes import popen

BEFORE_START = f"\n{entry.INTERRUPTED_BEFORE_START}\n"
SENTENCE = "Interrupted. This is printed once."
PROGRAM = (
    f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from entry import run; sys.exit(run('slow', {SENTENCE!r}))"
)

# The commands, each with a module that it imports before it does anything else.
COMMANDS = {
    "deploy": (["-m", "deploy", "outputs"], "boto3"),
    "local": (["-m", "local", "status"], "boto3"),
    "demo": (["-m", "local", "demo"], "boto3"),
    "gate": (["-m", "gate"], "yaml"),
    "bench": (["-m", "bench", "--help"], "troposphere"),
    "generate": (["generate.py", "--check"], "troposphere"),
    "market data": (["-m", "local.market_data"], "gzip"),
    "openapi": (["-m", "tools.openapi", "--check"], "yaml"),
}


def start(arguments: Sequence[str], folder: Path, cwd: Path = PROJECT, **variables: str) -> subprocess.Popen[str]:
    """Start Python with the modules of ``folder`` before all others, and with SIGINT as a terminal's commands have it."""
    return popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **variables},
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def interrupt(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Send SIGINT after the first line of output, and return the exit code and the output to stderr."""
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    return process.returncode, errors


@pytest.mark.parametrize("command", COMMANDS)
def test_interruption_of_an_import_is_one_sentence(command: str, tmp_path: Path) -> None:
    arguments, module = COMMANDS[command]
    (tmp_path / f"{module}.py").write_text("import time\nprint('now', flush=True)\ntime.sleep(30)\n")
    assert interrupt(start(arguments, tmp_path)) == (130, BEFORE_START)


def test_interruption_in_a_callback_of_an_import_is_not_lost(tmp_path: Path) -> None:
    """An exception would be lost: the interpreter prints it as ignored and goes on."""
    callback = "class Last:\n    def __del__(self):\n        print('now', flush=True)\n        time.sleep(30)\n"
    (tmp_path / "slow.py").write_text(f"import time\n{callback}Last()\ndef main():\n    print('it went on')\n")
    assert interrupt(start(["-c", PROGRAM], tmp_path)) == (130, BEFORE_START)


@pytest.mark.parametrize("work", ["time.sleep(30)", "input()", "threading.Event().wait()"])
def test_interruption_of_work_is_the_commands_own_sentence(work: str, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        f"import threading, time\ndef main():\n    print('now', flush=True)\n    {work}\n"
    )
    assert interrupt(start(["-c", PROGRAM], tmp_path)) == (130, f"\n{SENTENCE}\n")


def test_interrupted_work_is_cleaned_up(tmp_path: Path) -> None:
    work = "try:\n        print('now', flush=True)\n        time.sleep(30)\n    finally:\n        print('cleaned up')\n"
    (tmp_path / "slow.py").write_text(f"import time\ndef main():\n    {work}")
    process = start(["-c", PROGRAM], tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("cleaned up\n", f"\n{SENTENCE}\n")


def test_second_interruption_ends_what_does_not_end(tmp_path: Path) -> None:
    """A thread that the interpreter waits for at exit, such as an upload's, would block the terminal."""
    (tmp_path / "slow.py").write_text(
        "import threading, time\n"
        "def main():\n    threading.Thread(target=time.sleep, args=(30,)).start()\n"
        "    print('now', flush=True)\n    time.sleep(30)\n"
    )
    process = start(["-c", PROGRAM], tmp_path)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() + process.stderr.readline() == f"\n{SENTENCE}\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == -signal.SIGINT


def test_background_command_goes_on_ignoring_interruptions(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import os\ndef main():\n    os.kill(os.getpid(), 2)\n    return 7\n")
    program = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {PROGRAM}"
    process = start(["-c", program], tmp_path)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 7


def test_held_interruption_comes_after_the_block(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import os\nfrom entry import interrupts_held\n"
        "def main():\n    with interrupts_held():\n        os.kill(os.getpid(), 2)\n        print('whole')\n"
        "    print('too far')\n"
    )
    process = start(["-c", PROGRAM], tmp_path)
    assert process.communicate(timeout=20) == ("whole\n", f"\n{SENTENCE}\n")
    assert process.returncode == 130


LONG = {
    "gate": ["-m", "gate", "--fast", "--no-cache", "--format", "json"],
    "local": ["-m", "local", "env", "--unset"],
    "generate": ["generate.py", "--graph"],
    "market data": ["-m", "local.market_data", "--trades", "2000"],
    "openapi": ["-m", "tools.openapi", "--check", "--out", "nowhere.yaml"],
    "review": ["-m", "deploy", "review", "--json", "--plan", "PLAN"],
}
HELP = {name: [*arguments[:2], "--help"] for name, (arguments, _) in COMMANDS.items() if arguments[0] == "-m"}


@pytest.mark.parametrize("unbuffered", ["1", ""])
@pytest.mark.parametrize("command", LONG)
def test_closed_pipe_ends_a_command_quietly(command: str, unbuffered: str, tmp_path: Path) -> None:
    """Incident: ``python -m deploy outputs --json | head -1`` ended with a traceback."""
    plan_file = tmp_path / "plan.json"
    save_plan(make_plan({"root.yaml": "Resources: {X: {Type: 'AWS::SNS::Topic'}}"}), plan_file)
    arguments = [str(plan_file) if word == "PLAN" else word for word in LONG[command]]
    exit_code, errors = run_unread(arguments, tmp_path, unbuffered)
    assert exit_code == entry.READER_GONE
    assert [line for line in errors.splitlines() if not line.startswith("note: ")] == []


@pytest.mark.parametrize("command", HELP)
def test_closed_pipe_ends_a_help_quietly(command: str, tmp_path: Path) -> None:
    """The help is printed by argparse, which raises SystemExit."""
    assert run_unread(HELP[command], tmp_path) == (entry.READER_GONE, "")


def run_unread(arguments: Sequence[str], folder: Path, unbuffered: str = "") -> tuple[int, str]:
    """Run a command whose standard output has no reader, and return the exit code and the errors."""
    process = start(arguments, folder, PYTHONUNBUFFERED=unbuffered)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    return process.wait(20), errors


def test_closed_pipe_for_errors_ends_a_command_quietly(tmp_path: Path) -> None:
    """With ``2>&1 | head`` neither stream has a reader."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "gate", "nowhere"]
    assert subprocess.run(command, cwd=PROJECT, stdout=writer, stderr=writer, check=False).returncode == 1
    os.close(writer)


def test_other_broken_pipes_are_errors(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("def main():\n    raise BrokenPipeError('a connection to AWS')\n")
    process = start(["-c", PROGRAM], tmp_path)
    assert "BrokenPipeError: a connection to AWS" in process.communicate(timeout=20)[1]
    assert process.returncode == 1


def test_command_without_standard_output_returns_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("def main():\n    print('into the void')\n    return 3\n")
    result = subprocess.run(
        f'exec {sys.executable} -c "$PROGRAM" >&-',
        shell=True,
        env={**os.environ, "PROGRAM": PROGRAM, "PYTHONPATH": str(tmp_path)},
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (result.returncode, result.stderr) == (3, b"")


def test_entry_imports_nothing_that_takes_time() -> None:
    """It can catch Ctrl-C only after its own imports, and it must not connect packages that must not import each other."""
    imported = set(imports(PROJECT / "entry.py"))
    allowed = {"contextlib", "importlib", "os", "select", "signal", "sys", "threading", "types", "collections.abc"}
    assert imported <= allowed | {"__future__"}
