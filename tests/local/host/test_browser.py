"""The browser of tests: on the machine, in the folders that a variable names, or in the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.host import browser, servers
from local.host.errors import ServerMissingError
from local.testing import browser_or_skip


def install(folder: Path, name: str) -> Path:
    program = folder / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/sh\necho Chromium 150\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "own"))


@pytest.mark.parametrize("name", ["chromium-headless-shell", "chromium", "google-chrome"])
def test_a_browser_is_found_under_each_of_its_names(name: str, tmp_path: Path) -> None:
    program = install(tmp_path / "own", name)
    found = browser.find()
    assert found is not None
    assert found.path == program


def test_an_unpacked_browser_starts_from_its_own_folder_with_its_own_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script in usr/bin starts /usr/lib/chromium, and libpulse finds its library by an absolute path."""
    monkeypatch.delenv("BROWSER_PATH")
    monkeypatch.setenv("PATH", "/nowhere")
    root = servers._cached(browser.CHROMIUM)
    install(root / "usr" / "bin", "chromium-headless-shell")
    program = install(root / "usr" / "lib" / "chromium", "chromium-headless-shell")
    libraries = root / "usr" / "lib" / "x86_64-linux-gnu" / "pulseaudio"
    libraries.mkdir(parents=True)
    found = browser.find()
    assert found is not None
    assert found.path == program
    assert str(libraries) in found.environment["LD_LIBRARY_PATH"].split(":")


def test_where_the_variable_names_no_browser_nothing_is_downloaded() -> None:
    lines: list[str] = []
    with pytest.raises(ServerMissingError, match=r"BROWSER_PATH names no folder with it.*its folder in BROWSER_PATH"):
        browser.ensure(lines.append)
    assert not lines


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(None, pytest.skip.Exception), ("0", pytest.skip.Exception), ("1", pytest.fail.Exception)],
)
def test_where_a_browser_is_required_a_missing_one_fails(
    value: str | None, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUIRE_BROWSER", raising=False)
    if value is not None:
        monkeypatch.setenv("REQUIRE_BROWSER", value)
    with pytest.raises(outcome, match="a browser is missing"):
        browser_or_skip()
