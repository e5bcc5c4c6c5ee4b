"""Database servers: programs on the machine, or downloaded for the user, here by an apt of the tests' own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.host import packages, servers
from local.host.errors import PackageError, ServerMissingError

PRODUCT = servers.Product("Ledger DB", ("ledgerd", "ledger-init"), (), (r"ledger-server(-[\d.]+)?",), "", "by hand")
APT_GET = """#!/bin/sh
echo "apt-get $*" >> "$LOG"
case "$*" in
  *update*) echo "W: mirror.example does not answer" >&2; exit "${UPDATE_EXIT:-0}" ;;
  *--simulate*) for name in ledger-server-10.11 libone5 libtwo-perl libllvm19 libz3-4 locales
    do echo "Inst $name (1.0 Debian [amd64])"; done ;;
  *download*) [ -z "$DOWNLOAD_FAILS" ] || { echo "E: no such hash" >&2; exit 100; }
    for name; do case $name in ledger*|lib*) : > "$name.deb" ;; esac; done ;;
esac
"""
APT_CACHE = """#!/bin/sh
echo "apt-cache $*" >> "$LOG"
printf '%s\\n' $NAMES
"""
DPKG_DEB = """#!/bin/sh
echo "dpkg-deb $*" >> "$LOG"
mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu"
for name in ledgerd ledger-init; do printf '#!/bin/sh\\necho 1\\n' > "$3/usr/bin/$name"; chmod 755 "$3/usr/bin/$name"; done
"""


def program(path: Path, text: str = "#!/bin/sh\necho 1.0\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def install(folder: Path, *names: str) -> Path:
    for name in names or PRODUCT.programs:
        program(folder / name)
    return folder


def search(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    monkeypatch.setenv("DATABASE_PATH", os.pathsep.join(map(str, folders)))


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """An apt that delivers what it is asked for; returns the commands that it got. The user has a cache and no server."""
    folder = tmp_path / "apt"
    for name, text in {"apt-get": APT_GET, "apt-cache": APT_CACHE, "dpkg-deb": DPKG_DEB}.items():
        program(folder / name, text)
    log = tmp_path / "log"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setenv("LOG", str(log))
    monkeypatch.setenv("NAMES", "ledger-server-9.4 ledger-server-10.11 ledger-server-core-10.12 ledger-server-extra")
    monkeypatch.delenv("DATABASE_PATH", raising=False)
    monkeypatch.setattr(servers, "cache_folder", lambda: tmp_path / "cache" / "cloud-platforms")
    return lambda: log.read_text().splitlines() if log.exists() else []


# --- On the machine ---------------------------------------------------------------------------------------------------


def test_a_server_of_the_system_is_preferred(
    apt: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "own")
    monkeypatch.setenv("PATH", f"{tmp_path / 'own'}{os.pathsep}{os.environ['PATH']}")
    programs = servers.ensure(PRODUCT, print)
    assert (programs["ledgerd"], programs.root) == (tmp_path / "own" / "ledgerd", None)
    assert apt() == []


def test_programs_come_from_one_folder_where_one_has_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions side by side: the server of one does not start with the tools of another."""
    half, whole = install(tmp_path / "half", "ledgerd"), install(tmp_path / "whole")
    search(monkeypatch, half, whole)
    programs = servers.find(PRODUCT)
    assert programs is not None
    assert programs.paths == {name: whole / name for name in PRODUCT.programs}


def test_programs_may_lie_in_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's mariadbd is in /usr/sbin, its mariadb-install-db in /usr/bin."""
    search(monkeypatch, install(tmp_path / "sbin", "ledgerd"), install(tmp_path / "bin", "ledger-init"))
    programs = servers.find(PRODUCT)
    assert programs is not None
    assert programs["ledger-init"] == tmp_path / "bin" / "ledger-init"


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 127\n", "#!/no/such/interpreter\n"])
def test_a_server_that_does_not_run_does_not_count(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that the server needs may be missing."""
    program(install(tmp_path / "broken") / "ledgerd", text)
    search(monkeypatch, tmp_path / "broken")
    assert servers.find(PRODUCT) is None


@pytest.mark.parametrize(("linked", "expected"), [("libtls", True), ("libother", False)])
def test_a_server_without_its_library_does_not_count(
    linked: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = servers.Product("Ledger DB", PRODUCT.programs, (), (), "libtls", "by hand")
    program(install(tmp_path / "own") / "ledgerd", f"#!/bin/sh\n# {linked}\n")
    search(monkeypatch, tmp_path / "own")
    assert (servers.find(product) is not None) is expected


@pytest.mark.parametrize("folder", ["lib", "lib/postgresql", "lib64/pgsql"])
def test_a_server_without_its_module_does_not_count(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system's PostgreSQL that lacks pgAudit, and one that Debian's alternatives link to."""
    product = servers.Product("Ledger DB", ("ledgerd",), (), (), "", "by hand", modules=("audit",))
    install(tmp_path / "own" / "bin", "ledgerd")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "ledgerd").symlink_to(tmp_path / "own" / "bin" / "ledgerd")
    search(monkeypatch, tmp_path / "links")
    assert servers.find(product) is None
    servers._find.cache_clear()
    program(tmp_path / "own" / folder / "audit.so")
    assert servers.find(product) is not None


def test_pgaudit_is_downloaded_where_the_own_postgresql_lacks_it_and_serves_both() -> None:
    """One download, whether or not the system has a PostgreSQL of its own."""
    assert servers._cached(servers.PGAUDIT) == servers._cached(servers.POSTGRESQL)
    assert servers.PGAUDIT.packages == servers.POSTGRESQL.packages
    assert servers.PRODUCTS.index(servers.POSTGRESQL) < servers.PRODUCTS.index(servers.PGAUDIT)


