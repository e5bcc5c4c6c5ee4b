"""``python -m tools.outdated`` lists the pins of all requirements.in files that have a newer version.

It is a list and no check, and changes nothing. The exit code is 0 if the list could be made, whatever is in it, and else 2.

uv asks the index for all names in one call, ``uv pip compile --no-deps`` over names without versions, which takes half a
second for 29 names. ``pip index versions`` takes as long for one name and calls itself experimental. ``uv pip list
--outdated`` knows only what is installed here, not what a function pins for itself. This module does not read an index, and
does not pick the newest of many versions.
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
UV_TIMEOUT_SECONDS = 120  # uv gives up much sooner if the index does not answer
_COMMENT = re.compile(r"(?:^|\s+)#\s*")
_ANSWER = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
_CAUSE = re.compile(r"^\s*cause: (?:Because )?(.*?)(?: and you require .*)?$", re.MULTILINE)

AskIndex = Callable[[Sequence[str], str], Mapping[str, str]]
"""(canonical names, version of Python) → the newest version of each name that runs on that Python."""


class OutdatedError(Exception):
    """The list could not be made. The message is one sentence with the reason."""


class PinError(OutdatedError):
    """A line of a requirements.in is not an exact pin."""

    def __init__(self, file: str, line: int, text: str) -> None:
        self.file = file
        self.line = line
        self.text = text
        super().__init__(
            f"{file}:{line}: {text!r} is not an exact pin: write name==version, and the reason behind a #."
        )


class NoAnswerError(OutdatedError):
    """The index gave no answer about the newest versions."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(f"The package index gave no answer: {detail.rstrip('.')}.")


@dataclass(frozen=True)
class Pin:
    """An exact version in a file.

    Attributes:
        name: As in the file, without extras.
        version: The version.
        file: The path below the project.
        reason: The comment behind the pin; empty without a comment.
    """

    name: str
    version: str
    file: str
    reason: str


@dataclass(frozen=True)
class OutdatedPin:
    """A version that is pinned although a newer one exists.

    Attributes:
        name: As in the first file.
        pinned: The pinned version.
        newest: The newest version.
        where: All files with this pin.
        reason: The reasons of all these pins.
    """

    name: str
    pinned: str
    newest: str
    where: str
    reason: str


def main(argv: Sequence[str] | None = None, root: Path = PROJECT, ask: AskIndex | None = None) -> int:
    """Print the list and return the exit code. ``ask`` is ``ask_index`` except in tests."""
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
    outdated = outdated_pins(pins, newest)
    count = len({(canonicalize_name(pin.name), pin.version) for pin in pins})
    if outdated:
        print(table(outdated))
        print(f"\n{len(outdated)} of {count} pins have a newer version that runs on Python {python}.", end=" ")
        print("Change a pin in each file that is named, then call `make lock`.")
    else:
        print(f"None of {count} pins has a newer version that runs on Python {python}.")
    return 0


def oldest_python(root: Path) -> str:
    """The oldest version of Python that the project supports, by pyproject.toml ("3.11").

    Raises:
        OutdatedError: pyproject.toml names none.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = re.match(r">=\s*(\d+\.\d+)", project["requires-python"])
    if oldest is None:
        raise OutdatedError("pyproject.toml: requires-python does not begin with the oldest version (>=3.11).")
    return oldest[1]


def read_pins(root: Path) -> list[Pin]:
    """Read all pins: the project's own first, then each function's and each service's.

    Raises:
        PinError: A line is not an exact version.
    """
    files = [path for place in PLACES for path in sorted(root.glob(place))]
    return [pin for path in files for pin in parse(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())]


def parse(text: str, file: str) -> Iterator[Pin]:
    """Yield the pins of one file. Options (``-r``, ``-c``) are skipped, because the file that they name is read separately.

    Raises:
        PinError: A line is not an exact version.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        pinned, *comment = (part.strip() for part in _COMMENT.split(line, maxsplit=1))
        if not pinned or pinned.startswith("-"):
            continue
        try:
            requirement = Requirement(pinned)
        except InvalidRequirement as error:
            raise PinError(file, number, pinned) from error
        match list(requirement.specifier):
            case [only] if only.operator == "==" and not only.version.endswith(".*"):
                yield Pin(requirement.name, only.version, file, "".join(comment))
            case _:
                raise PinError(file, number, pinned)


