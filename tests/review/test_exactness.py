"""The review hides nothing: applied to the older set, its JSON gives the newer one, for any random edit."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cfn.marks import State
from cfn.resolve import NO_VALUE, Scope
from cfn.templates import CommittedTemplates, Template, parse
from review.comparison.attributes import property_of
from review.comparison.difference import Difference, Kind
from review.formats.document import review_document
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan
from tests.review.support.edits import edited
from tests.review.support.patch import apply, meaning

pytestmark = pytest.mark.requirement("REV-1")

TEMPLATES = sorted((Path(__file__).parents[2] / "templates").rglob("*.yaml"))
SECTIONS = {
    "Output": "Outputs",
    "Parameter": "Parameters",
    "Condition": "Conditions",
    "Mapping": "Mappings",
    "Rule": "Rules",
}
SAMPLE, ALL = 4, 40  # edits of each template


def side(document: Mapping[str, Any]) -> Side:
    text = json.dumps(document)
    template = Template("root.yaml", text, parse(text))
    return Side(CommittedTemplates(template, {"root.yaml": template}))


def resolved(given: Side, other: Side) -> dict[tuple[str, str], Any]:
    """What the review compares, resolved by hand: (section, name) -> entry."""
    document = given.templates.root.document

    def attribute(logical_id: str, name: str) -> Any:
        """An attribute that is a property of both sides has the value of the property."""
        resources = [one.templates.root.document["Resources"].get(logical_id) for one in (given, other)]
        if name and all(resources) and resources[0]["Type"] == resources[1]["Type"]:
            pointer = property_of(resources[0]["Type"], name)
            stated = [value_at(resource, pointer) for resource in resources] if pointer else [None]
            if None not in stated and all(scope.present(resource) is not False for resource in resources):
                return scope.resolve(stated[0])
        return {"Fn::GetAtt": [logical_id, name]} if name else {"Ref": logical_id}

    pseudo = {
        "AWS::Region": "us-east-1",
        "AWS::AccountId": "111122223333",
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": "stack",
        "AWS::StackId": "stack",
    }
    scope = Scope(document, given.values, pseudo, attribute)
    entries: dict[tuple[str, str], Any] = {}
    for name, resource in document["Resources"].items():
        if scope.present(resource) is not False:
            entries["Resource", name] = resource_entry(scope, resource)
    for word, section in SECTIONS.items():
        for name, entry in (document.get(section) or {}).items():
            if word != "Output":
                entries[word, name] = entry
            elif scope.present(entry) is not False:
                entries[word, name] = {
                    key: value if key == "Condition" else scope.resolve(value) for key, value in entry.items()
                }
    for section in ("Description", "Metadata", "Transform", "AWSTemplateFormatVersion"):
        if section in document:
            entries[section, section] = document[section]
    return entries


def value_at(resource: Mapping[str, Any], pointer: tuple[str, ...]) -> Any:
    value: Any = resource.get("Properties")
    for key in pointer:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def resource_entry(scope: Scope, resource: Mapping[str, Any]) -> dict[str, Any]:
    entry = {
        key: value if key in ("Type", "Condition", "DependsOn") else scope.resolve(value)
        for key, value in resource.items()
    }
    if isinstance(entry.get("DependsOn"), str):
        entry["DependsOn"] = [entry["DependsOn"]]
    if entry["Type"] == "AWS::CloudFormation::Stack" and isinstance(entry.get("Properties"), dict):
        entry["Properties"] = dict(entry["Properties"])
    entry.setdefault("Properties", {})
    return {key: value for key, value in entry.items() if value is not NO_VALUE}


def applied(before: Mapping[tuple[str, str], Any], document: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """The older entries after all changes of the document."""
    after = dict(before)
    for change in document["changes"]:
        is_section = "::" not in change["type"]
        key = (change["type"] if is_section else "Resource", change["logicalId"])
        differences = [as_difference(entry) for entry in change["properties"]]
        if change["action"] == "Remove":
            remainder = apply(after.pop(key), differences)
            assert remainder is None if is_section else remainder == {"Type": change["type"], "Properties": {}}
        elif change["action"] == "Add":
            empty = None if is_section else {"Type": change["type"], "Properties": {}}
            after[key] = apply(empty, differences)
        else:
            after[key] = apply(after[key], differences)
    return after


def as_difference(entry: Mapping[str, Any]) -> Difference:
    return Difference(
        entry["path"], entry["before"], entry["after"], State.CHANGED, entry["flows"], Kind(entry["kind"])
    )


def comparable(entries: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    """Empty lists of properties and the order of keys have no meaning."""
    return {key: meaning(entry) for key, entry in entries.items()}


def check(path: Path, seed: int) -> None:
    original = parse(path.read_text("utf-8"))
    old, new = side(original), side(edited(original, random.Random(seed)))
    document = json.loads(json.dumps(review_document(judge_plan(offline_plan(old, new, Place())))))
    assert comparable(applied(resolved(old, new), document)) == comparable(resolved(new, old))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_changes_of_random_edits_give_the_new_template(path: Path) -> None:
    for seed in range(SAMPLE):
        check(path, seed)


@pytest.mark.matrix
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_changes_of_many_random_edits_give_the_new_template(path: Path) -> None:
    for seed in range(SAMPLE, ALL):
        check(path, seed)
