"""Templates as text: ordered, byte-stable, for people who review them.

Sections follow CloudFormation's documented order, resources the order in which the tier adds them, and intrinsic functions
have their short form. libyaml writes the text, because troposphere's ``to_yaml`` uses a pure-Python dumper, which takes several
times as long.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import yaml
from troposphere import Template
from yaml.resolver import Resolver

Format = Literal["yaml", "json"]

_SECTIONS = (
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
)
_RESOURCE_KEYS = (
    "Type",
    "Metadata",
    "Condition",
    "DependsOn",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Properties",
)
# Functions in short form: a tagged scalar or list. Not Fn::Transform and Fn::ForEach, since the project uses no transform.
_SHORT = {
    "Ref",
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::GetAZs",
    "Fn::If",
    "Fn::Equals",
    "Fn::Not",
    "Fn::And",
    "Fn::Or",
    "Fn::FindInMap",
    "Fn::Cidr",
    "Fn::Base64",
}


_TEXT, _LIST, _MAP = "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"


_new_resolver: Any = Resolver  # untyped
_RESOLVER = _new_resolver()


@cache
def _plain_tag(value: str) -> str:
    """The type that a YAML reader gives a plain scalar. A text that a reader would not take for text needs quotes.

    Templates repeat most of their scalars, so a cache pays.
    """
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, value, (True, False))
    return tag


class _Serializer(yaml.CSafeDumper):
    """libyaml's emitter for nodes that ``_node`` creates.

    PyYAML's own conversion from data to nodes takes twice as long as the rest of the serialization.
    """

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _plain_tag(value) if implicit[0] else _TEXT
        return _LIST if kind is yaml.SequenceNode else _MAP

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Does nothing, because no tag depends on the path."""

    def ascend_resolver(self) -> None:
        """Does nothing, because no tag depends on the path."""


def _node(value: Any) -> yaml.Node:
    """YAML nodes of plain data, with intrinsic functions in short form where YAML allows it."""
    if isinstance(value, str):
        return _scalar(_TEXT, value)
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in _SHORT:
                return _short_form(name, argument)
        return yaml.MappingNode(_MAP, [(_scalar(_TEXT, name), _node(item)) for name, item in value.items()])
    if isinstance(value, list | tuple):
        return yaml.SequenceNode(_LIST, [_node(item) for item in value])
    return _number(value)


def _scalar(tag: str, value: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(tag, value, style="|" if "\n" in value else None)


def _number(value: Any) -> yaml.ScalarNode:
    """A number, true, false or null as in JSON, which YAML shares."""
    word = json.dumps(value)
    return yaml.ScalarNode(_plain_tag(word), word)


def _short_form(name: str, argument: Any) -> yaml.Node:
    if name == "Fn::GetAtt" and all(isinstance(part, str) for part in argument):
        return _scalar("!GetAtt", ".".join(argument))
    inner = _node(argument)
    if inner.tag in (_TEXT, _LIST):
        inner.tag = "!" + name.removeprefix("Fn::")
        return inner
    return yaml.MappingNode(_MAP, [(_scalar(_TEXT, name), inner)])  # YAML allows one tag only


def as_dict(template: Template) -> dict[str, Any]:
    """The template as plain data, with sections and resource keys in the documented order."""
    raw = template.to_dict()
    ordered = {section: raw[section] for section in _SECTIONS if raw.get(section)}
    ordered["Resources"] = {
        logical_id: {key: resource[key] for key in _RESOURCE_KEYS if key in resource}
        for logical_id, resource in ordered["Resources"].items()
    }
    return ordered


def render(plain: Mapping[str, Any], output: Format) -> str:
    """The text of a template given as plain data, ending in a newline."""
    if output == "json":
        return json.dumps(plain, indent=2) + "\n"
    text: str = yaml.serialize(_node(plain), Dumper=_Serializer, width=100_000, allow_unicode=True)
    return text