def outdated_pins(pins: Sequence[Pin], newest: Mapping[str, str]) -> list[OutdatedPin]:
    """The pinned versions that are not the newest, by name. Two versions of a package count as two."""
    groups: dict[tuple[str, str], list[Pin]] = {}
    for pin in pins:
        name = canonicalize_name(pin.name)
        if Version(newest[name]) > Version(pin.version):
            groups.setdefault((name, pin.version), []).append(pin)
    files = {pin.file for pin in pins}
    return [
        OutdatedPin(
            name=group[0].name,
            pinned=version,
            newest=newest[name],
            where=places((pin.file for pin in group), files),
            reason="; ".join(dict.fromkeys(pin.reason for pin in group if pin.reason)),
        )
        for (name, version), group in sorted(groups.items())
    ]


def places(files: Iterable[str], all_files: Iterable[str]) -> str:
    """The files of a pin in short, as a shell writes them: those of the top folder by name, others by folder.

    Args:
        files: The files with the pin.
        all_files: All files with pins. ``lambda_src/*`` means all folders there that have pins.
    """
    all_names = _by_folder(all_files)
    parts = []
    for folder, names in _by_folder(files).items():
        if folder == ".":
            parts += names
        elif len(names) == 1:
            parts.append(f"{folder}/{names[0]}")
        else:
            parts.append(f"{folder}/{'*' if set(names) == set(all_names[folder]) else '{' + ','.join(names) + '}'}")
    return ", ".join(parts)


def _by_folder(files: Iterable[str]) -> dict[str, list[str]]:
    """The files of the top folder under ".", and the folders of other files under their parent folder; sorted."""
    names: dict[str, set[str]] = {}
    for path in map(PurePosixPath, files):
        place = path if path.parent == PurePosixPath() else path.parent
        names.setdefault(place.parent.as_posix(), set()).add(place.name)
    return {folder: sorted(names[folder]) for folder in sorted(names)}


def table(pins: Sequence[OutdatedPin]) -> str:
    """The pins as a table with headings."""
    lines = [("package", "pinned", "newest", "where", "reason of the pin")]
    lines += [(pin.name, pin.pinned, pin.newest, pin.where, pin.reason) for pin in pins]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def ask_index(names: Sequence[str], python: str) -> dict[str, str]:
    """Ask for the newest version of each name that runs on a version of Python. Pre-releases count only if no release exists.

    Raises:
        NoAnswerError: The index cannot be reached or does not know a name, or uv is not installed here.
    """
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "-", "--no-deps", "--no-header"]
    command += ["--no-annotate", "--quiet", "--python", sys.executable, "--python-version", python]
    try:
        result = subprocess.run(
            command, input="\n".join(names), capture_output=True, text=True, check=False, timeout=UV_TIMEOUT_SECONDS
        )
    except FileNotFoundError as error:
        raise NoAnswerError("uv is not in this environment; call `make setup`") from error
    except subprocess.TimeoutExpired as error:
        raise NoAnswerError(f"uv was still waiting after {UV_TIMEOUT_SECONDS} seconds") from error
    if result.returncode:
        if "network was disabled" in result.stderr:
            raise NoAnswerError("UV_OFFLINE makes uv stay offline")
        causes = (
            _CAUSE.findall(result.stderr)
            or result.stderr.strip().splitlines()
            or [f"uv ended with {result.returncode}"]
        )
        raise NoAnswerError(causes[-1])
    answer = dict(_ANSWER.findall(result.stdout))
    if missing := [name for name in names if name not in answer]:
        raise NoAnswerError(f"uv has no version of {', '.join(missing)}")
    return answer
