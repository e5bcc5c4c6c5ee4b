"""The demo: its steps, how it ends early, and what to type afterwards."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from deploy.settings import Deployment
from local import lifecycle
from local.cloud import EmbeddedCloud
from local.demos import command
from local.demos.platforms import DEMOS
from local.demos.run import DemoRun
from local.demos.steps import run_step
from local.demos.summary import ENVIRONMENT, PLATFORM, look_around, make_command
from local.host.errors import Interruption
from local.host.progress import Progress
from local.host.project import PROJECT
from tests.local.support.processes import gone

# -- a step ---------------------------------------------------------------------------------------------------------------


def test_a_step_gives_its_code_and_both_of_its_streams_in_order() -> None:
    program = "import sys; print('one'); print('two', file=sys.stderr); print('three'); sys.exit(3)"
    assert run_step(["-c", program], os.environ, Progress("x", io.StringIO())) == (3, "one\ntwo\nthree\n")


def test_a_step_is_heard_while_it_is_at_work(tmp_path: Path) -> None:
    """Programs buffer what they write to a pipe: the lines would come in one block, at the end."""

    class Answering(Progress):
        def heard(self, text: str) -> None:
            (tmp_path / "heard").touch()

    wait = "[time.sleep(0.01) for _ in range(1000) if not os.path.exists('heard')]"
    program = f"import os, time; os.chdir({str(tmp_path)!r}); print('first'); {wait}; print(os.path.exists('heard'))"
    assert run_step(["-c", program], os.environ, Answering("x", io.StringIO())) == (0, "first\nTrue\n")


INTERRUPTIBLE = """
import os, sys
from local.demos.steps import run_step
from local.host.progress import Progress

class Telling(Progress):
    def heard(self, text):
        print(text, end="", flush=True)

try:
    run_step(["-c", sys.argv[1]], os.environ, Telling("x", sys.stdout))
except KeyboardInterrupt:
    print("interrupted")
"""
STEP = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {STEP}"


def at_work(step: str) -> tuple[subprocess.Popen[str], int]:
    """A process in the middle of a step, leading a group as a terminal's command does, and the step's own process."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, step],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("step", [STEP, STUBBORN], ids=["obedient", "stubborn"])
def test_an_interrupted_step_ends_without_a_word(step: str) -> None:
    """It printed its traceback on the terminal, 12 to 25 lines."""
    process, pid = at_work(step)
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C on a terminal does
    assert process.communicate(timeout=20)[0] == "interrupted\n"
    assert gone(pid, within_seconds=0.1)


def test_a_step_ends_with_a_demo_that_is_killed() -> None:
    process, pid = at_work(STEP)
    process.kill()
    process.communicate(timeout=20)
    assert gone(pid)


# -- how it ends early ----------------------------------------------------------------------------------------------------


class Running:
    """As much of an embedded AWS as the sentence for Ctrl-C needs."""

    endpoint = "https://127.0.0.1:4566"

    def __init__(self, alive: bool = True) -> None:
        self.alive = alive

    def is_alive(self) -> bool:
        return self.alive


@pytest.mark.parametrize(
    ("options", "alive", "sentence"),
    [
        ([], False, "Interrupted. Nothing keeps running."),
        (
            [],
            True,
            "Interrupted. The embedded AWS goes on running at https://127.0.0.1:4566; `make demo` continues with it, "
            "`make down` stops it.",
        ),
        (
            ["--platform", "transactions", "--environment", "prod"],
            True,
            "Interrupted. The embedded AWS goes on running at https://127.0.0.1:4566; `make demo PLATFORM=transactions "
            "ENV=prod` continues with it, `make down` stops it.",
        ),
    ],
)
def test_interruption_says_what_keeps_running(
    options: list[str],
    alive: bool,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_run", interrupt)
    monkeypatch.setattr(command, "STATE_FILE", tmp_path / "state.json")
    (tmp_path / "state.json").touch()
    monkeypatch.setattr(EmbeddedCloud, "load", lambda file: Running(alive))
    assert command.main(options) == 130
    assert capsys.readouterr() == ("", f"\n{sentence}\n")


def test_interruption_says_that_nothing_runs_where_nothing_was_started(tmp_path: Path) -> None:
    assert lifecycle.what_keeps_running(tmp_path / "state.json", "make demo") == "Interrupted. Nothing keeps running."


def test_interruption_of_the_end_says_that_it_goes_on_ending(tmp_path: Path) -> None:
    class Ending:
        def stop(self, report: object) -> None:
            raise KeyboardInterrupt

    state = tmp_path / "state.json"
    state.touch()
    with pytest.raises(Interruption, match="The embedded AWS ends on its own; `make down` waits until it has"):
        lifecycle.stop_and_forget(cast(EmbeddedCloud, Ending()), state)
    assert state.exists()


# -- what to type ---------------------------------------------------------------------------------------------------------


def deployment(platform: str = "trading", environment: str = "dev", *, protected: bool = False) -> Deployment:
    return Deployment(platform, environment, f"{platform}-{environment}", "us-east-1", protected)


def commands(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith("  ")]


def test_the_demo_ends_with_commands_in_an_order_that_works() -> None:
    assert commands(look_around(deployment(), has_cli=False)) == [
        'eval "$(.venv/bin/python -m local env)"',
        "make outputs",
        "make destroy",
        "make down",
        'eval "$(.venv/bin/python -m local env --unset)"',
    ]


def test_the_commands_name_platform_and_environment() -> None:
    """``make destroy PLATFORM=trading`` after a demo of perf reached dev."""
    shown = commands(look_around(deployment("transactions", "perf"), has_cli=True))
    assert "make outputs PLATFORM=transactions ENV=perf" in shown
    assert "make destroy PLATFORM=transactions ENV=perf" in shown
    assert "aws cloudformation describe-stack-resources --stack-name transactions-perf" in shown


def test_a_protected_stack_is_not_offered_for_destruction() -> None:
    assert "destroy" not in look_around(deployment("trading", "prod", protected=True), has_cli=True)


def test_the_first_command_is_marked_as_needed_for_the_others() -> None:
    before = look_around(deployment(), has_cli=True).partition("  eval")[0]
    assert (
        "Without this line the lines below it reach\nthe account that the shell's own credentials belong to:" in before
    )


def test_every_command_is_there() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    shown = commands(look_around(deployment(), has_cli=False))
    for target in (line.split()[1] for line in shown if line.startswith("make ")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_defaults_are_the_makefiles() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    assert re.search(rf"^PLATFORM \?= {PLATFORM}$", makefile, re.MULTILINE)
    assert re.search(rf"^ENV +\?= {ENVIRONMENT}$", makefile, re.MULTILINE)
    assert make_command("demo", PLATFORM, ENVIRONMENT) == "make demo"


# -- which environment ----------------------------------------------------------------------------------------------------


def test_unknown_environment_ends_before_anything_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--environment", "perf"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("params/trading/deployment.json has no environment 'perf' (it has: dev, prod, staging).")
    assert err.count("\n") == 1


def test_unknown_platform_is_reported_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--platform", "tradng"])
    assert ended.value.code == 2
    assert "invalid choice: 'tradng' (choose from" in capsys.readouterr().err


def test_stack_is_the_one_of_deployment_json() -> None:
    """The demo derived the name from platform and environment."""
    cloud = cast(EmbeddedCloud, Running())
    run = DemoRun(cloud, Deployment("trading", "dev", "other-name", "us-east-1", False), DEMOS["trading"])
    assert run.stack == "other-name"