def test_the_named_folders_are_the_only_ones(
    apt: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "own")
    monkeypatch.setenv("PATH", f"{tmp_path / 'own'}{os.pathsep}{os.environ['PATH']}")
    search(monkeypatch, tmp_path / "empty")
    with pytest.raises(ServerMissingError, match="DATABASE_PATH names no folder with it"):
        servers.ensure(PRODUCT, print)
    assert apt() == []


# --- Downloaded -------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_downloaded_once_for_all_checkouts(apt: Callable[[], list[str]], tmp_path: Path) -> None:
    lines: list[str] = []
    assert servers.find(PRODUCT) is None
    programs = servers.ensure(PRODUCT, lines.append)
    assert programs.root is not None
    assert programs.root.parent == tmp_path / "cache" / "cloud-platforms"
    assert programs["ledgerd"] == programs.root / "usr" / "bin" / "ledgerd"
    assert programs.environment()["LD_LIBRARY_PATH"].startswith(str(programs.root / "usr" / "lib" / "x86_64-linux-gnu"))
    assert len(lines) == 2
    assert "Ledger DB is not on this machine: apt downloads its packages into" in lines[0]
    calls = apt()
    servers._find.cache_clear()  # as another process finds it
    assert servers.ensure(PRODUCT, lines.append).root == programs.root
    assert apt() == calls
    assert len(lines) == 2
    assert sorted(path.name for path in programs.root.parent.iterdir()) == [
        programs.root.name,
        f"{programs.root.name}.lock",
    ]


def test_apt_resolves_the_name_and_brings_the_missing_libraries_only(apt: Callable[[], list[str]]) -> None:
    servers.ensure(PRODUCT, print)
    (download,) = (line for line in apt() if " download " in line)
    assert download.split(" download ")[1].split() == ["ledger-server-10.11", "libone5"]


def test_apt_writes_below_its_own_folder_and_takes_signed_packages_only(apt: Callable[[], list[str]]) -> None:
    """An unprivileged user may not write to apt's folders, and root's apt must not be changed."""
    servers.ensure(PRODUCT, print)
    calls = [line for line in apt() if line.startswith("apt")]
    assert len(calls) == 4
    for call in calls:
        options = dict(part.split("=", 1) for part in call.split() if "=" in part)
        assert options["Dir::State"].startswith(str(servers.cache_folder()))
        assert options["Dir::Cache"].startswith(str(servers.cache_folder()))
        assert options["Dir::State::status"] == "/var/lib/dpkg/status"
        assert options["APT::Get::AllowUnauthenticated"] == "false"
        assert options["Acquire::AllowInsecureRepositories"] == "false"


def test_a_source_that_does_not_answer_matters_only_where_the_package_is_missing(
    apt: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPDATE_EXIT", "100")
    assert servers.ensure(PRODUCT, print).root is not None


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("NAMES", "other", "no package ledger-server… was found: W: mirror.example does not answer"),
        ("DOWNLOAD_FAILS", "yes", "failed: E: no such hash"),
    ],
)
def test_a_failed_download_is_reported_with_what_to_do(
    apt: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ServerMissingError) as caught:
        servers.ensure(PRODUCT, print)
    assert reason in str(caught.value)
    assert str(caught.value).endswith("Install it (by hand), or name its folder in DATABASE_PATH.")
    assert not [path for path in servers.cache_folder().iterdir() if path.suffix != ".lock"], "nothing half is left"


def test_a_machine_without_apt_is_reported(
    apt: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(ServerMissingError, match="cannot be downloaded: this machine has no apt"):
        servers.ensure(PRODUCT, print)
    with pytest.raises(PackageError):
        packages.unpack(PRODUCT.packages, tmp_path / "target")


def test_two_at_once_download_once(apt: Callable[[], list[str]]) -> None:
    """The workers of a test run, or two checkouts, may need the server at the same moment."""
    with ThreadPoolExecutor(4) as pool:
        roots = {programs.root for programs in pool.map(lambda _: servers.ensure(PRODUCT, print), range(4))}
    assert len(roots) == 1
    assert len([line for line in apt() if " download " in line]) == 1


def test_a_download_that_no_longer_runs_is_replaced(apt: Callable[[], list[str]]) -> None:
    """After an upgrade of the system a library can be gone."""
    programs = servers.ensure(PRODUCT, print)
    program(programs["ledgerd"], "#!/bin/sh\nexit 127\n")
    servers._find.cache_clear()
    assert servers.find(PRODUCT) is None
    assert servers.ensure(PRODUCT, print)["ledgerd"].read_text().endswith("echo 1\n")


# --- The cache --------------------------------------------------------------------------------------------------------


def test_the_cache_is_the_users_and_roots_where_servers_get_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert servers.cache_folder() == tmp_path / ".cache" / "cloud-platforms"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert servers.cache_folder() == tmp_path / "mine" / "cloud-platforms"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert servers.cache_folder() == servers.PROJECT / ".cache" / "servers"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert servers.cache_folder() == Path("/var/cache/cloud-platforms")


def test_the_command_says_where_each_server_is_or_how_to_get_it(tmp_path: Path) -> None:
    folder = install(tmp_path, "mariadbd", "mariadb-install-db")
    command = subprocess.run(
        [sys.executable, "-m", "local.host.servers"],
        env={"PATH": os.environ["PATH"], "DATABASE_PATH": str(folder)},
        cwd=servers.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert command.returncode == 1
    assert command.stdout == f"MariaDB: {folder / 'mariadbd'}\n"
    assert command.stderr.startswith("PostgreSQL with TLS is not on this machine and cannot be downloaded")
