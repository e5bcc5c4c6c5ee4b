"""The templates as plain data, and their resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from builders.assembly.emit import as_dict
from builders.assembly.root import assemble
from builders.platforms import PLATFORMS

Template = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A resource and where it stands."""

    platform: str
    tier: str
    title: str
    body: Mapping[str, Any]

    @property
    def type(self) -> str:
        return str(self.body["Type"])

    @property
    def properties(self) -> Mapping[str, Any]:
        properties: Mapping[str, Any] = self.body.get("Properties", {})
        return properties

    def __str__(self) -> str:
        return f"{self.platform}/{self.tier}/{self.title}"


@cache
def templates(platform: str) -> dict[str, dict[str, Any]]:
    """Every template of a platform, as it is emitted."""
    return {name: as_dict(template) for name, template in assemble(PLATFORMS[platform]).templates.items()}


def every_resource(*types: str) -> Iterator[Found]:
    """The resources of all platforms, of the given types or of all."""
    for platform in PLATFORMS:
        yield from resources(platform, *types)


def resources(platform: str, *types: str) -> Iterator[Found]:
    """The resources of one platform, of the given types or of all."""
    for tier, template in templates(platform).items():
        for title, body in template["Resources"].items():
            if not types or body["Type"] in types:
                yield Found(platform, tier, title, body)


def one(platform: str, title: str) -> Found:
    """The resource with this logical id, which must be the only one."""
    (found,) = [found for found in resources(platform) if found.title == title]
    return found


def text(value: Any) -> str:
    """A name or ARN as one string, references as placeholders: enough to see what it begins and ends with."""
    if isinstance(value, dict):
        ((function, argument),) = value.items()
        if function == "Fn::Sub":
            return str(argument if isinstance(argument, str) else argument[0])
        if function == "Ref":
            return f"${{{argument}}}"
        if function == "Fn::GetAtt":
            return "${" + ".".join(argument) + "}"
        raise AssertionError(f"no text in {function}")
    return str(value)


def of_type(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Logical id → properties of the resources of one type."""
    return {title: body["Properties"] for title, body in found.items() if body["Type"] == kind}
