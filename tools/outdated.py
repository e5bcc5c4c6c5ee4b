"""`python -m tools.outdated`: the pins that have a newer version, over every requirements.in of the project.

A list and no check: exit code 0 when it could be made, whatever it says, and 2 when not. It changes nothing.

uv asks the index for all names in one call, `uv pip compile --no-deps` over names without versions: half a second for 29
names. `pip index versions` takes that long for one and calls itself experimental; `uv pip list --outdated` knows only what is
installed here, not what a function pins for itself. Nothing here reads an index, or picks the newest of many versions.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("tools.outdated", "Interrupted. Nothing was changed; repeat the command for the list."))

import argparse
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).resolve().parent.parent
PLACES = ("requirements*.in", "lambda_src/*/requirements*.in", "web_src/*/requirements*.in")
TIMEOUT = 120  # seconds; uv gives up an index that does not answer long before
_COMMENT = re.compile(r"(?:^|\s+)#\s*")
_ANSWER = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
_CAUSE = re.compile(r"^\s*cause: (?:Because )?(.*?)(?: and you require .*)?$", re.MULTILINE)

Ask = Callable[[Sequence[str], str], Mapping[str, str]]
"""From names and the version of Python to run on, to the newest version of each; names are in their canonical form."""


class OutdatedError(Exception):
    """The list could not be made; the message is one sentence that says why."""


class PinError(OutdatedError):
    """A line of a requirements.in is no exact pin."""

    def __init__(self, file: str, line: int, text: str) -> None:
        self.file = file
        self.line = line
        self.text = text
        super().__init__(f"{file}:{line}: {text!r} is no exact pin: write name==version, and the reason behind a #.")


class NoAnswerError(OutdatedError):
    """The newest versions could not be asked for."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(f"The package index gave no answer: {detail.rstrip('.')}.")


@dataclass(frozen=True)
class Pin:
    """An exact version that a file asks for. `name` is as written, without extras; `reason` is empty where none stands."""

    name: str
    version: str
    file: str
    reason: str


@dataclass(frozen=True)
class Row:
    """A pin that has a newer version, with all the places where it stands."""

    name: str
    pinned: str
    newest: str
    where: str
    reason: str


def main(argv: Sequence[str] | None = None, root: Path = PROJECT, ask: Ask | None = None) -> int:
    """Print the list and return the exit code. `ask` is `ask_index` unless a test has another."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.outdated",
        description="Lists the pins of every requirements.in that have a newer version. It changes nothing.",
        epilog="Exit codes: 0 listed, 2 bad usage or the list could not be made.",
    )
    parser.parse_args(argv)
    try:
        python = oldest_python(root)
        pins = read_pins(root)
        newest = (ask or ask_index)(sorted({canonicalize_name(pin.name) for pin in pins}), python)
    except (OutdatedError, OSError) as error:
        print(f"outdated: {error}", file=sys.stderr)
        return 2
    found = rows(pins, newest)
    count = len({(canonicalize_name(pin.name), pin.version) for pin in pins})
    if found:
        print(table(found))
        print(f"\n{len(found)} of {count} pins have a newer version that runs on Python {python}.", end=" ")
        print("Change a pin in each place that is named, then `make lock`.")
    else:
        print(f"None of {count} pins has a newer version that runs on Python {python}.")
    return 0


def oldest_python(root: Path) -> str:
    """The version of Python that everything must still run on, as pyproject.toml has it ("3.11").

    Raises:
        OutdatedError: it has none.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = re.match(r">=\s*(\d+\.\d+)", project["requires-python"])
    if oldest is None:
        raise OutdatedError("pyproject.toml: requires-python does not begin with the oldest version (>=3.11).")
    return oldest[1]


def read_pins(root: Path) -> list[Pin]:
    """All pins: the project's own first, then each function's and each service's.

    Raises:
        PinError: a line asks for something else than an exact version.
    """
    files = [path for place in PLACES for path in sorted(root.glob(place))]
    return [pin for path in files for pin in parse(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())]


