"""Templates as text: ordered, byte-stable, for people who review them.

Sections follow CloudFormation's documented order, resources the order in which the tier adds them, and intrinsic functions
have their short form. libyaml writes the text from events: troposphere's ``to_yaml`` uses a pure-Python dumper, which takes
several times as long, and PyYAML's own conversion from data to events takes twice as long as the rest of the work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from io import StringIO
from typing import Any, Literal

import yaml
from troposphere import BaseAWSObject, Template, encode_to_dict
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

_TEXT = "tag:yaml.org,2002:str"
_LIST = yaml.SequenceStartEvent(None, None, True)
_LIST_END = yaml.SequenceEndEvent()
_MAP = yaml.MappingStartEvent(None, None, True)
_MAP_END = yaml.MappingEndEvent()

Emit = Callable[[yaml.Event], None]

_new_resolver: Any = Resolver  # untyped
_RESOLVER = _new_resolver()


@cache
def _text(value: str) -> yaml.ScalarEvent:
    """A text, quoted if a YAML reader would not take the plain word for text.

    Templates repeat most of their texts, so a cache pays.
    """
    if "\n" in value:
        return yaml.ScalarEvent(None, _TEXT, (False, True), value, style="|")
    is_plain = _RESOLVER.resolve(yaml.ScalarNode, value, (True, False)) == _TEXT
    return yaml.ScalarEvent(None, _TEXT, (is_plain, True), value)


def _tagged(tag: str, value: str) -> yaml.ScalarEvent:
    return yaml.ScalarEvent(None, tag, (False, False), value, style="|" if "\n" in value else None)


def _emit(emit: Emit, value: Any) -> None:
    """Plain data as YAML's events, with intrinsic functions in short form where YAML allows it."""
    if isinstance(value, str):
        emit(_text(value))
    elif isinstance(value, dict):
        if not _emit_short_form(emit, value):
            emit(_MAP)
            for name, item in value.items():
                emit(_text(name))
                _emit(emit, item)
            emit(_MAP_END)
    elif isinstance(value, list | tuple):
        emit(_LIST)
        _emit_items(emit, value)
    else:  # a number, true, false or null as in JSON, which YAML shares
        emit(yaml.ScalarEvent(None, None, (True, False), json.dumps(value)))


def _emit_items(emit: Emit, items: Iterable[Any]) -> None:
    for item in items:
        _emit(emit, item)
    emit(_LIST_END)


def _emit_short_form(emit: Emit, value: Mapping[str, Any]) -> bool:
    """Emits ``{"Fn::Sub": "x"}`` as ``!Sub x``; returns False if the value has no short form."""
    if len(value) != 1:
        return False
    ((name, argument),) = value.items()
    if name not in _SHORT:
        return False
    tag = "!" + name.removeprefix("Fn::")
    if name == "Fn::GetAtt" and all(isinstance(part, str) for part in argument):
        emit(_tagged(tag, ".".join(argument)))
    elif isinstance(argument, str):
        emit(_tagged(tag, argument))
    elif isinstance(argument, list | tuple):
        emit(yaml.SequenceStartEvent(None, tag, False))
        _emit_items(emit, argument)
    else:
        return False  # YAML allows one tag only: not !Base64 !Sub
    return True


def as_dict(template: Template) -> dict[str, Any]:
    """The template as plain data, sections and resource keys in the documented order."""
    sections = (
        template.version,
        template.description,
        template.metadata,
        template.parameters,
        template.rules,
        template.mappings,
        template.conditions,
        template.resources,
        template.outputs,
    )
    ordered = {name: _plain(section) for name, section in zip(_SECTIONS, sections, strict=True) if section}
    ordered["Resources"] = {
        logical_id: {key: resource[key] for key in _RESOURCE_KEYS if key in resource}
        for logical_id, resource in ordered["Resources"].items()
    }
    return ordered


def _plain(value: Any) -> Any:
    """The plain data of troposphere's and awacs's objects, each validated as ``to_dict`` validates it.

    The library's encoder encodes the result of every nested object once more, so it takes twice as long.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool:
        return value
    if kind is dict:
        return {name: _plain(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [_plain(item) for item in value]
    if getattr(kind, "to_dict", None) is BaseAWSObject.to_dict and value.properties:
        if value.do_validation:
            value._validate_props()
            value.validate()
        return _plain(value.resource)
    return encode_to_dict(value)


def render(plain: Mapping[str, Any], output: Format) -> str:
    """The text of a template given as plain data, ending in a newline."""
    if output == "json":
        return json.dumps(plain, indent=2) + "\n"
    text = StringIO()
    emit = yaml.CSafeDumper(text, width=100_000, allow_unicode=True).emit
    emit(yaml.StreamStartEvent())
    emit(yaml.DocumentStartEvent(explicit=False))
    _emit(emit, plain)
    emit(yaml.DocumentEndEvent(explicit=False))
    emit(yaml.StreamEndEvent())
    return text.getvalue()
