"""Resolves a tree of stacks so that a value keeps its identity on its way through outputs and parameters.

``cfn.resolve`` resolves one template. Here the value of a resource is a `review.access.symbols.Symbol` with the path of its
stack. It arrives in another stack as the same symbol, so a policy that takes the ARN of a bucket by a parameter is equal to
one that refers to the bucket.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cfn.resolve import Scope
from cfn.templates import nested_urls
from cfn.text import parameter_text
from cfn.types import STACK
from review.access.symbols import encode, parameter, reference

_OUTPUT = "Outputs."
_OWN_PSEUDO = ("AWS::StackName", "AWS::StackId", "AWS::NotificationARNs")
"""The pseudo parameters that each stack has for itself."""


@dataclass(frozen=True)
class StackTemplate:
    """A template with those of the stacks that it nests, by logical id. A stack without one is opaque."""

    document: Mapping[str, Any]
    nested: Mapping[str, StackTemplate] = field(default_factory=dict)

    @classmethod
    def of(cls, documents: Mapping[str, Mapping[str, Any]], name: str) -> StackTemplate:
        """The template with a name, which nests others by their names as relative TemplateURLs."""
        document = documents[name]
        urls = nested_urls(document)
        return cls(document, {key: cls.of(documents, url) for key, url in urls.items() if url in documents})


@dataclass(frozen=True)
class ResolvedResource:
    """One resource of the tree with resolved properties.

    Attributes:
        path: The logical ids of the nested stacks from the root down.
        undecided: The conditions that decide whether it exists, as text; "" if it exists for certain.
    """

    path: tuple[str, ...]
    logical_id: str
    type: str
    properties: Mapping[str, Any]
    undecided: str

    @property
    def name(self) -> str:
        """Its path and logical id: ``storage/RawBucket``."""
        return "/".join((*self.path, self.logical_id))


def resolved_resources(
    root: StackTemplate, parameters: Mapping[str, Any], pseudo: Mapping[str, str]
) -> Iterator[ResolvedResource]:
    """All resources of a tree that may exist.

    Args:
        root: The templates.
        parameters: The values of the root's parameters as CloudFormation resolves them. Leave out a value that is not known,
            such as a hidden one or the name of an SSM parameter. If it may change, nothing here notices.
        pseudo: The pseudo parameters that are the same in the whole tree, such as ``AWS::AccountId``.
    """
    yield from _Stack(root, (), parameters, pseudo).resources()


class _Stack:
    """One stack of the tree. Its children are resolved on demand."""

    def __init__(
        self, template: StackTemplate, path: tuple[str, ...], values: Mapping[str, Any], pseudo: Mapping[str, str]
    ) -> None:
        self.template, self.path, self.pseudo = template, path, pseudo
        declared = template.document.get("Parameters", {})
        known = {name: values[name] if name in values else parameter(path, name) for name in declared}
        own: dict[str, Any] = {name: reference(path, name) for name in _OWN_PSEUDO}
        if not path:
            own = {**own, **pseudo}
        self.scope = Scope(template.document, known, {**pseudo, **own}, self._attribute)
        self.children: dict[str, _Stack] = {}

    def resources(self) -> Iterator[ResolvedResource]:
        for logical_id, resource in self.template.document["Resources"].items():
            present = self.scope.present(resource)
            if present is False:
                continue
            undecided = "" if present is True else self._expression(resource["Condition"])
            if logical_id in self.template.nested:
                for nested in self._child(logical_id).resources():
                    yield replace(nested, undecided=" ".join(filter(None, (undecided, nested.undecided))))
            kind = str(resource["Type"])
            properties = self._resolved(resource.get("Properties") or {}) if kind != STACK else {}
            yield ResolvedResource(self.path, logical_id, kind, properties, undecided)

    def _child(self, logical_id: str) -> _Stack:
        if logical_id not in self.children:
            template = self.template.nested[logical_id]
            properties = self.template.document["Resources"][logical_id].get("Properties") or {}
            given = self._resolved(properties.get("Parameters") or {})
            declared = template.document.get("Parameters", {})
            defaults = {name: rules["Default"] for name, rules in declared.items() if "Default" in rules}
            values = {name: parameter_text(value) for name, value in {**defaults, **given}.items()}
            self.children[logical_id] = _Stack(template, (*self.path, logical_id), values, self.pseudo)
        return self.children[logical_id]

    def _attribute(self, logical_id: str, name: str) -> Any:
        if name.startswith(_OUTPUT) and logical_id in self.template.nested:
            child = self._child(logical_id)
            output = child.template.document.get("Outputs", {}).get(name.removeprefix(_OUTPUT))
            if output is not None:
                return child._resolved(output["Value"])
        return reference(self.path, logical_id, name)

    def _resolved(self, value: Any) -> Any:
        return self._grounded(self.scope.resolve(value))

    def _grounded(self, value: Any) -> Any:
        """The value with the content of the conditions and mappings that it names, because a name may get another content."""
        if isinstance(value, list):
            return [self._grounded(item) for item in value]
        if not isinstance(value, dict):
            return value
        grounded = {key: self._grounded(item) for key, item in value.items()}
        if "Fn::If" in value:
            grounded["Fn::If"][0] = self._expression(value["Fn::If"][0])
        if "Fn::FindInMap" in value:
            grounded["Fn::FindInMap"].append(self.template.document.get("Mappings", {}))
        return grounded

    def _expression(self, condition: str) -> str:
        """The expression of a condition as text."""
        expression = encode(self._grounded(self.scope.condition_expression(condition)))
        return expression if isinstance(expression, str) else json.dumps(expression, sort_keys=True)
