"""The environment is created on a bare machine, with its progress, and contains no more than necessary."""

from __future__ import annotations

import importlib.metadata
import io
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import venv

PROJECT = Path(__file__).parents[2]
DEMO_LIMIT_MIB = 600
"""The limit for what ``make demo`` installs."""

FAKE_PYTHON = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
  *"-m venv"*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
  *--requirement*) printf 'Collecting a==1\\nProcessing b.whl\\nInstalling collected packages: a, b\\n'; exit "${PIP_EXIT:-0}" ;;
esac
"""


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(
        "# generated\na==1 \\\n    --hash=sha256:0\nb[c]==2 ; python_version < '4' \\\n    --hash=sha256:1\nd==3\n"
    )
    return path


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python that creates environments with itself. Its pip installs nothing, and it logs its calls."""
    path = tmp_path / "python3"
    path.write_text(FAKE_PYTHON)
    path.chmod(0o755)
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setattr(sys, "executable", str(path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())  # it has ensurepip
    return path


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "log").read_text().splitlines()


# --- Progress ---------------------------------------------------------------------------------------------------------


def test_terminal_shows_one_line_that_changes(lock: Path) -> None:
    stream, clock = Terminal(), Clock()
    progress = venv.Progress(lock, stream, clock)
    progress.show()
    progress.read("Collecting a==1 (from -r requirements.txt)")
    progress.read("  Downloading a-1-py3-none-any.whl")
    clock.now = 4
    progress.show()
    progress.read("Installing collected packages: a, b")
    progress.show()
    progress.end("Installed it")
    assert "\n" not in stream.getvalue()[:-1]
    shown = [part.rstrip() for part in stream.getvalue().split("\r")[1:]]
    assert shown == [
        f"  {lock}: package 0 of 3, 0 s",
        f"  {lock}: package 1 of 3, 4 s",
        f"  {lock}: unpacking, 4 s",
        "Installed it (4 s).",
    ]


def test_log_gets_a_line_every_ten_seconds(lock: Path) -> None:
    stream, clock = io.StringIO(), Clock()
    progress = venv.Progress(lock, stream, clock)
    for second in range(26):
        clock.now = second
        progress.show()
    assert stream.getvalue().splitlines() == [f"  {lock}: package 0 of 3, {second} s" for second in (10, 20)]


# --- Creation ---------------------------------------------------------------------------------------------------------


def test_lock_is_installed_with_its_hashes(
    python: Path, lock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert venv.main(["--new", str(tmp_path / "env"), str(lock)]) == 0
    created, installed = calls(tmp_path)
    assert created == f"-m venv --clear {tmp_path / 'env'}"
    assert "--require-hashes" in installed
    assert installed.endswith(f"--requirement={lock}")
    assert f"Installed {lock} into {tmp_path / 'env'} (" in capsys.readouterr().out


def test_link_is_refused_because_its_target_would_be_emptied(
    python: Path, lock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Incident: worktrees shared one environment by a link, and make in one of them emptied it for all."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "env").symlink_to(tmp_path / "shared")
    assert venv.main(["--new", str(tmp_path / "env"), str(lock)]) == 1
    assert "Delete the link" in capsys.readouterr().err
    assert not (tmp_path / "log").exists(), "nothing was called"


def test_second_lock_is_added_to_the_same_environment(python: Path, lock: Path, tmp_path: Path) -> None:
    for options in (["--new"], []):
        assert venv.main([*options, str(tmp_path / "env"), str(lock)]) == 0
    assert len([call for call in calls(tmp_path) if "-m venv" in call]) == 1


def test_output_of_pip_is_shown_if_it_fails(
    python: Path, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_EXIT", "1")
    assert venv.main(["--new", str(tmp_path / "env"), str(lock)]) == 1
    assert "Installing collected packages: a, b" in capsys.readouterr().err


def test_python_without_ensurepip_gets_the_distributions_pip(
    python: Path, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Incident: Debian's python3 has none, so the error on a machine with only that was ``ensurepip is not available``."""

    def unpack(names: list[str], target: Path) -> None:
        assert names == ["python3-pip-whl"]
        wheels = target / "usr" / "share" / "python-wheels"
        wheels.mkdir(parents=True)
        (wheels / "pip-99-py3-none-any.whl").touch()

    monkeypatch.setattr("local.host.packages.unpack", unpack)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert venv.main(["--new", str(tmp_path / "env"), str(lock)]) == 0
    created, pip, installed = calls(tmp_path)
    assert created == f"-m venv --clear --without-pip {tmp_path / 'env'}"
    assert re.fullmatch(r"-m pip install --quiet --no-index .*/pip-99-py3-none-any\.whl", pip)
    assert "--require-hashes" in installed


def test_error_names_the_package_if_pip_cannot_be_downloaded(
    python: Path, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("local.host.packages.available", lambda: False)
    assert venv.main(["--new", str(tmp_path / "env"), str(lock)]) == 1
    assert "cannot be downloaded: this machine has no apt. Install python3-venv." in capsys.readouterr().err


def test_old_python_is_rejected_with_the_version_that_is_needed(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(venv, "OLDEST_PYTHON", (9, 1))
    assert venv.main([str(tmp_path / "env"), str(lock)]) == 2
    assert "Python 9.1 or newer is needed, this is 3." in capsys.readouterr().err
    assert not (tmp_path / "env").exists()


def test_venv_needs_only_the_standard_library() -> None:
    """The option -S disables site-packages, as on a machine where nothing is installed."""
    result = subprocess.run(
        [sys.executable, "-S", "-m", "tools.venv", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "usage: python3 -m tools.venv" in result.stdout
    script = "import local.host.packages, local.host.servers"
    subprocess.run([sys.executable, "-S", "-c", script], cwd=PROJECT, check=True)


# --- Content ----------------------------------------------------------------------------------------------------------


def locked(name: str) -> set[str]:
    """Return the packages of a lock that this machine installs."""
    lines = re.findall(r"^([\w.-]+(?:\[\w+\])?==[^\\\n]+)", (PROJECT / name).read_text(), re.MULTILINE)
    requirements = [Requirement(line.strip()) for line in lines]
    return {
        canonicalize_name(requirement.name)
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate()
    }


def test_demo_installs_no_development_tool() -> None:
    tools = {"pytest", "hypothesis", "mypy", "numpy", "pandas", "ruff", "uv", "pytest-xdist", "pre-commit"}
    assert not tools & locked("requirements.txt")
    assert tools - {"pandas"} <= locked("requirements-dev.txt")
    assert "pandas" not in locked("requirements-dev.txt")


def test_size_of_the_demos_environment_is_bounded() -> None:
    """It was 829 MB with the development tools and the benches' references."""
    places = [Path(str(importlib.metadata.distribution(name).locate_file(""))) for name in locked("requirements.txt")]
    assert set(places) == {Path(sysconfig.get_path("purelib"))}
    files = {
        Path(str(file.locate()))
        for name in (*locked("requirements.txt"), "pip")
        for file in importlib.metadata.files(name) or ()
    }
    used = sum(
        path.stat().st_blocks * 512 if os.name == "posix" else path.stat().st_size for path in files if path.exists()
    )
    assert 300 < used / 1024**2 < DEMO_LIMIT_MIB
