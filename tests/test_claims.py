"""What the docs say: commands exist and run, files are there, numbers are those of the code and the parameters."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from common import entitlements

PROJECT = Path(__file__).parent.parent
PAGES = sorted(
    path.relative_to(PROJECT).as_posix()
    for pattern in ("*.md", "docs/*.md", "lambda_src/README.md", "web_src/README.md", ".github/*.md")
    for path in PROJECT.glob(pattern)
)
COMMAND = re.compile(r"`((?:make|python|eval|\.venv/bin)\b[^`]*)`")
# Those that end in seconds, need no account and no network, and leave nothing behind but what git ignores.
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
    named = {found for command in commands() for found in re.findall(r"python -m ([\w.]+)", command)}
    assert named > {"gate", "deploy", "local"}
    for name in named:
        path = PROJECT / name.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), name


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(QUICK))
def test_quick_commands_of_the_docs_run(command: str, tmp_path: Path) -> None:
    assert command in commands() or command == "make", "no page names it any more"
    line = command.replace("FILE", shlex.quote(str(tmp_path / "file")))
    # The same environment, also where it is not .venv; and no `make` may make it anew while tests run in it.
    line = line.replace(".venv/bin/python", "python").replace("python", shlex.quote(sys.executable))
    line = re.sub(
        r"^make\b", f"make -o .venv/.requirements -o .venv/.requirements-dev BIN={Path(sys.executable).parent}", line
    )
    done = subprocess.run(line, shell=True, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_links_of_the_docs_lead_somewhere() -> None:
    for page in PAGES:
        folder = (PROJECT / page).parent
        linked = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text(page))
        assert not [link for link in linked if not (folder / link).exists()], page


@pytest.mark.parametrize(("environment", "claimed"), [("staging", 178), ("prod", 670)])
def test_the_readme_says_how_many_concurrent_executions_are_reserved(environment: str, claimed: int) -> None:
    """It said several hundred of both."""

    class Loader(yaml.CSafeLoader):
        """CloudFormation's short forms as plain values."""

    def short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None

    Loader.add_multi_constructor("!", short_form)
    given = json.loads(text(f"params/trading/{environment}.json"))["Parameters"]
    reserved = 0
    for path in (PROJECT / "templates" / "trading").glob("*.yaml"):
        for resource in yaml.load(path.read_text(encoding="utf-8"), Loader)["Resources"].values():
            choice = resource.get("Properties", {}).get("ReservedConcurrentExecutions")
            if choice:
                reserved += int(given[choice[1]])
    assert reserved == claimed
    assert str(claimed) in text("README.md")


def test_docs_agree_how_soon_a_disabled_key_is_refused() -> None:
    """The API's description said a minute, the functions' page thirty seconds."""
    assert entitlements.CACHE_SECONDS == 30
    assert "gets 403 within 30 seconds" in text("docs/openapi.yaml")
    assert re.search(r"at most 30\s+seconds after its item changed", text("lambda_src/README.md"))
    assert "within a minute. Errors" not in text("docs/openapi.yaml")


def test_what_stale_does_not_compare_is_compared_by_tests() -> None:
    """`make stale` is about templates; the README names what tests hold instead."""
    (row,) = [line for line in text("README.md").splitlines() if line.startswith("| `make stale`")]
    assert "docs/openapi.yaml and the diagrams are compared by tests" in row
    assert "docs/openapi.yaml" in text("tests/tools/openapi/test_document.py") or "openapi.yaml" in text(
        "tests/tools/openapi/test_document.py"
    )
    assert "def test_docs_show_the_graph_as_it_is" in text("tests/builders/test_generate.py")
