"""The templates as plain data, and their resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from builders.assembly.emit import as_dict
from builders.assembly.root import assemble
from builders.platforms import PLATFORMS
from cfn.text import readable

Template = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """A resource of a template, with platform and tier."""

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
    """All templates of a platform, as they are emitted."""
    return {name: as_dict(template) for name, template in assemble(PLATFORMS[platform]).templates.items()}


def all_resources(*types: str) -> Iterator[Resource]:
    """The resources of all platforms, of the given types or of all."""
    for platform in PLATFORMS:
        yield from resources(platform, *types)


def resources(platform: str, *types: str) -> Iterator[Resource]:
    """The resources of one platform, of the given types or of all."""
    for tier, template in templates(platform).items():
        for title, body in template["Resources"].items():
            if not types or body["Type"] in types:
                yield Resource(platform, tier, title, body)


def find_resource(platform: str, title: str) -> Resource:
    """The only resource of the platform with this logical id."""
    (resource,) = [resource for resource in resources(platform) if resource.title == title]
    return resource


def text(value: Any) -> str:
    """A name or ARN as one string, with references as placeholders. Tests compare its beginning and end."""
    result = readable(value) if isinstance(value, dict) else str(value)
    assert result is not None, f"The tests cannot write {value} as text."
    return result


def of_type(resources_by_title: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Logical id → properties of the resources of one type."""
    return {title: body["Properties"] for title, body in resources_by_title.items() if body["Type"] == kind}
