"""Templates as text: ordered, byte-stable, written for the person who reviews them.

Sections stand in CloudFormation's documented order, resources in the order in which the tier builds them, and every
intrinsic function in its short form. libyaml writes the text: troposphere's ``to_yaml`` goes through a pure-Python dumper
that takes several times as long.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from troposphere import Template

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
# What is written as a tagged scalar or list. Fn::Transform and Fn::ForEach are not: the project uses no transform.
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


@dataclass(frozen=True)
class _Intrinsic:
    tag: str
    value: Any


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # CloudFormation does not take YAML aliases


def _represent_intrinsic(dumper: _Dumper, node: _Intrinsic) -> yaml.Node:
    if isinstance(node.value, str):
        return dumper.represent_scalar(node.tag, node.value)
    return dumper.represent_sequence(node.tag, node.value)


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(_Intrinsic, _represent_intrinsic)
_Dumper.add_representer(str, _represent_text)


def _shorten(value: Any) -> Any:
    """The same tree with intrinsic functions in short form where YAML allows it."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in _SHORT:
                return _short_form(name, argument)
        return {name: _shorten(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shorten(item) for item in value]
    return value


def _short_form(name: str, argument: Any) -> Any:
    if name == "Fn::GetAtt" and all(isinstance(part, str) for part in argument):
        return _Intrinsic("!GetAtt", ".".join(argument))
    inner = _shorten(argument)
    if isinstance(inner, str | list):
        return _Intrinsic("!" + name.removeprefix("Fn::"), inner)
    return {name: inner}  # one tag cannot follow another: Fn::Base64 of a !Sub stays in long form


def as_dict(template: Template) -> dict[str, Any]:
    """The template as plain data, sections and resource keys in the documented order."""
    raw = template.to_dict()
    ordered = {section: raw[section] for section in _SECTIONS if raw.get(section)}
    ordered["Resources"] = {
        logical_id: {key: resource[key] for key in _RESOURCE_KEYS if key in resource}
        for logical_id, resource in ordered["Resources"].items()
    }
    return ordered


def render(template: Template, output: Format) -> str:
    """The template's text, ending in a newline."""
    plain = as_dict(template)
    if output == "json":
        return json.dumps(plain, indent=2) + "\n"
    text: str = yaml.dump(_shorten(plain), Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=True)
    return text
