"""`python3 -m tools.venv FOLDER LOCK`: installs a lock, with its hashes, into a virtual environment, and shows how far it is.

With --new the environment is made first; what the folder held is gone then. This runs before anything is installed: the
standard library only, and syntax that an old Python reads too, so that it gets a sentence instead of a SyntaxError.

Debian and Ubuntu leave ensurepip out of python3 (their package python3-venv has it). There the pip wheel of the
distribution is downloaded without root, as database servers are (`local.host.packages`), and installs itself.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

OLDEST = (3, 11)
TICK_SECONDS = 1.0  # on a terminal
LOG_SECONDS = 10.0  # elsewhere, such as in CI
TAIL_LINES = 15
PIP_WHEEL = "python3-pip-whl"
_STEPS = ("Collecting ", "Processing ", "Requirement already satisfied", "Ignoring ")  # of pip, once for each package


class Progress:
    """One line that says how far pip is: rewritten on a terminal, a new one every ten seconds elsewhere."""

    def __init__(self, lock: Path, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock, self._stream, self._clock = lock, stream, clock
        self._total = len(re.findall(r"^[\w.\[\]-]+==", lock.read_text("utf-8"), re.MULTILINE))
        self._begun = self._shown = clock()
        self._collected = 0
        self._installing = False

    def read(self, line: str) -> None:
        """A line of pip's output."""
        self._collected += line.startswith(_STEPS)
        self._installing = self._installing or line.startswith("Installing collected packages")

    def show(self) -> None:
        """Write the line where it is due."""
        terminal = self._stream.isatty()
        if not terminal and self._clock() - self._shown < LOG_SECONDS:
            return
        self._shown = self._clock()
        what = "unpacking" if self._installing else f"package {self._collected} of {self._total}"
        text = f"  {self._lock}: {what}, {self._clock() - self._begun:.0f} s"
        self._write(f"\r{text:<78}" if terminal else f"{text}\n")

    def end(self, sentence: str) -> None:
        """Erase the line and write the last one."""
        seconds = f"({self._clock() - self._begun:.0f} s)"
        begin = "\r" if self._stream.isatty() else ""
        self._write(f"{begin}{f'{sentence} {seconds}.':<78}".rstrip() + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 pip failed, 2 this Python is too old."""
    options = _parser().parse_args(arguments)
    if sys.version_info[:2] < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        needed = ".".join(map(str, OLDEST))
        print(f"Python {needed} or newer is needed, this is {found}: call make PYTHON=python3.12", file=sys.stderr)
        return 2
    python = options.folder / "bin" / "python"
    try:
        if options.new or not python.exists():
            _make(options.folder, python)
        return _install(python, options.lock)
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing keeps running; repeat the command to go on.", file=sys.stderr)
        return 130
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tools.venv", description="Installs a lock into an environment.")
    parser.add_argument("folder", type=Path, help="the virtual environment")
    parser.add_argument("lock", type=Path, help="requirements.txt or another lock with hashes")
    parser.add_argument("--new", action="store_true", help="make the environment anew")
    return parser


def _make(folder: Path, python: Path) -> None:
    """The environment with pip, and nothing else."""
    bundled = importlib.util.find_spec("ensurepip") is not None
    done = _run([sys.executable, "-m", "venv", "--clear", *([] if bundled else ["--without-pip"]), str(folder)])
    if done.returncode:
        raise SetupError(f"The virtual environment {folder} cannot be made:\n{_tail(done.stdout)}")
    if not bundled:
        _bring_pip(python)


def _bring_pip(python: Path) -> None:
    """Install pip from the distribution's own wheel. Raises SetupError."""
    from local.host import packages
    from local.host.errors import PackageError

    print(f"This Python has no ensurepip: apt downloads {PIP_WHEEL} for it …", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            packages.unpack([PIP_WHEEL], Path(folder) / "pip")
        except (PackageError, OSError) as error:
            raise SetupError(f"pip is missing, and cannot be downloaded: {error}. Install python3-venv.") from None
        (wheel,) = (Path(folder) / "pip" / "usr" / "share" / "python-wheels").glob("pip-*.whl")
        command = [str(python), "-m", "pip", "install", "--quiet", "--no-index", str(wheel)]
        done = _run(command, {"PYTHONPATH": str(wheel)})
    if done.returncode:
        raise SetupError(f"pip cannot be installed. Install python3-venv.\n{_tail(done.stdout)}")


def _install(python: Path, lock: Path) -> int:
    """pip, with its progress. 0, or 1 and the end of what it said."""
    progress = Progress(lock, sys.stdout)
    command = [str(python), "-m", "pip", "install", "--progress-bar=off", "--require-hashes", f"--requirement={lock}"]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    lines: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        ended = threading.Event()
        ticker = threading.Thread(target=_tick, args=(progress, ended), daemon=True)
        ticker.start()
        try:
            for line in pip.stdout or ():
                lines.append(line)
                progress.read(line)
        finally:
            ended.set()
            ticker.join()
    if pip.returncode:
        progress.end(f"{lock} could not be installed")
        raise SetupError(_tail("".join(lines)))
    progress.end(f"Installed {lock} into {python.parent.parent}")
    return 0


def _tick(progress: Progress, ended: threading.Event) -> None:
    progress.show()
    while not ended.wait(TICK_SECONDS):
        progress.show()


def _run(command: Sequence[str], variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **(variables or {})}
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-TAIL_LINES:])


if __name__ == "__main__":
    sys.exit(main())
