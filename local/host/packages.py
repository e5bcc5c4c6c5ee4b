"""Programs from Debian or Ubuntu packages, without root: apt downloads them, dpkg-deb unpacks them into a folder.

apt works with lists and archives of its own below a temporary folder, and with the system's sources, keys and list of
installed packages (apt.conf(5): Dir::State, Dir::State::status, Dir::Cache). So it resolves the names of this release,
fetches only libraries that the system lacks, and trusts only what the sources' owners have signed. Nothing is installed:
no script of a package runs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from local.host.errors import PackageError

TIMEOUT_SECONDS = 300.0
"""The limit for each command of apt; a slow line needs a minute."""

CONNECT_TIMEOUT_SECONDS = 10

_INSTALLED = re.compile(r"^Inst (\S+)", re.MULTILINE)
# Of its dependencies a server needs the libraries to run. Left out: Perl's modules, and LLVM with its solver (a third of
# the bytes), which PostgreSQL loads only for just-in-time compilation and does without.
_LIBRARY = re.compile(r"lib(?!llvm|z3-)(?!.*-perl$).*")


def available() -> bool:
    """Return whether this machine has apt and dpkg."""
    return all(shutil.which(program) for program in ("apt-get", "apt-cache", "dpkg-deb"))


def unpack(patterns: Sequence[str], target: Path) -> None:
    """Download packages and the libraries that they need, and unpack them into a folder.

    Args:
        patterns: a regular expression for each package's whole name, because names differ between releases
            (mariadb-server-core, mariadb-server-core-10.6). Of several matches the newest counts.
        target: becomes a small root directory (``usr/bin`` …), readable for all users; it appears when it is complete.

    Raises:
        PackageError: apt could not deliver a package.
    """
    if not available():
        raise PackageError("this machine has no apt")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=target.parent) as folder:
        apt = _Apt(Path(folder))
        apt.update()
        names = [apt.newest(pattern) for pattern in patterns]
        unpacked = Path(folder) / "root"
        unpacked.mkdir()
        for archive in apt.download(names):
            _run(["dpkg-deb", "--extract", str(archive), str(unpacked)], Path(folder))
        unpacked.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)


class _Apt:
    """apt that writes below one folder only."""

    def __init__(self, folder: Path) -> None:
        self._archives = folder / "archives"
        for name in ("state/lists/partial", "cache/archives/partial", "archives"):
            (folder / name).mkdir(parents=True)
        options = {
            "Dir::State": folder / "state",
            "Dir::State::status": "/var/lib/dpkg/status",
            "Dir::Cache": folder / "cache",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "",  # no other user may write into the folder
            "APT::Get::AllowUnauthenticated": "false",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "1",
            "Acquire::http::Timeout": str(CONNECT_TIMEOUT_SECONDS),
            "Acquire::https::Timeout": str(CONNECT_TIMEOUT_SECONDS),
        }
        self._options = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        self._complaint = ""

    def update(self) -> None:
        """Fetch the lists. A source that does not answer is no error as long as the others have the packages."""
        update = self._call("apt-get", "update", check=False)
        lines = [line for line in update.stderr.splitlines() if line.startswith(("E:", "W:", "Err:"))]
        self._complaint = lines[0] if lines else ""

    def newest(self, pattern: str) -> str:
        """Return the name that matches the pattern; of several the one with the highest version in it."""
        prefix = re.split(r"[^\w-]|\\", pattern)[0]
        names = self._call("apt-cache", "pkgnames", prefix).stdout.split()
        matching = [name for name in names if re.fullmatch(pattern, name)]
        if not matching:
            because = f": {self._complaint}" if self._complaint else ""
            raise PackageError(f"no package {prefix}… was found{because}")
        return max(matching, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])

    def download(self, names: Sequence[str]) -> list[Path]:
        """Download and return the archives of ``names`` and of the libraries that the system lacks for them."""
        resolved = self._call("apt-get", "install", "--simulate", "--no-install-recommends", *names).stdout
        libraries = [name for name in _INSTALLED.findall(resolved) if _LIBRARY.fullmatch(name)]
        self._call("apt-get", "download", *dict.fromkeys([*names, *libraries]))
        return sorted(self._archives.glob("*.deb"))

    def _call(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return _run([program, *self._options, *arguments], self._archives, check=check)


def _run(command: Sequence[str], folder: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PackageError(f"`{command[0]}` did not end within {TIMEOUT_SECONDS:.0f} s") from None
    if check and result.returncode:
        lines = result.stderr.strip().splitlines() or ["no reason given"]
        raise PackageError(f"`{command[0]} … {command[-1]}` failed: {lines[-1]}")
    return result
