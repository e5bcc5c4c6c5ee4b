"""The table is complete: each row has its test, and each type and call that we use has its row."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.local.conformance.support.tables import TABLES, all_rows
from tests.local.conformance.support.usage import BEYOND_OPERATIONS, used_calls, used_types

FOLDER = Path(__file__).parent
FEWEST_ROWS = 150
LEAST_SHARE = 0.95


def names_of_tests() -> list[str]:
    """The names of the test functions beside this module."""
    modules = [path for path in sorted(FOLDER.glob("test_*.py")) if path != Path(__file__)]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in modules]
    return [
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_each_row_has_one_test_and_each_test_a_row() -> None:
    testable = {f"test_{row.id}" for row in all_rows() if row.difference is None or not row.difference.untestable}
    tests = Counter(names_of_tests())
    assert set(tests) == testable
    assert [name for name, count in tests.items() if count > 1] == []


def test_each_row_has_an_id_of_its_own_and_a_source() -> None:
    ids = Counter(row.id for row in all_rows())
    assert [name for name, count in ids.items() if count > 1] == []
    strange = [
        row.id for row in all_rows() if not re.match(r"https://(docs\.aws\.amazon\.com|github\.com)/\S+$", row.source)
    ]
    assert strange == []


def test_each_behaviour_is_a_sentence_or_two() -> None:
    assert [row.id for row in all_rows() if not row.behaviour.endswith(".")] == []
    said = [
        text for row in all_rows() if row.difference for text in (row.difference.emulator, row.difference.conclusion)
    ]
    assert [text for text in said if not text.endswith(".")] == []


def test_each_resource_type_of_the_templates_has_a_row() -> None:
    covered = {name for row in all_rows() for name in row.types}
    assert sorted(used_types() - covered) == [], "add a row for each, from AWS's documentation, before you test it"


def test_each_call_of_the_code_has_a_row() -> None:
    covered = {name for row in all_rows() for name in row.calls}
    missing = [method for method, names in sorted(used_calls().items()) if not names & covered]
    assert missing == [], "add a row for each, from AWS's documentation, before you test it"


@pytest.mark.parametrize("method", ["create_change_set", "list_object_versions", "put_item", *BEYOND_OPERATIONS])
def test_calls_are_found_where_they_are_made(method: str) -> None:
    assert method in used_calls()


def test_types_are_found_in_both_platforms() -> None:
    assert {"AWS::ApiGateway::Stage", "AWS::CloudFront::Distribution", "Custom::EmptyBucket"} <= used_types()


def test_enough_rows_pass() -> None:
    rows = all_rows()
    differing = [row.id for row in rows if row.difference is not None]
    assert len(rows) >= FEWEST_ROWS
    assert 1 - len(differing) / len(rows) >= LEAST_SHARE, f"{len(differing)} of {len(rows)} differ: {differing}"
    assert [table.subject for table in TABLES if not table.rows] == []
