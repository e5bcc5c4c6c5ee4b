"""Hooks before a commit, updates of dependencies, settings of editors and texts for GitHub."""

from __future__ import annotations

import configparser
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gate.cli import PROJECT
from gate.parameters import find_parameter_files
from gate.templates import find_templates
from tools.outdated import Pin, read_pins

HOOKS = PROJECT / ".pre-commit-config.yaml"
RENOVATE = PROJECT / "renovate.json"


@functools.cache
def own_files() -> frozenset[str]:
    """Returns the paths of all files, as git prints them.

    Skips build/, node_modules/ and folders that begin with a dot, which git ignores.
    """
    paths: set[str] = set()
    for folder, folders, files in os.walk(PROJECT):
        top = Path(folder) == PROJECT
        folders[:] = [name for name in folders if name == ".github" or not name.startswith((".", "__pycache__"))]
        folders[:] = [name for name in folders if name != "node_modules" and not (top and name == "build")]
        paths.update(Path(folder, name).relative_to(PROJECT).as_posix() for name in files)
    return frozenset(paths)


# --- Hooks before a commit -----------------------------------------------------------------------------------------------


def hooks() -> dict[str, dict[str, Any]]:
    (repository,) = yaml.safe_load(HOOKS.read_text())["repos"]
    assert repository["repo"] == "local", "the locks do not set the version of a hook from another repository"
    return {hook["id"]: hook for hook in repository["hooks"]}


def entry(name: str) -> list[str]:
    return str(hooks()[name]["entry"]).split()


def triggers(name: str) -> set[str]:
    """Returns the project's files whose change makes a hook run."""
    return {path for path in own_files() if re.search(hooks()[name]["files"], path)}


