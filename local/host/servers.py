"""The database servers that the embedded AWS and the tests need: found on this machine, or downloaded for this user.

    python -m local.host.servers     downloads what is missing; exit code 1 where something stays missing

A server of the system comes first (PATH, Debian's, Red Hat's and Homebrew's folders). If the system has none, Debian and
Ubuntu packages are unpacked into the user's cache, once for all checkouts (``local.host.packages``). The variable
``DATABASE_PATH`` names the folders to search instead; then nothing is downloaded.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from local.host import packages
from local.host.errors import PackageError, ServerMissingError

SEARCH_VARIABLE = "DATABASE_PATH"
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Product:
    """A database server, or another program that this machine may lack.

    Attributes:
        name: as messages name it.
        programs: the programs that it needs; the first is the server.
        folders: where systems install them beside PATH, as glob patterns.
        packages: Debian's and Ubuntu's packages of them, as patterns of names.
        library: what the server must be linked with, "" if that does not matter.
        install: the commands that install it by hand.
        variable: the variable that names the folders to search instead.
        modules: the libraries that the server must be able to load.
    """

    name: str
    programs: tuple[str, ...]
    folders: tuple[str, ...]
    packages: tuple[str, ...]
    library: str
    install: str
    variable: str = SEARCH_VARIABLE
    modules: tuple[str, ...] = ()


MARIADB = Product(
    "MariaDB",
    ("mariadbd", "mariadb-install-db"),
    ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/opt/homebrew/opt/mariadb*/bin", "/usr/local/opt/mariadb*/bin"),
    (r"mariadb-server-core(-[\d.]+)?", r"mariadb-client-core(-[\d.]+)?"),
    "",
    "Debian, Ubuntu: apt-get install mariadb-server-core mariadb-client-core; macOS: brew install mariadb",
)
POSTGRESQL = Product(
    "PostgreSQL with TLS",
    ("postgres", "initdb"),
    (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/opt/postgresql@*/bin",
    ),
    (r"postgresql-\d+", r"postgresql-\d+-pgaudit"),
    "libssl",
    "Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17",
)
PGAUDIT = replace(
    POSTGRESQL,
    name="PostgreSQL with pgAudit",
    install="Debian, Ubuntu: apt-get install postgresql and postgresql-<its version>-pgaudit",
    modules=("pgaudit",),
)
"""For a system whose own PostgreSQL lacks pgAudit. What is downloaded is one folder for both products."""

PRODUCTS = (MARIADB, POSTGRESQL, PGAUDIT)


@dataclass(frozen=True)
class Programs:
    """The programs of one product.

    Attributes:
        paths: the programs by name.
        root: the folder of unpacked packages; None if the system installed the programs.
    """

    paths: dict[str, Path]
    root: Path | None = None

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]

    def environment(self) -> dict[str, str]:
        """Return this process's variables, and in them the folders in which unpacked packages keep their libraries."""
        if self.root is None:
            return dict(os.environ)
        # Debian's libpulse finds its own library by an absolute path, which is not that of the unpacked package.
        patterns = ("usr/lib/*-linux-*", "lib/*-linux-*", "usr/lib/*-linux-*/pulseaudio")
        folders = sorted({folder for pattern in patterns for folder in self.root.glob(pattern)})
        if not folders:
            return dict(os.environ)
        inherited = os.environ.get("LD_LIBRARY_PATH")
        libraries = [*map(str, folders), *([inherited] if inherited else [])]
        return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(libraries)}


def find(product: Product) -> Programs | None:
    """Return the product's programs on this machine if they run; None if they are missing."""
    return _find(product, os.environ.get(product.variable), os.environ.get("PATH", os.defpath))


@cache
def _find(product: Product, chosen: str | None, path: str) -> Programs | None:
    if chosen is not None:
        return _in_folders(product, [Path(folder) for folder in chosen.split(os.pathsep) if folder])
    system = [Path(folder) for folder in path.split(os.pathsep) if folder]
    for pattern in product.folders:
        system += sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    return _in_folders(product, system) or _in_cache(product)


