"""The resources of both platforms as the review sees them: in production, with all that parameters decide resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cfn.parameters import filled_by_packaging, load_parameters, with_defaults
from cfn.resolve import Scope
from cfn.templates import load_templates, parse
from review.plan.model import Stack
from tests.review.support.plans import PSEUDO, as_deployed

ROOT = Path(__file__).parents[4]
PLATFORMS = ("trading", "transactions")


@dataclass(frozen=True)
class Resource:
    """A resource of a platform, resolved.

    Attributes:
        name: The platform, the tier and the logical id, joined by slashes.
        attributes: DeletionPolicy and the like.
    """

    name: str
    type: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]


@cache
def resources() -> tuple[Resource, ...]:
    """Every resource of both platforms in production."""
    return tuple(resource for platform in PLATFORMS for resource in _of_platform(platform))


def resource(name: str) -> Resource:
    """The resource of a name such as ``trading/Tables/SessionsTable``."""
    return next(candidate for candidate in resources() if candidate.name == name)


def _of_platform(platform: str) -> Iterator[Resource]:
    templates = load_templates(ROOT / "templates" / platform)
    declared = templates.root.document
    parameters = {
        **load_parameters(ROOT / "params" / platform / "prod.json", declared).parameters,
        **{name: f"{name}-1" for name in declared["Parameters"] if filled_by_packaging(name)},
    }
    texts = {name: template.text for name, template in templates.by_name.items()}
    root = as_deployed(texts, "root.yaml", with_defaults(declared, parameters))
    for path, stack in root.walk():
        yield from _of_stack("/".join((platform, *path)), stack)


def _of_stack(prefix: str, stack: Stack) -> Iterator[Resource]:
    document = parse(stack.template)
    scope = Scope(document, stack.parameters, {**PSEUDO, "AWS::StackName": stack.name, "AWS::StackId": stack.id})
    for logical_id, entry in document["Resources"].items():
        if scope.present(entry) is not False:
            attributes = {key: scope.resolve(value) for key, value in entry.items() if key != "Properties"}
            properties = scope.resolve(entry.get("Properties") or {})
            yield Resource(f"{prefix}/{logical_id}", entry["Type"], properties, attributes)
