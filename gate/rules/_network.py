"""Reads the rules of security groups, for the rules of this folder. The docstring of the package says how a rule loads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename

_FOLDER = str(Path(__file__).parent)
values = import_filename("_values", _FOLDER).values
texts = import_filename("_texts", _FOLDER).texts

GROUP = "AWS::EC2::SecurityGroup"
INLINE = ("SecurityGroupIngress", "SecurityGroupEgress")
SEPARATE = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
ALL_PORTS = 65_535
# The rule that stands for "nothing leaves": without an inline rule, EC2 adds one that allows everything.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
NOWHERE = ("127.0.0.1/32", "::1/128")
_RANGES = ("CidrIp", "CidrIpv6")


def group_rules(template: Mapping[str, Any]) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    """Yields the rules of security groups with their paths, inline and separate, in both arms of Fn::If.

    The rule that stands for "nothing leaves" is left out.
    """
    for name, resource in (template.get("Resources") or {}).items():
        kind, properties = resource.get("Type"), resource.get("Properties") or {}
        path: list[str | int] = ["Resources", name, "Properties"]
        found = [(path, properties)] if kind in SEPARATE else []
        if kind == GROUP:
            found = [row for key in INLINE for row in _arms(properties.get(key), [*path, key])]
        for place, rule in found:
            addresses = ranges(rule, template)
            if not addresses or not all(address in NOWHERE for address in addresses):
                yield place, rule


def ranges(rule: Any, template: Mapping[str, Any]) -> list[str]:
    """Returns the ranges of addresses that a rule can name."""
    return [text for key in _RANGES for value in values(rule, key) for text in texts(value, template)]


def ports(rule: Any, first: str, last: str, template: Mapping[str, Any]) -> tuple[int, int]:
    """Returns the widest range of ports. Port -1 means all, and so does a missing one. Unknown ports count as one."""
    lowest, highest = _numbers(rule, first, template), _numbers(rule, last, template)
    if -1 in lowest or -1 in highest:
        return 0, ALL_PORTS
    return min(lowest, default=0), max(highest, default=0)


def _numbers(rule: Any, key: str, template: Mapping[str, Any]) -> list[int]:
    found = [text for value in values(rule, key) for text in texts(value, template) or ["-1"]]
    return [int(text) for text in found if text.removeprefix("-").isdecimal()]


def _arms(node: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _arms(item, [*path, index])
    elif isinstance(node, dict) and set(node) == {"Fn::If"}:
        for index, arm in enumerate(node["Fn::If"][1:], start=1):
            yield from _arms(arm, [*path, "Fn::If", index])
    elif isinstance(node, dict) and "Ref" not in node:
        yield path, node
