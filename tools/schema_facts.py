"""``python -m tools.schema_facts`` writes review/resource_types/schema_facts.json from the schemas of the installed cfn-lint.

It reads the schemas that cfn-lint brings, not those that ``cfn-lint --update-specs`` puts into the user's cache, and does not
import cfn-lint. So the file depends on the lock alone.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("tools.schema_facts", "Interrupted. The file may be incomplete. Repeat the command."))

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from review.resource_types.schema_facts import FILE

Schema = Mapping[str, Any]

_POINTERS = {
    "create_only": "createOnlyProperties",
    "conditional_create_only": "conditionalCreateOnlyProperties",
    "read_only": "readOnlyProperties",
    "primary_identifier": "primaryIdentifier",
}
"""The facts that a schema lists as pointers, and the key of each list."""


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the file and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.schema_facts", description="Writes the facts of all types.")
    parser.add_argument("--out", type=Path, default=FILE, help="default: review/resource_types/schema_facts.json")
    options = parser.parse_args(argv)
    options.out.write_text(text(installed_schemas()), encoding="utf-8")
    return 0


def installed_schemas() -> Iterator[Schema]:
    """The schemas of all types of all regions, each once, as cfn-lint brings them."""
    package = find_spec("cfnlint")
    if package is None or package.origin is None:
        raise SystemExit("cfn-lint is not installed. Call `make setup`.")
    folder = Path(package.origin).parent / "data" / "schemas"
    regions = (path for path in sorted((folder / "providers").glob("*.json")) if path.stem != "sam")
    digests = {digest for path in regions for digest in _read(path).values()}
    for digest in sorted(digests):
        yield _read(folder / "resources" / f"{digest}.json")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def text(schemas: Iterable[Schema]) -> str:
    """The content of the file: one line for each type, sorted."""
    facts: dict[str, dict[str, set[str]]] = {}
    for schema in schemas:
        _merge(facts.setdefault(schema["typeName"], {}), _facts(schema))
    lines = [f"{json.dumps(name)}:{_dump(facts[name])}" for name in sorted(facts)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _merge(known: dict[str, set[str]], found: Mapping[str, set[str]]) -> None:
    """Add the facts of one more region: a place is create-only if any region says so, unordered if all do."""
    unordered = known["unordered"] & found["unordered"] if known else found["unordered"]
    known.update({name: known.get(name, set()) | paths for name, paths in found.items()}, unordered=unordered)


def _dump(facts: Mapping[str, set[str]]) -> str:
    return json.dumps({name: sorted(paths) for name, paths in facts.items() if paths}, separators=(",", ":"))


def _facts(schema: Schema) -> dict[str, set[str]]:
    facts = {name: set(map(_path, schema.get(key) or ())) for name, key in _POINTERS.items()}
    return {**facts, "unordered": _unordered(schema)}


def _path(pointer: str) -> str:
    """``/properties/A/*/B``, which stands for B of any item of the list A, gives ``A/B``."""
    root, *parts = pointer.removeprefix("/").split("/")
    if root != "properties":
        raise ValueError(f"{pointer} is not a pointer to a property.")
    return "/".join(part for part in parts if part != "*")


# --- Lists without an order -----------------------------------------------------------------------------------------


def _unordered(schema: Schema) -> set[str]:
    """The paths at which every list is without an order."""
    orders: dict[str, set[bool]] = defaultdict(set)
    for name, node in schema.get("properties", {}).items():
        for path, ordered in _lists(schema, node, name, frozenset()):
            orders[path].add(ordered)
    # A resource has one value for each key of its tags, which AWS returns in any order.
    tags = (schema.get("tagging") or {}).get("tagProperty", "")
    return {path for path, ordered in orders.items() if ordered == {False} or f"/properties/{path}" == tags}


def _lists(schema: Schema, node: Schema, path: str, above: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """The path of each list at or below a node, and whether it has an order; a definition within itself is left out."""
    reference = node.get("$ref")
    if reference is not None:
        if reference not in above:
            yield from _lists(schema, _resolve(schema, reference) | _without_reference(node), path, above | {reference})
        return
    if "items" in node:
        yield path, node.get("insertionOrder", True) is not False
        if isinstance(node["items"], dict):
            yield from _lists(schema, node["items"], path, above)
    for name, member in node.get("properties", {}).items():
        yield from _lists(schema, member, f"{path}/{name}", above)
    for option in (option for key in ("allOf", "anyOf", "oneOf") for option in node.get(key, ())):
        if isinstance(option, dict):
            yield from _lists(schema, option, path, above)


def _resolve(schema: Schema, reference: str) -> dict[str, Any]:
    node: Any = schema
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return dict(node)


def _without_reference(node: Schema) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key != "$ref"}
