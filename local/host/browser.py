"""The Chromium with which tests look at HTML pages: found on this machine, or downloaded for this user.

    python -m local.host.browser     downloads what is missing; exit code 1 where it stays missing

Chromium or Chrome of the system comes first (PATH). If the system has neither, Debian's packages are unpacked into the user's
cache, as those of database servers are (``local.host.servers``). The variable ``BROWSER_PATH`` names the folders to search
instead; then nothing is downloaded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local.host import servers
from local.host.errors import ServerMissingError

CHROMIUM = servers.Product(
    "Chromium",
    ("chromium-headless-shell",),
    (),
    ("chromium-headless-shell", "chromium-common"),
    "",
    "Debian: apt-get install chromium-headless-shell; elsewhere Chromium or Chrome",
    "BROWSER_PATH",
)
_OTHER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
"""For pages of our own, which need no sandbox. CI runs as root, for whom Chromium has none."""


@dataclass(frozen=True)
class Browser:
    """A Chromium that runs: the program, and the variables that its process needs."""

    path: Path
    environment: Mapping[str, str]


def find() -> Browser | None:
    """Return the browser of this machine; None if it has none."""
    for name in (*CHROMIUM.programs, *_OTHER_NAMES):
        programs = servers.find(replace(CHROMIUM, programs=(name,)))
        if programs is not None:
            return Browser(programs[name], programs.environment())
    return None


def ensure(say: Callable[[str], None]) -> Browser:
    """Return the browser; download it into the user's cache if this machine has none.

    Raises:
        ServerMissingError: This machine has no browser, and it cannot be downloaded.
    """
    browser = find()
    if browser is not None:
        return browser
    programs = servers.ensure(CHROMIUM, say)
    return Browser(programs[CHROMIUM.programs[0]], programs.environment())


def main() -> int:
    """Download the browser if it is missing and print where it is. Return 1 if it is still missing."""
    try:
        browser = ensure(lambda line: print(line, flush=True))
    except ServerMissingError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{CHROMIUM.name}: {browser.path}")
    return 0


if __name__ == "__main__":
    from entry import run

    sys.exit(run("local.host.browser", "Interrupted. What was downloaded so far is dropped; repeat the command."))
