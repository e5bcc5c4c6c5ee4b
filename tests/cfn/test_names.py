"""The table of the properties that name resources, against the resource schemas that cfn-lint carries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from cfn.names import NAMINGS, value_at
from cfn.templates import parse
from cfn.types import is_custom

TEMPLATES = Path(__file__).parents[2] / "templates"
TYPES_IN_USE = sorted(
    {
        resource["Type"]
        for file in TEMPLATES.rglob("*.yaml")
        for resource in parse(file.read_text("utf-8"), file.name)["Resources"].values()
        if not is_custom(resource["Type"])
    }
)
# A service composes the name of the role, and this property is its end.
OTHER_WORDS = {"AWS::IAM::ServiceLinkedRole": ["CustomSuffix"]}


@cache
def schema(resource_type: str) -> Mapping[str, Any]:
    content: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    return content


def members(resource_type: str, node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of an object, also where the schema defines it elsewhere."""
    definition = node.get("$ref", "").rpartition("/")[2]
    properties: Mapping[str, Any] = (schema(resource_type)["definitions"][definition] if definition else node).get(
        "properties", {}
    )
    return properties


def naming_properties(resource_type: str) -> Iterator[str]:
    """The properties that name a resource, by AWS's conventions.

    A resource has a ``Name``, or a name or identifier after the end of its type: ``AWS::Logs::MetricFilter`` has a
    ``FilterName``. Some types have their properties in one object: ``CachePolicyConfig``.
    """
    last = resource_type.rpartition("::")[2]
    read_only = {path.removeprefix("/properties/") for path in schema(resource_type).get("readOnlyProperties", ())}
    for name, node in members(resource_type, schema(resource_type)).items():
        if name not in read_only and _names(name, last):
            yield name
        if re.fullmatch(f"{last}(Config|Input)?", name):
            yield from (f"{name}/{member}" for member in members(resource_type, node) if _names(member, last))


def _names(property_name: str, last: str) -> bool:
    word = re.fullmatch("(?P<stem>.*)(Name|Identifier)", property_name)
    return word is not None and last.endswith(word["stem"])


def test_convention_finds_names_and_no_references_to_other_resources() -> None:
    assert list(naming_properties("AWS::CloudWatch::CompositeAlarm")) == ["AlarmName"]
    assert list(naming_properties("AWS::CloudFront::CachePolicy")) == ["CachePolicyConfig/Name"]
    assert sorted(naming_properties("AWS::Glue::Database")) == ["DatabaseInput/Name", "DatabaseName"]
    assert list(naming_properties("AWS::RDS::DBInstance")) == ["DBInstanceIdentifier"]
    assert list(naming_properties("AWS::Lambda::EventSourceMapping")) == []


@pytest.mark.parametrize("resource_type", TYPES_IN_USE)
def test_table_has_every_property_that_names_a_resource_of_the_platforms(resource_type: str) -> None:
    naming = NAMINGS.get(resource_type)
    expected = OTHER_WORDS.get(resource_type) or list(naming_properties(resource_type))
    assert sorted(naming.paths if naming else ()) == sorted(expected)


@pytest.mark.parametrize("resource_type", NAMINGS)
def test_schema_has_the_properties_of_the_table(resource_type: str) -> None:
    naming = NAMINGS[resource_type]
    for path in filter(None, (*naming.paths, naming.within)):
        node: Mapping[str, Any] = schema(resource_type)
        for step in path.split("/"):
            node = members(resource_type, node)[step]


@pytest.mark.parametrize("resource_type", [kind for kind in TYPES_IN_USE if kind in NAMINGS])
def test_property_that_identifies_the_resource_is_the_first(resource_type: str) -> None:
    """A change of that property replaces the resource, so the review looks at it before the others."""
    first, *others = NAMINGS[resource_type].paths
    identifier = schema(resource_type)["primaryIdentifier"]
    assert f"/properties/{first}" in identifier or not any(f"/properties/{path}" in identifier for path in others)


def test_name_inside_another_resource_is_identified_together_with_it() -> None:
    """So two metric filters of two log groups may share a name."""
    for resource_type, naming in NAMINGS.items():
        if naming.within:
            assert f"/properties/{naming.within}" in schema(resource_type)["primaryIdentifier"], resource_type


def test_table_is_sorted() -> None:
    assert list(NAMINGS) == sorted(NAMINGS)


@pytest.mark.parametrize(
    ("path", "value"), [("Name", "a"), ("Config/Name", "b"), ("Config/Other", None), ("Name/Other", None)]
)
def test_value_at(path: str, value: str | None) -> None:
    assert value_at({"Name": "a", "Config": {"Name": "b"}}, path) == value
    assert value_at(None, path) is None
