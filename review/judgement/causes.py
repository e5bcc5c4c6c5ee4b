"""What causes a change: the resources and parameters from which the values of a changed property come.

A change has a cause elsewhere in two cases:

- its value flows from a resource that is replaced, or that changes in place and may answer something else;
- the template has the same expression as before, so a parameter in it has another value.

Everything else is an edit of the template at that very place, which is its own cause. The causes are read from the
expressions of the planned templates, through parameters and outputs of nested stacks up to a resource or to a parameter of
the root. They only explain: whether and how surely something changes is decided in ``compare``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cfn.templates import nested_urls, parse
from cfn.text import Variable, sub_parts
from review.comparison.difference import Difference
from review.comparison.replacement import Replacement
from review.comparison.sections import SectionChange
from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review, ReviewedResource
from review.plan.model import Plan, StackPath

Causes = Mapping[str, tuple[str, ...]]
"""The path of a difference -> its causes; "" for the change itself: that its resource appears or disappears."""

_NOTHING: Mapping[str, Any] = {"Resources": {}}


@dataclass(frozen=True)
class AllCauses:
    """The causes of all changes that have some elsewhere.

    A cause is the name of a resource with its stack (``Network/Vpc``), of a nested stack whose parameters change, or of a
    parameter of the root.

    Attributes:
        resources: By the name of the resource.
        outputs: By the name of the output, with its stack. An output may have the name of a resource.
    """

    resources: Mapping[str, Causes]
    outputs: Mapping[str, Causes]


def find_causes(review: Review) -> AllCauses:
    """Find what causes the changes of a review."""
    finder = _Finder(review)
    changes = [change for change in review.changes if change.certainty is not Certainty.NOISE]
    outputs = [change for change in review.sections if change.section == "Output"]
    return AllCauses(
        _existing((change.name, finder.of_resource(change)) for change in changes),
        _existing(("/".join((*change.path, change.name)), finder.of_output(change)) for change in outputs),
    )


def _existing(causes: Iterable[tuple[str, Causes]]) -> dict[str, Causes]:
    return {name: found for name, found in causes if found}


@dataclass(frozen=True)
class _Reference:
    """Where a value comes from: a resource, a parameter of the root, or the place that passes a parameter."""

    name: str
    is_resource: bool


class _Finder:
    def __init__(self, review: Review) -> None:
        plan = review.plan
        self._new = dict(_planned(plan))
        self._old = {path: parse(stack.template) for path, stack in plan.deployed.walk()} if plan.deployed else {}
        self._parameters = {change.name for change in (*review.parameters, *review.artifacts)}
        modified = [change for change in review.real if change.action == "Modify"]
        self._replaced = {change.name for change in modified if change.replacement is not Replacement.NO}
        self._modified = {change.name for change in modified}
        self._of_parameter = cache(self._passed)

    def of_resource(self, change: ReviewedResource) -> Causes:
        old, new = (
            sides.get(change.path, _NOTHING)["Resources"].get(change.logical_id, {}) for sides in (self._old, self._new)
        )
        causes = {
            difference.path: self._of_difference(change.path, change.name, difference, old, new)
            for difference in change.differences
            if change.action == "Modify"
        }
        if change.action != "Modify" and old.get("Condition") and old.get("Condition") == new.get("Condition"):
            causes[""] = self._by_parameters(change.path, {"Condition": new["Condition"]})
        return {path: names for path, names in causes.items() if names}

    def of_output(self, change: SectionChange) -> Causes:
        old, new = (
            sides.get(change.path, _NOTHING).get("Outputs", {}).get(change.name, {}) for sides in (self._old, self._new)
        )
        causes = {
            difference.path: self._of_difference(change.path, "", difference, old, new)
            for difference in change.differences
        }
        return {path: names for path, names in causes.items() if names}

    def _of_difference(self, path: StackPath, own: str, difference: Difference, old: Any, new: Any) -> tuple[str, ...]:
        node = _node(new, difference.path)
        if difference.flows:
            sources = {reference.name for reference in self._references(path, node) if reference.is_resource} - {own}
            return tuple(sorted(sources & self._replaced or sources & self._modified))
        if _node(old, difference.path) != node:
            return ()
        return self._by_parameters(path, node)

    def _by_parameters(self, path: StackPath, node: Any) -> tuple[str, ...]:
        return tuple(
            sorted({reference.name for reference in self._references(path, node) if not reference.is_resource})
        )

    # ---- where a value comes from -----------------------------------------------------------------------------------

    def _references(self, path: StackPath, node: Any) -> Iterator[_Reference]:
        """The resources in an expression, and the parameters in it that have another value than before."""
        document = self._new.get(path, _NOTHING)
        for name, attribute in _names(node, document.get("Conditions", {})):
            if name in document.get("Parameters", {}):
                yield from self._of_parameter(path, name)
            elif name in document["Resources"]:
                yield from self._of_attribute(path, name, attribute)

    def _of_attribute(self, path: StackPath, logical_id: str, attribute: str) -> Iterator[_Reference]:
        child = (*path, logical_id)
        output = attribute.removeprefix("Outputs.")
        if child in self._new and output != attribute:
            yield from self._references(child, self._new[child].get("Outputs", {}).get(output))
        else:
            yield _Reference("/".join(child), is_resource=True)

    def _passed(self, path: StackPath, name: str) -> tuple[_Reference, ...]:
        """Where the value of a parameter comes from."""
        if not path:
            return (_Reference(name, is_resource=False),) if name in self._parameters else ()
        *above, logical_id = path
        parent = tuple(above)
        if path not in self._old:
            return ()  # the nested stack is new, and so is everything in it
        new, old = (
            _passed_values(sides.get(parent, _NOTHING), logical_id).get(name) for sides in (self._new, self._old)
        )
        references = tuple(self._references(parent, new))
        if new is None:
            defaults = [
                sides[path].get("Parameters", {}).get(name, {}).get("Default") for sides in (self._old, self._new)
            ]
            return () if defaults[0] == defaults[1] else (_Reference("/".join((*path, name)), is_resource=False),)
        return references if new == old else (*references, _Reference("/".join(path), is_resource=False))


def _planned(plan: Plan) -> Iterator[tuple[StackPath, Mapping[str, Any]]]:
    """The planned templates by the path of their stack."""

    def walk(path: StackPath, file: str) -> Iterator[tuple[StackPath, Mapping[str, Any]]]:
        document = parse(plan.templates[file].text, file)
        yield path, document
        for logical_id, url in nested_urls(document).items():
            if url in plan.templates:
                yield from walk((*path, logical_id), url)

    return walk((), plan.root)


def _passed_values(document: Mapping[str, Any], logical_id: str) -> Mapping[str, Any]:
    """The parameters that a nested stack gets."""
    values: Mapping[str, Any] = (document["Resources"].get(logical_id, {}).get("Properties") or {}).get(
        "Parameters"
    ) or {}
    return values


def _node(entry: Any, path: str) -> Any:
    """The smallest expression in an entry that a path surely leads to."""
    node = entry
    for step in path.split("/") if path else ():
        if isinstance(node, dict) and step in node:
            node = node[step]
        elif isinstance(node, list) and step.isdigit() and int(step) < len(node) and not any(map(_may_vanish, node)):
            node = node[int(step)]
        else:
            break
    return node


def _may_vanish(item: Any) -> bool:
    """Whether an item of a list can be AWS::NoValue, so that the items after it have another index."""
    return isinstance(item, dict) and "Fn::If" in item


def _names(node: Any, conditions: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The references in an expression, with their attributes ("" for ``Ref``), those of its conditions among them."""
    if isinstance(node, list):
        for item in node:
            yield from _names(item, conditions)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _names_in(key, value, conditions)


def _names_in(key: str, value: Any, conditions: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    match key:
        case "Ref":
            return [(str(value), "")]
        case "Fn::GetAtt":
            return [_attribute(value)]
        case "Fn::Sub":
            return _names_of_sub(value, conditions)
        case "Condition" if isinstance(value, str):
            return _names(conditions.get(value), conditions)
        case "Fn::If":
            return _names([{"Condition": value[0]}, *value[1:]], conditions)
    return _names(value, conditions)


def _attribute(value: Any) -> tuple[str, str]:
    name, *attribute = value.split(".", 1) if isinstance(value, str) else map(str, value)
    return name, ".".join(attribute)


def _names_of_sub(value: Any, conditions: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    parts, values = sub_parts(value)
    yield from _names(list(values.values()), conditions)
    for part in parts:
        if isinstance(part, Variable) and part.name not in values:
            yield _attribute(part.name)