def call(name: str, *more: str | Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = entry(name)
    here = Path(sys.executable).with_name(Path(program).name)
    return subprocess.run([here, *arguments, *map(str, more)], cwd=PROJECT, capture_output=True, text=True, check=False)


def test_hooks_are_the_projects_own_commands() -> None:
    """Each hook runs a command of a make target, in the same environment."""
    assert set(hooks()) == {"format", "lint", "stale", "gate"}
    makefile = (PROJECT / "Makefile").read_text()
    for name, hook in hooks().items():
        assert hook["language"] == "system"
        program, *arguments = entry(name)
        assert program.startswith(".venv/bin/")
        assert Path(sys.executable).with_name(program.removeprefix(".venv/bin/")).is_file()
        words = " ".join(argument for argument in arguments if argument != "--force-exclude")
        assert f"$(BIN)/{program.removeprefix('.venv/bin/')} {words}" in makefile, name


def test_hooks_of_ruff_run_for_every_python_file_and_no_other() -> None:
    python = {path for path in own_files() if path.endswith(".py")}
    assert "tests/gate/test_habits.py" in python
    assert triggers("format") == triggers("lint") == python


WATCH = """
import os, runpy, sys
sys.dont_write_bytecode = True
sys.path.insert(0, os.getcwd())
opened = set()
sys.addaudithook(lambda event, args: opened.add(args[0]) if event == "open" and isinstance(args[0], str) else None)
sys.argv = ["generate.py", "--check", "--quiet", "--out", sys.argv[1]]
try:
    runpy.run_path("generate.py", run_name="__main__")
except SystemExit:
    pass
modules = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print("generate.py", *(os.path.relpath(os.path.abspath(path)) for path in [*opened, *modules] if path), sep="\\n")
"""


@pytest.mark.slow
def test_stale_hook_runs_for_every_file_that_generation_reads(tmp_path: Path) -> None:
    """The API's model comes from lambda_src/common/schema.py, and instances boot with builders/transactions/boot.sh."""
    run = subprocess.run(
        [sys.executable, "-c", WATCH, tmp_path], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    read = set(run.stdout.splitlines()) & own_files()
    assert {
        "generate.py",
        "builders/transactions/boot.sh",
        "builders/trading/platform.py",
        "lambda_src/common/schema.py",
    } <= read
    outputs = {path for path in own_files() if path.startswith("templates/")}
    assert read | outputs <= triggers("stale")
    beside = {path for path in own_files() if path.startswith("builders/")}
    assert triggers("stale") <= read | outputs | beside, "the hook runs for a file that generation does not read"


@pytest.mark.slow
def test_gate_hook_runs_for_every_file_that_the_gate_reads() -> None:
    templates = find_templates(PROJECT, ["templates"])
    parameters = find_parameter_files(PROJECT, "params", templates)
    read = {template.name for template in templates} | {file.name for file in parameters} | {".cfnlintrc"}
    own = {path for path in own_files() if path.startswith(("gate/", "cfn/")) and path.endswith((".py", ".json"))}
    settings = {path for path in own_files() if re.fullmatch(r"params/\w+/deployment\.json", path)}
    assert read | own <= triggers("gate")
    assert triggers("gate") <= read | own | settings


def test_hooks_of_ruff_stop_a_commit(tmp_path: Path) -> None:
    """pre-commit stops if a hook fails or changes a file. Formatting changes the file."""
    module = tmp_path / "module.py"
    module.write_text('"""A module."""\n\n' + "import os\nx = { 'a':1 }\n")
    assert call("lint", module).returncode == 1
    assert call("format", module).returncode == 0
    assert module.read_text() == '"""A module."""\n\nimport os\n\nx = {"a": 1}\n'
    module.write_text('"""A module."""\n\nx = {"a": 1}\n')
    assert call("lint", module).returncode == 0


@pytest.mark.slow
def test_stale_hook_stops_a_commit(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "generate.py", "--quiet", "--out", tmp_path], cwd=PROJECT, check=True)
    assert call("stale", "--out", tmp_path).returncode == 0
    root = tmp_path / "trading" / "root.yaml"
    root.write_text(root.read_text().replace("Description:", "Description: by hand,", 1))
    stopped = call("stale", "--out", tmp_path)
    assert stopped.returncode == 1
    assert "make templates" in stopped.stderr


@pytest.mark.slow
def test_gate_hook_stops_a_commit(tmp_path: Path) -> None:
    """Uses ``--fast``. The tests of the gate cover cfn-lint, which takes half a minute on a first run."""
    for name in (".cfnlintrc", "templates/trading", "params/trading"):
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy(PROJECT / name, tmp_path / name)
    quick = ("--root", tmp_path, "--fast", "--no-cache")
    assert call("gate", *quick).returncode == 0
    dev = tmp_path / "params" / "trading" / "dev.json"
    dev.write_text(dev.read_text().replace('"EnvironmentSuffix": "dev"', '"EnvironmentSuffix": "DEV"'))
    stopped = call("gate", *quick)
    assert stopped.returncode == 1
    assert "EnvironmentSuffix" in stopped.stdout


# --- Updates of dependencies ---------------------------------------------------------------------------------------------


def renovate() -> dict[str, Any]:
    return dict(json.loads(RENOVATE.read_text()))


def updated(path: str) -> bool:
    """Whether Renovate updates a file: a pattern of its manager of requirements matches, and no ignored path does."""
    globs = [re.escape(glob).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*") for glob in renovate()["ignorePaths"]]
    patterns = [pattern.strip("/") for pattern in renovate()["pip_requirements"]["managerFilePatterns"]]
    fits = any(re.search(pattern, path) for pattern in patterns)
    return fits and not any(re.fullmatch(glob, path) for glob in globs)


def rules() -> list[dict[str, Any]]:
    return list(renovate()["packageRules"])


def test_renovate_updates_every_folder_with_pins_and_new_folders() -> None:
    pinning = {pin.file for pin in read_pins(PROJECT)}
    assert {"requirements.in", "lambda_src/process/requirements.in", "web_src/payments/requirements.in"} <= pinning
    assert {path for path in own_files() if updated(path)} >= pinning
    assert updated("lambda_src/made_tomorrow/requirements.in")
    assert set(renovate()["enabledManagers"]) == {"github-actions", "pip_requirements"}


def test_renovate_ignores_locks() -> None:
    """Renovate's default pattern includes requirements.txt. Renovate would lock for its own machine, not for Lambda's."""
    locks = {path for path in own_files() if re.search(r"(^|/)requirements[^/]*\.txt$", path)}
    assert len(locks) > 10
    assert not {path for path in locks if updated(path)}
    assert renovate()["ignorePaths"] == ["**/requirements*.txt"]


def test_pins_and_locks_have_the_same_versions() -> None:
    """A pull request of Renovate fails here until a developer calls ``make lock``."""
    for pin in read_pins(PROJECT):
        lock = (PROJECT / pin.file).with_suffix(".txt")
        lock = lock if lock.is_file() else lock.with_name("requirements.txt")
        locked = dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE))
        assert locked.get(canonicalize_name(pin.name)) == pin.version, f"{pin.file}: {pin.name}; call `make lock`"


