"""The wheels of a function or service, by pip, for its machine in AWS or for this one; unpacked from the wheels.

``pip install --target`` would write scripts with this machine's interpreter and a RECORD of them, so pip only
downloads (hash-pinned, no source distributions, dependencies resolved for the target) and the wheels, which are the
same bytes everywhere, are unpacked here.
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

# Amazon Linux 2023, which the python3.14 runtime is built on and the instances run, has glibc 2.34:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
# https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
GLIBC_MINORS = range(34, 16, -1)
PIP_SECONDS = 600
PYTHON = "3.14"  # of the functions' runtime, and what the instances install from Amazon Linux's repositories


@dataclass(frozen=True)
class Target:
    """The machine that the wheels are for. ``options`` go to pip; ``name`` is part of the cache's key."""

    name: str
    options: tuple[str, ...]


def _amazon_linux(name: str, machine: str) -> Target:
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS] + [f"manylinux2014_{machine}"]
    options = [option for platform in platforms for option in ("--platform", platform)]
    return Target(name, (*options, "--python-version", PYTHON, "--implementation", "cp"))


LAMBDA = _amazon_linux(f"python{PYTHON}-arm64", "aarch64")
INSTANCE = _amazon_linux(f"python{PYTHON}-x86_64", "x86_64")
HOST = Target(f"host-{sys.implementation.cache_tag}", ())


def unpacked(name: str, requirements: Path, target: Target, cache: Path) -> dict[str, bytes]:
    """Path in the zip -> bytes, of all wheels that the requirements name. Empty when the file names none.

    The wheels are kept in ``cache`` by the content of the requirements and the target, so that they are downloaded
    once. Raises ArtifactError with pip's own last words.
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
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        # The lock names all that is wanted, and leaves out what the runtime brings: nothing is to be added to it.
        command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input", "--dest", temporary]
        command += [*target.options, "--requirement", str(requirements)]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            what = f"pip took longer than {PIP_SECONDS} seconds."
            raise ArtifactError(name, what, "Check the network and the index.") from None
        if run.returncode != 0:
            said = " / ".join((run.stderr or run.stdout).strip().splitlines()[-3:])
            if "No module named pip" in said:
                raise ArtifactError(name, "this Python has no pip to fetch wheels with.", "Run `make setup`.")
            what = f"pip found no wheels for {target.name}: {said}"
            raise ArtifactError(name, what, f"Check {requirements.parent.name}/{requirements.name}.")
        done = Path(temporary) / "done"
        done.mkdir()
        for wheel in Path(temporary).glob("*.whl"):
            wheel.rename(done / wheel.name)
        try:
            done.rename(folder)
        except OSError:
            # Another thread or process was first: folders share requirements. Its wheels are the same bytes.
            if not folder.is_dir():
                raise


def _files_of(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a wheel where an installer puts them. Scripts, headers and data have no use here."""
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
