"""The artifact of a service, unpacked, and the systemd unit in it that says how the service starts."""

from __future__ import annotations

import hashlib
import io
import shlex
import zipfile
from pathlib import Path

from local.host.errors import StartError


def unpack(artifact: bytes, digest: str, target: Path) -> None:
    """Unpack an artifact.

    Raises:
        StartError: Its content does not have the digest.
        zipfile.BadZipFile: It is not a zip file.
    """
    with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
        if content_digest(archive) != digest:
            raise StartError("The artifact", "its content is not what its key says")
        archive.extractall(target)


def content_digest(archive: zipfile.ZipFile) -> str:
    """Return SHA-256 over every path with the SHA-256 of its bytes, which ends an artifact's key (builders' boot.sh)."""
    total = hashlib.sha256()
    for path in sorted(archive.namelist()):
        total.update(f"{path}\0{hashlib.sha256(archive.read(path)).hexdigest()}\n".encode())
    return total.hexdigest()


def start_command(release: Path) -> list[str]:
    """Return the arguments after the interpreter in the unit's ExecStart.

    Raises:
        StartError: The artifact has no such unit, or its command does not run Python.
    """
    unit = unit_of(release)
    for line in unit.read_text().splitlines():
        if line.startswith("ExecStart="):
            interpreter, *arguments = shlex.split(line.removeprefix("ExecStart="))
            if Path(interpreter).name.startswith("python"):
                return arguments
    raise StartError(unit.name, "it has no ExecStart that runs Python")


def unit_of(release: Path) -> Path:
    """Return ``<service>/system/<service>.service``. Raises StartError unless the artifact has exactly one."""
    units = [unit for unit in release.glob("*/system/*.service") if unit.stem == unit.parent.parent.name]
    if len(units) != 1:
        raise StartError("The artifact", f"it has {len(units)} systemd units <service>/system/<service>.service")
    return units[0]
