"""Claims of the docs: commands exist and run, links and paths lead to files, and numbers are those of code and parameters."""

from __future__ import annotations

import fnmatch
import functools
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
import yaml

from tools.openapi.functions import function_module

PROJECT = Path(__file__).parent.parent


def project_files() -> Iterator[str]:
    """Every file of the project; what make and the tools write begins with a dot, or is in build/ or node_modules/."""
    for folder, folders, files in os.walk(PROJECT):
        folders[:] = [name for name in folders if name == ".github" or name[0] not in "._"]
        folders[:] = [
            name for name in folders if name != "node_modules" and (name != "build" or Path(folder) != PROJECT)
        ]
        yield from (Path(folder, name).relative_to(PROJECT).as_posix() for name in files)
    yield from (path.relative_to(PROJECT).as_posix() for path in (PROJECT / ".ci").iterdir())


FILES = frozenset(project_files())
PAGES = sorted(file for file in FILES if file.endswith(".md"))
COMMAND = re.compile(r"`((?:make|python|eval|\.venv/bin)\b[^`]*)`")
# These commands end in seconds, need no account and no network, and leave only files that git ignores.
QUICK = {
    "make",
    "make stale",
    "python -m gate --sarif FILE --junit FILE",
    "python -m tools.openapi",
    'eval "$(.venv/bin/python -m local env)"',
}


def text(page: str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


def commands() -> set[str]:
    fenced = {
        line.split("#")[0].strip() for page in PAGES for line in text(page).splitlines() if line.startswith("make ")
    }
    return fenced | {command for page in PAGES for command in COMMAND.findall(text(page))}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


def test_every_make_target_of_the_docs_exists() -> None:
    named = {words[1] for command in commands() if (words := command.split())[0] == "make" and len(words) > 1}
    assert named > {"demo", "test", "review"}
    assert named <= targets()


def test_every_python_module_of_the_docs_exists() -> None:
    named = {module for command in commands() for module in re.findall(r"python -m ([\w.]+)", command)}
    assert named > {"gate", "deploy", "local"}
    for name in named:
        path = PROJECT / name.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), name


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(QUICK))
def test_quick_commands_of_the_docs_run(command: str, tmp_path: Path) -> None:
    assert command in commands() or command == "make", "no page names this command"
    line = command.replace("FILE", shlex.quote(str(tmp_path / "file")))
    # The command uses this environment, also where it is not .venv, and `make` must not recreate it while tests run in it.
    line = line.replace(".venv/bin/python", "python").replace("python", shlex.quote(sys.executable))
    line = re.sub(
        r"^make\b", f"make -o .venv/.requirements -o .venv/.requirements-dev BIN={Path(sys.executable).parent}", line
    )
    process = subprocess.run(line, shell=True, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    assert process.returncode == 0, process.stdout + process.stderr
    assert "Traceback" not in process.stderr


# A word in backticks is a path if it begins with a folder of the project, or ends as one of its files does.
PATH = re.compile(r"`([\w.*<>-]+(?:/[\w.*<>-]+)*/?)`")
FILE_ENDINGS = (".py", ".md", ".yaml", ".yml", ".json", ".toml", ".sh", ".sql", ".in", ".txt")
# What extending the project will make; a page names it before it exists.
NOT_YET = {"templates/settlement/", "params/settlement/"}


@functools.cache
def anchors(page: str) -> frozenset[str]:
    """The anchors that GitHub gives to a page's headings: lower case, no punctuation, hyphens for blanks."""
    headings = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


@pytest.mark.parametrize("page", PAGES)
def test_links_of_the_docs_lead_somewhere(page: str) -> None:
    folder = (PROJECT / page).parent
    broken = []
    for link, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^):]*))?\)", text(page)):
        target = folder / link if link else PROJECT / page
        if not target.exists() or (anchor and anchor not in anchors(os.path.relpath(target, PROJECT))):
            broken.append(f"{link}#{anchor}")
    assert not broken


def named_paths(page: str) -> set[str]:
    tops = {PurePosixPath(file).parts[0] for file in FILES}
    words = set(PATH.findall(text(page))) - NOT_YET
    below_a_folder = {word for word in words if "/" in word and word.split("/")[0] in tops}
    return below_a_folder | {word for word in words if word.endswith(FILE_ENDINGS) and "<" not in word}


def test_the_readme_has_a_line_for_every_top_level_folder() -> None:
    tops = {PurePosixPath(file).parts[0] for file in FILES if "/" in file and not file.startswith(".")}
    listed = re.findall(r"^\| `([a-z_]+)/` \|", text("README.md"), re.MULTILINE)
    assert len(listed) == len(set(listed)) <= 14
    assert tops == set(listed)


