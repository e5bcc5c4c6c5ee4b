"""The properties with which a template names resources: one table, which the builders, the gate and the review read.

The table is a data file, ``name_properties.json``, because cfn-lint loads the gate's rule by its path, where no package of
the project can be imported. It has every type of the platforms' templates whose schema has such a property.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Naming:
    """How a template names the resources of one type.

    ``AWS::Glue::Database`` has two properties for one name. ``DatabaseName`` identifies the database. Templates from before
    it existed have only ``DatabaseInput/Name``. Source:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-glue-database.html

    Attributes:
        paths: the properties that hold the name, the one that identifies the resource first. A slash leads into an object.
        within: the property with the resource inside which the name is unique: the log group of a metric filter. Empty for
            a name that is unique in an account or a region.
    """

    paths: tuple[str, ...]
    within: str = ""


def _read_table() -> dict[str, Naming]:
    rows = json.loads(Path(__file__).with_name("name_properties.json").read_text("utf-8"))
    return {kind: Naming(tuple(row["paths"]), row.get("within", "")) for kind, row in rows.items()}


NAMINGS: Mapping[str, Naming] = _read_table()
"""By resource type."""


def value_at(properties: Any, path: str) -> Any:
    """The value at a path, such as ``DatabaseInput/Name``; None if the properties have no such value."""
    value = properties
    for key in path.split("/"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
