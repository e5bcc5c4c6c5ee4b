"""The commands of generate.py: write templates, compare them with the committed ones, draw the tiers."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builders.assembly import limits
from builders.assembly.emit import Format, as_dict, render
from builders.assembly.root import Assembly, assemble, logical_id
from builders.contract.errors import GenerationError, LimitError
from builders.contract.platform import Platform


@dataclass(frozen=True)
class Emitted:
    """One emitted template: its path below the output folder, its text and its size."""

    path: Path
    text: str
    measure: limits.Measure


def emit(platform: Platform, output: Format) -> list[Emitted]:
    """Emits the templates of a platform.

    Raises:
        LimitError: a template exceeds one of CloudFormation's quotas.
    """
    files = []
    for name, template in assemble(platform, output).templates.items():
        path = Path(platform.name) / f"{name}.{output}"
        plain = as_dict(template)
        text = render(plain, output)
        files.append(Emitted(path, text, limits.measure(str(path), plain, text)))
    excesses = [fault for file in files for fault in file.measure.excesses()]
    if excesses:
        raise LimitError(excesses)
    return files


def write(platforms: Sequence[Platform], out: Path, output: Format, *, quiet: bool = False) -> int:
    """Writes the templates, and deletes those of tiers that no longer exist; returns 0."""
    for platform in platforms:
        files = emit(platform, output)
        folder = out / platform.name
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            _replace(out / file.path, file.text)
        for obsolete_path in _obsolete_paths(folder, files, output):
            obsolete_path.unlink()
        if not quiet:
            _print_report(files)
    return 0


def check(platforms: Sequence[Platform], out: Path, output: Format, *, quiet: bool = False) -> int:
    """Compares the templates with those in the folder; if any differ, prints a unified diff and returns 1."""
    stale = 0
    for platform in platforms:
        files = emit(platform, output)
        for file in files:
            stale += _differs(out / file.path, file.text)
        for obsolete_path in _obsolete_paths(out / platform.name, files, output):
            stale += _differs(obsolete_path, "")
        if not quiet:
            _print_report(files)
    if stale:
        print(f"{stale} template(s) are stale. Run `make templates` and commit the result.", file=sys.stderr)
    return 1 if stale else 0


def graph(platforms: Iterable[Platform], into: Path | None = None) -> int:
    """Prints each platform's tiers and ports as a Mermaid flowchart, or writes them into a file; returns 0.

    Raises:
        GenerationError: the file lacks the markers of a platform.
    """
    for platform in platforms:
        chart = "\n".join(mermaid(assemble(platform, "yaml"))) + "\n"
        if into is None:
            print(chart, end="")
        else:
            _replace(into, _between_markers(into, platform.name, f"```mermaid\n{chart}```\n"))
    return 0


def _between_markers(path: Path, platform: str, block: str) -> str:
    begin, end = f"<!-- graph:{platform} -->\n", f"<!-- /graph:{platform} -->\n"
    text = path.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise GenerationError(
            f"{path} lacks the lines {begin.strip()} and {end.strip()}. Add them where the graph belongs."
        )
    return text.partition(begin)[0] + begin + block + end + text.partition(end)[2]


def mermaid(templates: Assembly) -> Iterator[str]:
    """The lines of a flowchart, with an arrow from each tier that exports ports to each tier that uses them."""
    yield "flowchart LR"
    for tier in templates.uses:
        yield f"    {logical_id(tier)}[{tier}]"
    for user, ports in templates.uses.items():
        by_maker: dict[str, list[str]] = {}
        for port in ports:
            if port in templates.producers:
                by_maker.setdefault(templates.producers[port], []).append(port)
        for maker, names in by_maker.items():
            yield f'    {logical_id(maker)} -- "{"<br/>".join(names)}" --> {logical_id(user)}'


def _obsolete_paths(folder: Path, files: Sequence[Emitted], output: Format) -> list[Path]:
    expected = {file.path.name for file in files}
    return sorted(path for path in folder.glob(f"*.{output}") if path.name not in expected)


def _replace(path: Path, text: str) -> None:
    """Writes the whole file in one step. An unchanged file keeps its modification time."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.replace(temporary, path)


def _differs(path: Path, text: str) -> bool:
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    diff = difflib.unified_diff(
        present.splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"committed/{path.name}",
        f"built/{path.name}",
    )
    lines = list(diff)
    sys.stdout.writelines(lines)
    return bool(lines)


def _print_report(files: Sequence[Emitted]) -> None:
    measures = [file.measure for file in files]
    print(limits.report(measures))
    for measure in measures:
        for advice in measure.advice():
            print(f"advice: {advice}")
