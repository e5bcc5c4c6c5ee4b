"""The table of patches: complete, and in any order. Read from the source, because to import a patch imports ministack."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from local.host.project import PROJECT

PATCHES = PROJECT / "local" / "patches"
APPLICATION = PROJECT / "local" / "launch" / "application.py"
HELPERS = {"__init__", "filter_patterns"}


def table() -> set[str]:
    """The names in the table ``PATCHES``."""
    for node in ast.walk(ast.parse(APPLICATION.read_text("utf-8"))):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "PATCHES" and node.value is not None:
            return {name.id for name in ast.walk(node.value) if isinstance(name, ast.Name)}
    raise AssertionError("application.py has no table PATCHES")


def replaced(path: Path) -> Iterator[tuple[str, str]]:
    """What a patch replaces: (the emulator's module, function or action) and ("", resource type)."""
    tree = ast.parse(path.read_text("utf-8"))
    modules = {
        ast.unparse(node.targets[0]): ast.unparse(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("emulator_module(")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("wrap", "wrap_action"):
                yield modules[ast.unparse(node.args[0])], ast.unparse(node.args[1])
            elif node.func.id == "replace_handler":
                yield "", ast.unparse(node.args[0])


def test_every_patch_is_in_the_table() -> None:
    installed_by_itself = {"functions"}
    modules = {path.stem for path in PATCHES.glob("*.py")} - HELPERS
    assert modules - installed_by_itself <= table()


def test_no_two_patches_replace_the_same_function() -> None:
    """Their order in the table does not matter."""
    patches = defaultdict(list)
    paths = [PROJECT / "local" / "web" / "origin_tls.py", *sorted(PATCHES.glob("*.py"))]
    for path in paths:
        for target in set(replaced(path)):
            patches[target].append(path.stem)
    assert len(patches) > 20
    assert {target: names for target, names in patches.items() if len(names) > 1} == {}
