"""How commands begin and end: Ctrl-C at any time is one sentence, and a reader that has gone is no fault."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import entry
from local.demo import PROJECT
from review.plan_file import save_plan
from tests.review.support.plans import make_plan
from tests.test_architecture import imports

BEFORE = f"\n{entry.BEFORE_IT_BEGAN}\n"
SENTENCE = "Interrupted. Say it once."
HERE = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from entry import run; sys.exit(run('slow', {SENTENCE!r}))"

# The commands, with a module that each of them imports before it does anything.
COMMANDS = {
    "deploy": (["-m", "deploy", "outputs"], "boto3"),
    "local": (["-m", "local", "status"], "boto3"),
    "demo": (["-m", "local", "demo"], "boto3"),
    "gate": (["-m", "gate"], "yaml"),
    "bench": (["-m", "bench", "--help"], "troposphere"),
    "generate": (["generate.py", "--check"], "troposphere"),
    "sample": (["-m", "sample"], "gzip"),
    "openapi": (["-m", "openapi", "--check"], "yaml"),
}


def start(arguments: Sequence[str], folder: Path, cwd: Path = PROJECT, **variables: str) -> subprocess.Popen[str]:
    """Python with modules of `folder` before all others, and with SIGINT as a terminal's commands have it."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Send SIGINT after the first line of output; the exit code and what went to stderr."""
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    return process.returncode, err


@pytest.mark.parametrize("command", COMMANDS)
def test_interruption_of_an_import_is_one_sentence(command: str, tmp_path: Path) -> None:
    arguments, module = COMMANDS[command]
    (tmp_path / f"{module}.py").write_text("import time\nprint('now', flush=True)\ntime.sleep(30)\n")
    assert interrupted(start(arguments, tmp_path)) == (130, BEFORE)


def test_interruption_in_a_callback_of_an_import_is_not_lost(tmp_path: Path) -> None:
    """An exception would be: the interpreter prints it as ignored and goes on."""
    callback = "class Last:\n    def __del__(self):\n        print('now', flush=True)\n        time.sleep(30)\n"
    (tmp_path / "slow.py").write_text(f"import time\n{callback}Last()\ndef main():\n    print('it went on')\n")
    assert interrupted(start(["-c", HERE], tmp_path)) == (130, BEFORE)


@pytest.mark.parametrize("work", ["time.sleep(30)", "input()", "threading.Event().wait()"])
def test_interruption_of_work_is_the_commands_own_sentence(work: str, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        f"import threading, time\ndef main():\n    print('now', flush=True)\n    {work}\n"
    )
    assert interrupted(start(["-c", HERE], tmp_path)) == (130, f"\n{SENTENCE}\n")


def test_interrupted_work_is_cleaned_up(tmp_path: Path) -> None:
    work = "try:\n        print('now', flush=True)\n        time.sleep(30)\n    finally:\n        print('cleaned up')\n"
    (tmp_path / "slow.py").write_text(f"import time\ndef main():\n    {work}")
    process = start(["-c", HERE], tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("cleaned up\n", f"\n{SENTENCE}\n")


def test_second_interruption_ends_what_does_not_end(tmp_path: Path) -> None:
    """A thread that is waited for at exit, such as an upload's, would keep the terminal."""
    (tmp_path / "slow.py").write_text(
        "import threading, time\n"
        "def main():\n    threading.Thread(target=time.sleep, args=(30,)).start()\n"
        "    print('now', flush=True)\n    time.sleep(30)\n"
    )
    process = start(["-c", HERE], tmp_path)
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
    program = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {HERE}"
    process = start(["-c", program], tmp_path)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 7


def test_held_interruption_comes_after_the_block(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import os\nfrom entry import interrupts_held\n"
        "def main():\n    with interrupts_held():\n        os.kill(os.getpid(), 2)\n        print('whole')\n"
        "    print('too far')\n"
    )
    process = start(["-c", HERE], tmp_path)
    assert process.communicate(timeout=20) == ("whole\n", f"\n{SENTENCE}\n")
    assert process.returncode == 130


LONG = {
    "gate": ["-m", "gate", "--fast", "--no-cache", "--format", "json"],
    "local": ["-m", "local", "env", "--unset"],
    "generate": ["generate.py", "--graph"],
    "sample": ["-m", "sample", "--trades", "2000"],
    "openapi": ["-m", "openapi", "--check", "--out", "nowhere.yaml"],
    "review": ["-m", "deploy", "review", "--json", "--plan", "PLAN"],
}
HELP = {name: [*arguments[:2], "--help"] for name, (arguments, _) in COMMANDS.items() if arguments[0] == "-m"}


@pytest.mark.parametrize("unbuffered", ["1", ""])
@pytest.mark.parametrize("command", LONG)
def test_closed_pipe_ends_a_command_quietly(command: str, unbuffered: str, tmp_path: Path) -> None:
    """`python -m deploy outputs --json | head -1` did so with a traceback."""
    plan_file = tmp_path / "plan.json"
    save_plan(make_plan({"root.yaml": "Resources: {X: {Type: 'AWS::SNS::Topic'}}"}), plan_file)
    arguments = [str(plan_file) if word == "PLAN" else word for word in LONG[command]]
    assert unread(arguments, tmp_path, unbuffered) == (entry.READER_GONE, "")


@pytest.mark.parametrize("command", HELP)
def test_closed_pipe_ends_a_help_quietly(command: str, tmp_path: Path) -> None:
    """It is printed by argparse, which leaves by SystemExit."""
    assert unread(HELP[command], tmp_path) == (entry.READER_GONE, "")


def unread(arguments: Sequence[str], folder: Path, unbuffered: str = "") -> tuple[int, str]:
    """The exit code and the errors of a command whose standard output nobody reads."""
    process = start(arguments, folder, PYTHONUNBUFFERED=unbuffered)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    return process.wait(20), said


def test_closed_pipe_for_errors_ends_a_command_quietly(tmp_path: Path) -> None:
    """`2>&1 | head`: nobody reads either stream."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "gate", "nowhere"]
    assert subprocess.run(command, cwd=PROJECT, stdout=writer, stderr=writer, check=False).returncode == 1
    os.close(writer)


def test_another_broken_pipe_is_not_taken_for_the_readers(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("def main():\n    raise BrokenPipeError('a connection to AWS')\n")
    process = start(["-c", HERE], tmp_path)
    assert "BrokenPipeError: a connection to AWS" in process.communicate(timeout=20)[1]
    assert process.returncode == 1


def test_command_without_standard_output_gives_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("def main():\n    print('into the void')\n    return 3\n")
    done = subprocess.run(
        f'exec {sys.executable} -c "$PROGRAM" >&-',
        shell=True,
        env={**os.environ, "PROGRAM": HERE, "PYTHONPATH": str(tmp_path)},
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, b"")


def test_entry_imports_nothing_that_takes_time() -> None:
    """It is armed after its own imports, and it may not tie together what must not import each other."""
    imported = set(imports(PROJECT / "entry.py"))
    few = {"contextlib", "importlib", "os", "select", "signal", "sys", "threading", "types", "collections.abc"}
    assert imported <= few | {"__future__"}
