"""Reads the texts that a value can have, for the rules of this folder. The docstring of the package says how a rule loads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")
_NO_VALUE = {"Ref": "AWS::NoValue"}


def texts(node: Any, template: Mapping[str, Any]) -> list[str]:
    """Returns every text that a value can have, in all arms of Fn::If and all elements of lists.

    A parameter has its allowed values, or its default. What only a deployment knows stays a variable such as ``${Bucket.Arn}``.
    Booleans are ``true`` and ``false``. An absent value has no text.

    Args:
        node: the value.
        template: the whole template, for its parameters and mappings.
    """
    if node is None or node == _NO_VALUE:
        return []
    if isinstance(node, bool):
        return [str(node).lower()]
    if isinstance(node, list):
        return [text for item in node for text in texts(item, template)]
    if isinstance(node, dict) and node:
        try:
            return _of_function(node, template)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return ["${?}"]  # a malformed function, which cfn-lint reports
    return [str(node)]


def first_text(node: Any, template: Mapping[str, Any]) -> str:
    """Returns the first text of a value, or an empty one."""
    return next(iter(texts(node, template)), "")


def mentions(node: Any, logical_id: str) -> bool:
    """Whether a value refers to a resource by Ref, Fn::GetAtt or a variable of Fn::Sub."""
    if isinstance(node, list):
        return any(mentions(item, logical_id) for item in node)
    if not isinstance(node, dict):
        return isinstance(node, str) and any(name.split(".")[0] == logical_id for _, name in _VARIABLE.findall(node))
    if node.get("Ref") == logical_id:
        return True
    attribute = node.get("Fn::GetAtt")
    if attribute is not None:
        return (attribute if isinstance(attribute, list) else str(attribute).split("."))[0] == logical_id
    return any(mentions(item, logical_id) for item in node.values())


def _of_function(node: dict[str, Any], template: Mapping[str, Any]) -> list[str]:
    name, argument = next(iter(node.items()))
    if name in ("Fn::If", "Fn::Select"):
        return texts(argument[1:], template)
    if name == "Ref":
        return _of_reference(str(argument), template)
    if name == "Fn::GetAtt":
        return [f"${{{'.'.join(argument) if isinstance(argument, list) else argument}}}"]
    if name == "Fn::Sub":
        return [_substituted(argument, template)]
    if name == "Fn::Join" and isinstance(argument[1], list):
        return [str(argument[0]).join(first_text(part, template) for part in argument[1])]
    if name == "Fn::FindInMap":
        return list(_of_mapping(argument, template))
    return [f"${{{name}}}"]


def _of_reference(name: str, template: Mapping[str, Any]) -> list[str]:
    parameter = template.get("Parameters", {}).get(name, {})
    if parameter.get("AllowedValues"):
        return [str(value) for value in parameter["AllowedValues"]]
    if "Default" in parameter and "AWS::SSM" not in str(parameter.get("Type")):
        default = str(parameter["Default"])
        is_list = "List" in str(parameter.get("Type"))
        return [item.strip() for item in default.split(",")] if is_list else [default]
    return [f"${{{name}}}"]


def _substituted(argument: Any, template: Mapping[str, Any]) -> str:
    text, variables = argument if isinstance(argument, list) else (argument, {})

    def value(match: re.Match[str]) -> str:
        if match.group(1):
            return f"${{{match.group(2)}}}"
        if match.group(2) in variables:
            return first_text(variables[match.group(2)], template)
        return _of_reference(match.group(2), template)[0]

    return _VARIABLE.sub(value, str(text))


def _of_mapping(argument: Any, template: Mapping[str, Any]) -> Iterator[str]:
    name, _, key = argument[:3]
    mapping = template.get("Mappings", {}).get(name, {}) if isinstance(name, str) else {}
    for row in mapping.values():
        if isinstance(row, dict):
            yield from texts([row[key]] if isinstance(key, str) and key in row else list(row.values()), template)
