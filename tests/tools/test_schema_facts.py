"""The facts are those of the installed cfn-lint, and few schemas make few lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from review.resource_types.schema_facts import FILE
from tools import schema_facts

SCHEMA: dict[str, Any] = {
    "typeName": "AWS::X::Y",
    "properties": {
        "Name": {"type": "string"},
        "Rules": {"type": "array", "insertionOrder": False, "items": {"$ref": "#/definitions/Rule"}},
        "Steps": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
        "Either": {
            "oneOf": [
                {"type": "array", "insertionOrder": False, "items": {"type": "string"}},
                {"type": "array", "items": {"type": "integer"}},
            ]
        },
        "Tags": {"type": "array", "items": {"type": "object"}},
    },
    "definitions": {
        "Rule": {
            "type": "object",
            "properties": {
                "Ports": {"type": "array", "insertionOrder": False, "items": {"type": "string"}},
                "Rules": {"type": "array", "insertionOrder": False, "items": {"$ref": "#/definitions/Rule"}},
            },
        },
    },
    "tagging": {"taggable": True, "tagProperty": "/properties/Tags"},
    "createOnlyProperties": ["/properties/Name", "/properties/Rules/*/Ports"],
    "readOnlyProperties": ["/properties/Id"],
    "primaryIdentifier": ["/properties/Id"],
}


def made(*schemas: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    facts: dict[str, dict[str, list[str]]] = json.loads(schema_facts.text(schemas))
    return facts


def test_committed_facts_are_those_of_the_installed_cfn_lint() -> None:
    text = schema_facts.text(schema_facts.installed_schemas())
    assert FILE.read_text(encoding="utf-8") == text, "call `make templates`"


def test_facts_of_one_schema() -> None:
    assert made(SCHEMA) == {
        "AWS::X::Y": {
            "create_only": ["Name", "Rules/Ports"],
            "read_only": ["Id"],
            "primary_identifier": ["Id"],
            "unordered": ["Rules", "Rules/Ports", "Rules/Rules", "Tags"],
        }
    }


def test_facts_do_not_depend_on_the_order_of_the_schemas() -> None:
    other = {**SCHEMA, "typeName": "AWS::A::B"}
    assert schema_facts.text([SCHEMA, other]) == schema_facts.text([other, SCHEMA])


def test_type_that_differs_by_region_has_the_strictest_facts() -> None:
    elsewhere = {"typeName": "AWS::X::Y", "createOnlyProperties": ["/properties/Steps"], "properties": {}}
    for schemas in ([SCHEMA, elsewhere], [elsewhere, SCHEMA]):
        facts = made(*schemas)["AWS::X::Y"]
        assert facts["create_only"] == ["Name", "Rules/Ports", "Steps"]
        assert "unordered" not in facts


def test_schemas_of_cfn_lint_are_the_same_in_all_regions() -> None:
    """If this changes, the docstring of ``review.resource_types.schema_facts`` and the strictest facts need a second look."""
    types = [schema["typeName"] for schema in schema_facts.installed_schemas()]
    assert len(types) == len(set(types))


def test_pointer_outside_of_the_properties_is_an_error() -> None:
    with pytest.raises(ValueError, match="/definitions/A"):
        made({"typeName": "AWS::X::Y", "createOnlyProperties": ["/definitions/A"]})
