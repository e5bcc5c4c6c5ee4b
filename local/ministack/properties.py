"""The properties that a template gives a resource, as CloudFormation hands them to a handler."""

from __future__ import annotations

from typing import Any

Props = dict[str, Any]
"""Properties of a resource, intrinsic functions resolved."""

Attributes = dict[str, str]
"""What ``Fn::GetAtt`` returns for a resource, by attribute."""


def changed(old: Props, new: Props, name: str) -> bool:
    """Return whether property ``name`` differs between the old and the new properties."""
    return bool(old.get(name) != new.get(name))


def truth(value: object) -> bool:
    """Return a template's boolean, which may arrive as text."""
    return str(value).lower() == "true"


def tag_list(props: Props) -> list[dict[str, str]]:
    """Return the Tags property with text values, without the ``aws:`` tags that only CloudFormation may set."""
    return [
        {"Key": str(tag["Key"]), "Value": str(tag["Value"])}
        for tag in props.get("Tags") or []
        if not str(tag["Key"]).startswith("aws:")
    ]


def removed_tag_keys(old: Props, new: Props) -> list[str]:
    """Return the keys of the tags that the new properties no longer have, sorted."""
    return sorted({tag["Key"] for tag in tag_list(old)} - {tag["Key"] for tag in tag_list(new)})


def lower_first(value: Any) -> Any:
    """Return ``value`` with CloudFormation's PascalCase keys in the camelCase of some APIs, recursively."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lower_first(item) for key, item in value.items()}
    if isinstance(value, list):
        return [lower_first(item) for item in value]
    return value
