"""What the rules share: the values at a path, and the way in which a rule loads them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gate.catalogue import template_rules
from gate.cli import PROJECT
from gate.rules._values import values

NO_VALUE = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("node", "path", "expected"),
    [
        ({"Key": "a"}, "Key", ["a"]),
        ({"Key": {"Ref": "A"}}, "Key", [{"Ref": "A"}]),
        ({"Outer": {"Key": "a"}}, "Outer.Key", ["a"]),
        ({"Key": {"Fn::If": ["C", "a", {"Fn::If": ["D", "b", NO_VALUE]}]}}, "Key", ["a", "b", None]),
        ({"Outer": {"Fn::If": ["C", {"Key": "a"}, {}]}}, "Outer.Key", ["a", None]),
        ({"List": [{"Key": "a"}, {}]}, "List.*.Key", ["a", None]),
        ({"List": [{"Fn::If": ["C", {"Key": "a"}, NO_VALUE]}]}, "List.*.Key", ["a", None]),
        ({"List": []}, "List.*.Key", [None]),
        ({}, "List.*", [None]),
        ({"Key": ["a", "b"]}, "Key", [["a", "b"]]),
        ({"Fn::If": ["C", "a", "b"]}, "", ["a", "b"]),
        ("a", "Key", [None]),
        (None, "Key", [None]),
    ],
)
def test_values_at_a_path(node: Any, path: str, expected: list[Any]) -> None:
    assert list(values(node, path)) == expected


def test_rules_load_by_their_paths_alone(tmp_path: Path) -> None:
    """As cfn-lint loads them in an editor: the project is not on the path."""
    code = (
        "import sys; from cfnlint.helpers import load_plugins; print(*(rule.id for rule in load_plugins(sys.argv[1])))"
    )
    command = [sys.executable, "-I", "-c", code, str(PROJECT / "gate" / "rules")]
    loaded = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert sorted(loaded.stdout.split()) == [entry.code for entry in template_rules() if entry.file.endswith(".py")]