def pins_of(rule: dict[str, Any]) -> list[Pin]:
    return [pin for pin in read_pins(PROJECT) if canonicalize_name(pin.name) in rule["matchPackageNames"]]


def test_every_rule_of_renovate_has_a_reason_and_names_only_pinned_packages() -> None:
    names = {canonicalize_name(pin.name) for pin in read_pins(PROJECT)}
    for rule in rules():
        assert len(rule["description"]) > 20
        assert set(rule.get("matchPackageNames", ())) <= names


def test_packages_that_renovate_holds_back_have_a_reason_at_their_pin() -> None:
    """The test fails for a held-back package that no requirements.in pins, or whose pin has no reason."""
    held = [rule for rule in rules() if rule.keys() & {"allowedVersions", "dependencyDashboardApproval", "enabled"}]
    names = {name for rule in held for name in rule["matchPackageNames"]}
    assert names == {"troposphere", "boto3", "botocore", "ministack"}
    reasons = {canonicalize_name(pin.name): pin.reason for rule in held for pin in pins_of(rule) if pin.reason}
    assert reasons.keys() == names


def test_boto3_has_the_version_that_the_emulator_requires() -> None:
    """Renovate holds boto3 back because ministack requires one version of botocore, whose versions boto3 shares."""
    from importlib.metadata import requires, version

    named = [Requirement(line) for line in requires("ministack") or () if line.startswith("botocore")]
    assert [str(requirement.specifier) for requirement in named] == [f"=={version('botocore')}"]
    assert version("boto3") == version("botocore")


def test_renovate_skips_only_the_broken_version_of_troposphere() -> None:
    """4.11.1 lost two properties that the builders set. Renovate tries every later version."""
    (rule,) = [rule for rule in rules() if rule.get("matchPackageNames") == ["troposphere"]]
    pattern = re.fullmatch(r"!/(.+)/", rule["allowedVersions"])
    assert pattern is not None
    assert [version for version in ("4.11.0", "4.11.1", "4.11.2", "4.12.0") if re.search(pattern[1], version)] == [
        "4.11.1"
    ]


# --- Editors and GitHub --------------------------------------------------------------------------------------------------


def test_editorconfig_agrees_with_the_format_of_ruff() -> None:
    parser = configparser.ConfigParser()
    parser.read_string("[top]\n" + (PROJECT / ".editorconfig").read_text())
    ruff = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["ruff"]
    assert parser["*.py"]["max_line_length"] == str(ruff["line-length"])
    assert parser["*.py"]["indent_size"] == "4"
    assert parser["Makefile"]["indent_style"] == "tab"


def test_files_follow_the_editorconfig() -> None:
    """Lines end in a line feed without blanks before it, and only the Makefile has tabs."""
    ours = {".py", ".yaml", ".yml", ".json", ".md", ".toml", ".sql", ".sh", ".in", ".txt"}
    for path in sorted(own_files()):
        content = (PROJECT / path).read_bytes()
        if not content or "/data/" in path or not (Path(path).suffix in ours or path == "Makefile"):
            continue
        assert b"\r" not in content, path
        assert content.endswith(b"\n"), path
        assert not re.search(rb"[ \t]\n", content), path
        assert path == "Makefile" or path.endswith(".py") or b"\t" not in content, path
        if path.endswith((".json", ".yaml", ".yml")):
            assert not re.search(rb"^(?:  )* (?! )\S", content, re.MULTILINE), f"{path}: an odd number of blanks"


TEXTS = ("SECURITY.md", ".github/pull_request_template.md", ".pre-commit-config.yaml", "renovate.json")


@pytest.mark.parametrize("name", TEXTS)
def test_texts_name_commands_and_files_that_exist(name: str) -> None:
    text = (PROJECT / name).read_text()
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"`make ([\w-]+)", text))
    assert not {target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)}
    assert not [link for link in re.findall(r"\]\(([^):]+)\)", text) if not (PROJECT / link).exists()]


def test_security_policy_names_no_invented_address() -> None:
    text = (PROJECT / "SECURITY.md").read_text()
    assert "@" not in text
    assert "Report a vulnerability" in text
    assert {"## Reporting a vulnerability", "## Versions", "## In scope", "## Out of scope"} <= set(text.splitlines())