def parse(text: str, file: str) -> Iterator[Pin]:
    """The pins of one file. Options (`-r`, `-c`) are passed over: the file that they name is read by itself.

    Raises:
        PinError: a line asks for something else than an exact version.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        wanted, *comment = (part.strip() for part in _COMMENT.split(line, maxsplit=1))
        if not wanted or wanted.startswith("-"):
            continue
        try:
            requirement = Requirement(wanted)
        except InvalidRequirement as error:
            raise PinError(file, number, wanted) from error
        match list(requirement.specifier):
            case [only] if only.operator == "==" and not only.version.endswith(".*"):
                yield Pin(requirement.name, only.version, file, "".join(comment))
            case _:
                raise PinError(file, number, wanted)


def rows(pins: Sequence[Pin], newest: Mapping[str, str]) -> list[Row]:
    """A row for each version that is pinned and not the newest, by name; two versions of a package are two rows."""
    groups: dict[tuple[str, str], list[Pin]] = {}
    for pin in pins:
        name = canonicalize_name(pin.name)
        if Version(newest[name]) > Version(pin.version):
            groups.setdefault((name, pin.version), []).append(pin)
    files = {pin.file for pin in pins}
    return [
        Row(
            name=group[0].name,
            pinned=version,
            newest=newest[name],
            where=places((pin.file for pin in group), files),
            reason="; ".join(dict.fromkeys(pin.reason for pin in group if pin.reason)),
        )
        for (name, version), group in sorted(groups.items())
    ]


def places(files: Iterable[str], known: Iterable[str]) -> str:
    """Where a pin stands: files of the top folder by name, others by folder, as a shell would write several in short.

    `lambda_src/*` is every folder there that has pins at all; `known` are all files with pins.
    """
    every = _by_folder(known)
    parts = []
    for folder, names in _by_folder(files).items():
        if folder == ".":
            parts += names
        elif len(names) == 1:
            parts.append(f"{folder}/{names[0]}")
        else:
            parts.append(f"{folder}/{'*' if set(names) == set(every[folder]) else '{' + ','.join(names) + '}'}")
    return ", ".join(parts)


def _by_folder(files: Iterable[str]) -> dict[str, list[str]]:
    """Files of the top folder under ".", and the folders of the others under the folder that holds these; sorted."""
    found: dict[str, set[str]] = {}
    for path in map(PurePosixPath, files):
        place = path if path.parent == PurePosixPath() else path.parent
        found.setdefault(place.parent.as_posix(), set()).add(place.name)
    return {folder: sorted(found[folder]) for folder in sorted(found)}


def table(found: Sequence[Row]) -> str:
    """The rows under their headings, in columns."""
    lines = [("package", "pinned", "newest", "where", "reason of the pin")]
    lines += [(row.name, row.pinned, row.newest, row.where, row.reason) for row in found]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def ask_index(names: Sequence[str], python: str) -> dict[str, str]:
    """The newest version of each name that runs on that version of Python; pre-releases only where nothing else is.

    Raises:
        NoAnswerError: the index cannot be reached, or does not know a name; or uv is not installed here.
    """
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "-", "--no-deps", "--no-header"]
    command += ["--no-annotate", "--quiet", "--python", sys.executable, "--python-version", python]
    try:
        done = subprocess.run(
            command, input="\n".join(names), capture_output=True, text=True, check=False, timeout=TIMEOUT
        )
    except FileNotFoundError as error:
        raise NoAnswerError("uv is not in this environment; call `make setup`") from error
    except subprocess.TimeoutExpired as error:
        raise NoAnswerError(f"uv was still waiting after {TIMEOUT} seconds") from error
    if done.returncode:
        if "network was disabled" in done.stderr:
            raise NoAnswerError("uv is told to stay offline (UV_OFFLINE)")
        causes = _CAUSE.findall(done.stderr) or done.stderr.strip().splitlines() or [f"uv ended with {done.returncode}"]
        raise NoAnswerError(causes[-1])
    answer = dict(_ANSWER.findall(done.stdout))
    if missing := [name for name in names if name not in answer]:
        raise NoAnswerError(f"nothing was said about {', '.join(missing)}")
    return answer
