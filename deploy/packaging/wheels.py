"""Fetches the wheels of a function or service with pip, for its machine in AWS or for this one, and unpacks them.

``pip install --target`` would write scripts with this machine's interpreter and a RECORD of them. So pip only downloads
(hash-pinned, no source distributions, dependencies resolved for the target), and the wheels, which have the same bytes
everywhere, are unpacked here.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deploy.errors import ArtifactError

# Amazon Linux 2023, which the functions' runtime is built on and the instances run, has glibc 2.34:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
# https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
GLIBC_MINORS = range(34, 16, -1)
PIP_SECONDS = 600
FUNCTION_PYTHON = "3.15"  # of Lambda's runtime
# What Amazon Linux's repositories have: https://docs.aws.amazon.com/linux/al2023/ug/python.html
INSTANCE_PYTHON = "3.14"


@dataclass(frozen=True)
class Target:
    """The machine that the wheels are for.

    Attributes:
        name: A part of the cache's key.
        options: The options of pip.
    """

    name: str
    options: tuple[str, ...]


def _amazon_linux(python: str, name: str, machine: str) -> Target:
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS] + [f"manylinux2014_{machine}"]
    options = [option for platform in platforms for option in ("--platform", platform)]
    return Target(f"python{python}-{name}", (*options, "--python-version", python, "--implementation", "cp"))


LAMBDA = _amazon_linux(FUNCTION_PYTHON, "arm64", "aarch64")
INSTANCE = _amazon_linux(INSTANCE_PYTHON, "x86_64", "x86_64")
HOST = Target(f"host-{sys.implementation.cache_tag}", ())


def unpack_wheels(name: str, requirements: Path, target: Target, cache: Path) -> dict[str, bytes]:
    """Fetch and unpack all wheels that the requirements name.

    Args:
        name: The function or service, for errors.
        requirements: The hash-pinned requirements.txt.
        target: The machine.
        cache: The folder that keeps the wheels, by the content of the requirements and the target.

    Returns:
        Path in the zip -> bytes; empty if the file names no wheel.

    Raises:
        ArtifactError: pip failed, with its last lines, or two wheels hold the same path.
    """
    folder = cache / wheels_key(requirements, target)
    if not folder.is_dir():
        _download(name, requirements, target, folder)
    files: dict[str, bytes] = {}
    for wheel in sorted(folder.glob("*.whl")):
        for path, content in _files_of(wheel):
            if files.setdefault(path, content) != content:
                what = f"{wheel.name} and another wheel both hold {path}."
                raise ArtifactError(name, what, f"Remove one of them from {requirements.name}.")
    return files


def wheels_key(requirements: Path, target: Target) -> str:
    """What the wheels depend on: the hash-pinned requirements and the target, nothing else."""
    return hashlib.sha256(f"{target.name}\0{requirements.read_text('utf-8')}".encode()).hexdigest()[:32]


def _download(name: str, requirements: Path, target: Target, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        _run_pip(name, requirements, target, temporary)
        complete = Path(temporary) / "complete"
        complete.mkdir()
        for wheel in Path(temporary).glob("*.whl"):
            wheel.rename(complete / wheel.name)
        try:
            complete.rename(folder)
        except OSError:
            # Another thread or process was first, because folders share requirements. Its wheels have the same bytes.
            if not folder.is_dir():
                raise


def _run_pip(name: str, requirements: Path, target: Target, destination: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    # The lock names everything that the zip needs and leaves out what the runtime brings: pip must not add to it.
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input", "--dest", destination]
    command += [*target.options, "--requirement", str(requirements)]
    try:
        pip = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        what = f"pip took longer than {PIP_SECONDS} seconds."
        raise ArtifactError(name, what, "Check the network and the index.") from None
    if pip.returncode == 0:
        return
    message = " / ".join((pip.stderr or pip.stdout).strip().splitlines()[-3:])
    if "No module named pip" in message:
        raise ArtifactError(name, "this Python has no pip to fetch wheels with.", "Run `make setup`.")
    what = f"pip found no wheels for {target.name}: {message}"
    raise ArtifactError(name, what, f"Check {requirements.parent.name}/{requirements.name}.")


def _files_of(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a wheel where an installer puts them, without scripts, headers and data."""
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            parts = PurePosixPath(info.filename).parts
            if parts[0].endswith(".data"):
                if len(parts) < 3 or parts[1] not in ("purelib", "platlib"):
                    continue
                parts = parts[2:]
            yield "/".join(parts), archive.read(info)
