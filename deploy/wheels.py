"""The wheels of a function, by pip, for Lambda's machine or for this one; unpacked from the wheels themselves.

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

# Amazon Linux 2023, which the python3.14 runtime is built on, has glibc 2.34:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
GLIBC_MINORS = range(34, 16, -1)
PIP_SECONDS = 600


@dataclass(frozen=True)
class Target:
    """The machine that the wheels are for. ``options`` go to pip; ``name`` is part of the cache's key."""

    name: str
    options: tuple[str, ...]


def _lambda_target() -> Target:
    platforms = [f"manylinux_2_{minor}_aarch64" for minor in GLIBC_MINORS] + ["manylinux2014_aarch64"]
    options = [option for platform in platforms for option in ("--platform", platform)]
    return Target("python3.14-arm64", (*options, "--python-version", "3.14", "--implementation", "cp"))


LAMBDA = _lambda_target()
HOST = Target(f"host-{sys.implementation.cache_tag}", ())
TARGETS = {"lambda": LAMBDA, "host": HOST}


def unpacked(function: str, requirements: Path, target: Target, cache: Path) -> dict[str, bytes]:
    """Path in the zip -> bytes, of all wheels that the requirements name. Empty when the file names none.

    The wheels are kept in ``cache`` by the content of the requirements and the target, so that they are downloaded
    once. Raises ArtifactError with pip's own last words.
    """
    folder = cache / wheels_key(requirements, target)
    if not folder.is_dir():
        _download(function, requirements, target, folder)
    files: dict[str, bytes] = {}
    for wheel in sorted(folder.glob("*.whl")):
        for name, content in _files_of(wheel):
            if files.setdefault(name, content) != content:
                what = f"{wheel.name} and another wheel both hold {name}."
                raise ArtifactError(function, what, f"Remove one of them from {requirements.name}.")
    return files


def wheels_key(requirements: Path, target: Target) -> str:
    """What the wheels depend on: the hash-pinned requirements and the target, nothing else."""
    return hashlib.sha256(f"{target.name}\0{requirements.read_text('utf-8')}".encode()).hexdigest()[:32]


def _download(function: str, requirements: Path, target: Target, folder: Path) -> None:
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
            raise ArtifactError(function, what, "Check the network and the index.") from None
        if run.returncode != 0:
            said = " / ".join((run.stderr or run.stdout).strip().splitlines()[-3:])
            if "No module named pip" in said:
                raise ArtifactError(function, "this Python has no pip to fetch wheels with.", "Run `make setup`.")
            what = f"pip found no wheels for {target.name}: {said}"
            raise ArtifactError(function, what, f"Check {requirements.parent.name}/{requirements.name}.")
        done = Path(temporary) / "done"
        done.mkdir()
        for wheel in Path(temporary).glob("*.whl"):
            wheel.rename(done / wheel.name)
        try:
            done.rename(folder)
        except OSError:
            # Another thread or process was first: functions share requirements. Its wheels are the same bytes.
            if not folder.is_dir():
                raise


def _files_of(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a wheel where an installer puts them. Scripts, headers and data have no use in a function."""
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