def ensure(product: Product, say: Callable[[str], None]) -> Programs:
    """Return the product's programs; download them into the user's cache if this machine has none.

    Args:
        product: the server.
        say: gets a line before and after a download.

    Raises:
        ServerMissingError: This machine has no such programs, and they cannot be downloaded.
    """
    programs = find(product)
    if programs is not None:
        return programs
    if product.variable in os.environ:
        raise _missing(product, f"{product.variable} names no folder with it")
    target = _cached(product)
    begun = time.monotonic()
    try:
        with _alone(target):
            if _in_cache(product) is None:  # no other process was quicker
                if packages.available():
                    say(f"{product.name} is not on this machine: apt downloads its packages into {target.parent} …")
                packages.unpack(product.packages, target)
    except (PackageError, OSError) as error:
        raise _missing(product, str(error)) from error
    _find.cache_clear()
    programs = find(product)
    if programs is None:
        raise _missing(product, f"what was unpacked to {target} does not run")
    say(f"{product.name} is there ({time.monotonic() - begun:.0f} s).")
    return programs


def _missing(product: Product, reason: str) -> ServerMissingError:
    return ServerMissingError(product.name, reason, product.install, product.variable)


def _in_folders(product: Product, folders: list[Path]) -> Programs | None:
    """Return the programs of the first folder with all of them, so that they are of one version; else the first of each."""
    for search in [*([folder] for folder in folders), folders]:
        programs = _programs(product, search)
        if programs is not None:
            return programs
    return None


def _in_cache(product: Product) -> Programs | None:
    root = _cached(product)
    # Chromium's own folder comes first, because the script of its name in usr/bin starts the one that is installed.
    folders = [root / "usr/lib/chromium", root / "usr/bin", root / "usr/sbin"]
    return _programs(product, [*folders, *sorted(root.glob("usr/lib/postgresql/*/bin"), reverse=True)], root)


def _programs(product: Product, folders: list[Path], root: Path | None = None) -> Programs | None:
    path = os.pathsep.join(map(str, folders))
    paths = {name: Path(place) for name in product.programs if (place := shutil.which(name, path=path))}
    if len(paths) < len(product.programs):
        return None
    programs = Programs(paths, root)
    return programs if _is_usable(product, programs) else None


def _is_usable(product: Product, programs: Programs) -> bool:
    """Return whether the server starts (a library may be gone since), and has the libraries that it must have."""
    server = programs[product.programs[0]]
    if product.library and product.library.encode() not in server.read_bytes():
        return False
    if not all(_has_module(server, module) for module in product.modules):
        return False
    try:
        answer = subprocess.run(
            [server, "--version"], env=programs.environment(), cwd="/", capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _has_module(server: Path, module: str) -> bool:
    """Return whether the server can load the library, which is where its packages put it (Debian, Homebrew, Red Hat)."""
    prefix = server.resolve().parents[1]
    return any(any(prefix.glob(f"{folder}/{module}.*")) for folder in ("lib", "lib/postgresql", "lib64/pgsql"))


def _cached(product: Product) -> Path:
    """Return the product's folder in the cache: one for each release and machine, because libraries differ."""
    try:
        release = platform.freedesktop_os_release()
        system = f"{release.get('ID', 'linux')}-{release.get('VERSION_ID', 'rolling')}"
    except OSError:
        system = platform.system().lower()
    return cache_folder() / f"{product.name.split()[0].lower()}-{system}-{platform.machine()}"


def cache_folder() -> Path:
    """Return the user's cache for downloaded servers, or this checkout's if the user cannot write to one."""
    if os.geteuid() == 0:
        # Servers do not run as root, and no other user gets into root's home.
        return Path("/var/cache/cloud-platforms")
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(chosen) if chosen.startswith("/") else Path(os.path.expanduser("~")) / ".cache"
    existing = next(folder for folder in (base, *base.parents) if folder.exists())
    return base / "cloud-platforms" if os.access(existing, os.W_OK | os.X_OK) else PROJECT / ".cache" / "servers"


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Let one process download: the tests' workers, and other checkouts, wait for it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        target.parent.chmod(0o755)  # whatever the umask is: the servers' user must reach the folder
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Download what is missing and print where each server is. Return 1 if one is still missing."""
    failures = 0
    for product in PRODUCTS:
        try:
            programs = ensure(product, lambda line: print(line, flush=True))
        except ServerMissingError as error:
            print(error, file=sys.stderr)
            failures += 1
        else:
            print(f"{product.name}: {programs[product.programs[0]]}")
    return 1 if failures else 0


if __name__ == "__main__":
    from entry import run

    sys.exit(run("local.host.servers", "Interrupted. What was downloaded so far is dropped; repeat the command."))