def test_the_readme_can_be_read_at_once() -> None:
    assert len(text("README.md").splitlines()) <= 120


@functools.cache
def files_and_folders() -> frozenset[str]:
    folders = {parent.as_posix() for file in FILES for parent in PurePosixPath(file).parents}
    return FILES | folders


def exists(path: str) -> bool:
    """Whether the path, from the project's root or from the folder that the page is about, leads to a file or folder."""
    pattern = re.sub(r"<[^>]*>|N{4}", "*", path.rstrip("/"))
    top_level = pattern.split("/")[0] in {PurePosixPath(file).parts[0] for file in FILES}
    patterns = (pattern,) if "/" in pattern and top_level else (pattern, f"*/{pattern}")
    return any(fnmatch.filter(files_and_folders(), candidate) for candidate in patterns)


@pytest.mark.parametrize("page", PAGES)
def test_paths_that_the_docs_name_in_backticks_exist(page: str) -> None:
    assert not {path for path in named_paths(page) if not exists(path)}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("docs/openapi.yaml", True),
        ("docs/", True),
        ("params/*/*.json", True),
        ("params/<platform>/dev.json", True),
        ("test_claims.py", True),
        ("docs/gone.md", False),
        ("gone.py", False),
        ("tests/openapi.yaml", False),
    ],
)
def test_a_path_is_looked_for_from_the_root_and_a_file_name_everywhere(path: str, expected: bool) -> None:
    assert exists(path) is expected


@pytest.mark.parametrize(("environment", "claimed"), [("staging", 178), ("prod", 670)])
def test_the_docs_say_how_many_concurrent_executions_are_reserved(environment: str, claimed: int) -> None:
    """The README once claimed several hundred for both."""

    class Loader(yaml.CSafeLoader):
        """CloudFormation's short forms as plain values."""

    def short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None

    Loader.add_multi_constructor("!", short_form)
    parameters = json.loads(text(f"params/trading/{environment}.json"))["Parameters"]
    reserved = 0
    for path in (PROJECT / "templates" / "trading").glob("*.yaml"):
        for resource in yaml.load(path.read_text(encoding="utf-8"), Loader)["Resources"].values():
            choice = resource.get("Properties", {}).get("ReservedConcurrentExecutions")
            if choice:
                reserved += int(parameters[choice[1]])
    assert reserved == claimed
    assert re.search(rf"reserves\s[^;]*\b{claimed}\s+in\s+{environment}\b", text("docs/deploying.md"))


def test_the_walk_for_newcomers_shows_the_number_that_the_template_has() -> None:
    shown = re.findall(r"^ *-( +maxReceiveCount: \d+)$", text("docs/extending.md"), re.MULTILINE)
    assert len(shown) == 1
    assert f"{shown[0]}\n" in text("templates/trading/storage.yaml")


def test_every_decision_is_in_the_table_with_its_title() -> None:
    rows = re.findall(r"^\| \[(\d+)\]\((\S+)\) \| (.+?) \|", text("docs/decisions/README.md"), re.MULTILINE)
    files = sorted((PROJECT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [name for _, name, _ in rows] == [file.name for file in files]
    for number, (shown, name, title) in enumerate(rows, 1):
        lines = text(f"docs/decisions/{name}").splitlines()
        assert lines[0] == f"# {shown}. {title}"
        assert int(shown) == number == int(name[:4])
        headings = [line for line in lines if line.startswith("## ")]
        assert headings == ["## Context", "## Decision", "## Consequences"]


def test_docs_agree_how_soon_a_disabled_key_is_rejected() -> None:
    """The API's description once said a minute, and the functions' page thirty seconds."""
    assert function_module("common.entitlements").CACHE_SECONDS == 30
    assert "gets 403 within 30 seconds" in text("docs/openapi.yaml")
    assert re.search(r"at most 30\s+seconds after its item changed", text("lambda_src/README.md"))
    assert "within a minute. Errors" not in text("docs/openapi.yaml")


def test_what_stale_does_not_compare_is_compared_by_tests() -> None:
    """`make stale` compares templates; the page of commands names what tests compare instead."""
    (row,) = [line for line in text("docs/commands.md").splitlines() if line.startswith("| `make stale`")]
    assert "docs/openapi.yaml and the diagrams are compared by tests" in row
    assert "docs/openapi.yaml" in text("tests/tools/openapi/test_document.py") or "openapi.yaml" in text(
        "tests/tools/openapi/test_document.py"
    )
    assert "def test_docs_show_the_graph_as_it_is" in text("tests/builders/test_generate.py")
