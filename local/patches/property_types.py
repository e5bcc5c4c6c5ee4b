"""Gap: values keep the type that the template gives them, so that services get text where they compute with numbers.

A parameter is always text ("4"). CloudFormation converts every property to the type that the resource type's schema
declares. So does this patch, with the schemas that cfn-lint ships.
"""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from local.host.errors import EmulatorMismatchError
from local.host.settings import REGION
from local.ministack.internals import emulator_module, wrap

logger = logging.getLogger("local")

_stack_engine = emulator_module("services.cloudformation.stacks")

Schema = dict[str, Any]


def install() -> None:
    """Convert before every create and update. Raises EmulatorMismatchError if cfn-lint's schemas are missing."""
    _schema_files()
    wrap(_stack_engine, "_provision_resource", _on_create)
    wrap(_stack_engine, "_update_resource", _on_update)


def _on_create(original: Callable[..., Any]) -> Callable[..., Any]:
    def provision(resource_type: str, logical_id: str, props: Any, *others: Any) -> Any:
        return original(resource_type, logical_id, converted(resource_type, props), *others)

    return provision


def _on_update(original: Callable[..., Any]) -> Callable[..., Any]:
    def update(resource_type: str, physical_id: str, old: Any, new: Any, *others: Any) -> Any:
        return original(
            resource_type, physical_id, converted(resource_type, old), converted(resource_type, new), *others
        )

    return update


def converted(resource_type: str, props: Any) -> Any:
    """Return ``props`` with every text value in the type that the schema of ``resource_type`` declares."""
    schema = _schema(resource_type)
    if schema is None or not isinstance(props, dict):
        return props
    return _convert(props, schema, schema)


def _convert(value: Any, schema: Schema, root: Schema) -> Any:
    schema = _resolved(schema, root)
    if isinstance(value, dict):
        declared, patterns = schema.get("properties") or {}, list((schema.get("patternProperties") or {}).values())
        return {
            key: _convert(item, declared[key] if key in declared else patterns[0] if patterns else {}, root)
            for key, item in value.items()
        }
    if isinstance(value, list):
        items = schema.get("items")
        return [_convert(item, items, root) for item in value] if isinstance(items, dict) else value
    return _scalar(value, schema.get("type")) if isinstance(value, str) else value


def _scalar(value: str, declared: Any) -> Any:
    """Return text in the type that is declared; it stays text if that is allowed, too."""
    try:
        if declared == "integer":
            return int(value)
        if declared == "number":
            return int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        return value  # the service rejects it with its own words
    if declared == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Follow references, at most 20 of them."""
    for _ in range(20):
        if not isinstance(schema.get("$ref"), str):
            break
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target.get(step, {})
        schema = target
    return schema


@lru_cache(maxsize=512)
def _schema(resource_type: str) -> Schema | None:
    files = _schema_files()
    if resource_type not in files:
        return None
    schema: Schema = json.loads(files[resource_type].read_text())
    return schema


@lru_cache(maxsize=1)
def _schema_files() -> dict[str, Path]:
    """Return the file with its schema for each resource type."""
    spec = importlib.util.find_spec("cfnlint")
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    if not places:
        raise EmulatorMismatchError("cfn-lint to be installed", "no such package")
    schemas = Path(places[0]) / "data" / "schemas"
    index = schemas / "providers" / f"{REGION}.json"
    if not index.exists():
        raise EmulatorMismatchError("cfn-lint's resource schemas", f"no {index.name}")
    names: dict[str, str] = json.loads(index.read_text())
    return {resource_type: schemas / "resources" / f"{name}.json" for resource_type, name in names.items()}
