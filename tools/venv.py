"""``python3 -m tools.venv FOLDER LOCK`` installs a lock, with its hashes, into a virtual environment, and shows its progress.

With --new it first creates the environment and deletes the folder's previous content. It runs before anything is installed.
So it uses only the standard library, and syntax that an old Python can parse, which then prints a sentence instead of a
SyntaxError.

Debian and Ubuntu leave ensurepip out of python3 (their package python3-venv has it). There this module downloads the pip
wheel of the distribution without root, as database servers are downloaded (``local.host.packages``), and pip installs itself.
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

OLDEST_PYTHON = (3, 11)
TERMINAL_SECONDS = 1.0  # between two updates on a terminal
LOG_SECONDS = 10.0  # between two lines elsewhere, such as in CI
TAIL_LINES = 15
PIP_WHEEL = "python3-pip-whl"
# pip prints one of these once for each package.
_PACKAGE_LINES = ("Collecting ", "Processing ", "Requirement already satisfied", "Ignoring ")


class Progress:
    """Shows pip's progress: one line that changes on a terminal, a new line every ten seconds elsewhere."""

    def __init__(self, lock: Path, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock, self._stream, self._clock = lock, stream, clock
        self._total = len(re.findall(r"^[\w.\[\]-]+==", lock.read_text("utf-8"), re.MULTILINE))
        self._started_at = self._shown_at = clock()
        self._collected = 0
        self._is_installing = False

    def read(self, line: str) -> None:
        """Read a line of pip's output."""
        self._collected += line.startswith(_PACKAGE_LINES)
        self._is_installing = self._is_installing or line.startswith("Installing collected packages")

    def show(self) -> None:
        """Write the line if it is due."""
        is_terminal = self._stream.isatty()
        if not is_terminal and self._clock() - self._shown_at < LOG_SECONDS:
            return
        self._shown_at = self._clock()
        state = "unpacking" if self._is_installing else f"package {self._collected} of {self._total}"
        text = f"  {self._lock}: {state}, {self._clock() - self._started_at:.0f} s"
        self._write(f"\r{text:<78}" if is_terminal else f"{text}\n")

    def end(self, sentence: str) -> None:
        """Erase the line and write the last one."""
        seconds = f"({self._clock() - self._started_at:.0f} s)"
        start = "\r" if self._stream.isatty() else ""
        self._write(f"{start}{f'{sentence} {seconds}.':<78}".rstrip() + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Install the lock and return the exit code: 0 installed, 1 pip failed, 2 this Python is too old, 130 interrupted."""
    options = _parser().parse_args(arguments)
    if sys.version_info[:2] < OLDEST_PYTHON:
        present = ".".join(map(str, sys.version_info[:3]))
        needed = ".".join(map(str, OLDEST_PYTHON))
        print(f"Python {needed} or newer is needed, this is {present}: call make PYTHON=python3.12", file=sys.stderr)
        return 2
    python = options.folder / "bin" / "python"
    try:
        if options.new or not python.exists():
            _create(options.folder, python)
        return _install(python, options.lock)
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is still running. Repeat the command to go on.", file=sys.stderr)
        return 130
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1


class SetupError(Exception):
    """The environment cannot be created or filled. The message says what to do, or ends with pip's own output."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tools.venv", description="Installs a lock into an environment.")
    parser.add_argument("folder", type=Path, help="the virtual environment")
    parser.add_argument("lock", type=Path, help="requirements.txt or another lock with hashes")
    parser.add_argument("--new", action="store_true", help="create the environment, and delete what the folder has")
    return parser


def _create(folder: Path, python: Path) -> None:
    """Create the environment with pip and nothing else.

    Raises:
        SetupError: The folder is a link, whose target would be emptied, or venv or pip failed.
    """
    if folder.is_symlink():
        what = f"{folder} is a link to {folder.resolve()}, which a new environment would empty."
        raise SetupError(f"{what} Delete the link, or update the environment there.")
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    options = [] if has_ensurepip else ["--without-pip"]
    result = _run([sys.executable, "-m", "venv", "--clear", *options, str(folder)])
    if result.returncode:
        raise SetupError(f"The virtual environment {folder} cannot be created:\n{_tail(result.stdout)}")
    if not has_ensurepip:
        _install_pip(python)


def _install_pip(python: Path) -> None:
    """Install pip from the distribution's own wheel.

    Raises:
        SetupError: The wheel cannot be downloaded or installed.
    """
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
        result = _run(command, {"PYTHONPATH": str(wheel)})
    if result.returncode:
        raise SetupError(f"pip cannot be installed. Install python3-venv.\n{_tail(result.stdout)}")


def _install(python: Path, lock: Path) -> int:
    """Install the lock with pip, show the progress, and return 0.

    Raises:
        SetupError: pip failed; the message is the end of its output.
    """
    progress = Progress(lock, sys.stdout)
    command = [str(python), "-m", "pip", "install", "--progress-bar=off", "--require-hashes", f"--requirement={lock}"]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    lines: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        has_ended = threading.Event()
        ticker = threading.Thread(target=_show_regularly, args=(progress, has_ended), daemon=True)
        ticker.start()
        try:
            for line in pip.stdout or ():
                lines.append(line)
                progress.read(line)
        finally:
            has_ended.set()
            ticker.join()
    if pip.returncode:
        progress.end(f"{lock} could not be installed")
        raise SetupError(_tail("".join(lines)))
    progress.end(f"Installed {lock} into {python.parent.parent}")
    return 0


def _show_regularly(progress: Progress, has_ended: threading.Event) -> None:
    progress.show()
    while not has_ended.wait(TERMINAL_SECONDS):
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
