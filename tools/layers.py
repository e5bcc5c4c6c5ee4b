"""The layers of the repository: which package may import which, as one table, and the diagrams that follow from it.

``python -m tools.layers FILE`` writes the diagrams between the marks of a page, such as ``<!-- graph:packages -->``.
``tests/test_architecture.py`` reads every import, also inside functions, and fails for one that the table does not allow.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("tools.layers", "Interrupted. Repeat the command if the page has no diagram."))

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SOURCE_ROOTS = (PROJECT, PROJECT / "lambda_src", PROJECT / "web_src")
"""The folders whose packages import each other by name."""
FUNCTIONS = tuple(sorted(face.parent.name for face in SOURCE_ROOTS[1].glob("*/__init__.py")))
"""The folders of lambda_src, ``common`` among them."""

_TIER = ("builders.contract", "builders.iam", "builders.parts")
_CLOUD = ("local.databases", "local.host", "local.ministack", "local.patches", "local.resources", "local.web")

LAYERS: Mapping[str, tuple[str, ...]] = {
    "entry": (),
    # What is deployed. A function imports what all share and no other function; the service imports nothing of ours.
    **{name: () if name == "common" else ("common",) for name in FUNCTIONS},
    "payments": (),
    # Documents, reviews and checks: no call to AWS
    "cfn": (),
    "review.errors": ("cfn",),
    "review.examples": (),
    "review.findings": ("review.examples",),
    "review.resource_types": (),
    "review.access": ("cfn",),
    "review.plan": ("cfn", "review.errors", "review.findings"),
    "review.comparison": ("cfn", "review.findings", "review.plan", "review.resource_types"),
    "review.strength": ("cfn", "review.findings", "review.resource_types"),
    "review.judgement": (
        "cfn",
        "review.access",
        "review.comparison",
        "review.errors",
        "review.findings",
        "review.plan",
        "review.strength",
    ),
    "review.formats": ("cfn", "review.comparison", "review.findings", "review.judgement", "review.plan"),
    "gate": ("cfn", "entry"),
    # The deployer
    "deploy.errors": ("cfn",),
    "deploy.settings": ("deploy.errors",),
    "deploy.session": ("deploy.errors",),
    "deploy.packaging": ("cfn", "deploy.errors", "deploy.session", "deploy.settings"),
    "deploy.comparing": ("cfn", "deploy.errors", "deploy.settings", "review"),
    "deploy.planning": ("cfn", "deploy.errors", "deploy.packaging", "deploy.session", "deploy.settings", "review"),
    "deploy.execution": ("cfn", "deploy.errors", "deploy.planning", "deploy.session", "review"),
    "deploy.replaying": ("cfn", "deploy.errors", "deploy.session"),
    "deploy.console": ("cfn", "deploy.errors"),
    "deploy.commands": (
        "cfn",
        "deploy.comparing",
        "deploy.console",
        "deploy.errors",
        "deploy.execution",
        "deploy.packaging",
        "deploy.planning",
        "deploy.replaying",
        "deploy.session",
        "deploy.settings",
        "review",
    ),
    "deploy.arguments": ("deploy.replaying", "review"),
    # It imports a command's module by name, when the command runs.
    "deploy.cli": (
        "cfn",
        "deploy.arguments",
        "deploy.commands",
        "deploy.console",
        "deploy.session",
        "deploy.settings",
        "entry",
    ),
    "deploy.__main__": ("deploy.cli", "entry"),
    # From platforms to templates
    "builders.contract": (),
    "builders.iam": ("builders.contract", "cfn"),
    "builders.parts": ("builders.contract", "builders.iam"),
    "builders.tiers": _TIER,
    "builders.assembly": ("builders.contract", "builders.parts", "cfn"),
    "builders.trading": (*_TIER, "builders.tiers", "common"),  # the API's model comes from the functions' schema
    "builders.transactions": (*_TIER, "builders.tiers"),
    "builders.platforms": ("builders.trading", "builders.transactions"),
    "generate": ("builders", "entry"),
    # The embedded AWS
    "local.host": ("entry",),
    "local.market_data": ("entry",),
    "local.databases": ("local.host",),
    "local.ministack": ("local.host",),
    "local.patches": ("local.host", "local.ministack"),
    "local.web": ("local.host", "local.ministack", "local.patches"),
    "local.resources": ("local.databases", "local.host", "local.ministack", "local.web"),
    "local.launch": _CLOUD,
    "local.cloud": ("entry", "local.host", "local.launch"),
    "local.testing": ("local.cloud", "local.host"),
    "local.lifecycle": ("local.cloud", "local.host"),
    "local.clients": ("local.cloud", "local.host"),
    "local.demos": (
        "deploy",
        "entry",
        "local.clients",
        "local.cloud",
        "local.host",
        "local.lifecycle",
        "local.market_data",
    ),
    "local.__main__": ("entry", "local.cloud", "local.demos", "local.host", "local.lifecycle"),
    # What looks after the project and measures it
    "tools": ("builders", "cfn", "common", "entry", "gate", "local.host", "review"),
    "bench": ("builders", "cfn", "deploy", "entry", "local", "review"),
}
"""Package or module → what it may import beside itself.

A module belongs to the longest name that leads to it. A name on the right includes all that lies below it.
"""

DIAGRAMS = {"packages": "", "review": "review", "builders": "builders", "deploy": "deploy", "local": "local"}
"""Mark in a page → the package whose layers its diagram shows; empty for the packages of the whole repository."""


# --- Modules and their imports --------------------------------------------------------------------------------------


def modules() -> dict[str, Path]:
    """Every module of the repository by its dotted name, without tests and without what npm installs.

    Raises:
        ValueError: Two files have the same name.
    """
    paths: dict[str, Path] = {}
    for root in SOURCE_ROOTS:
        packages = [face.parent for face in sorted(root.glob("*/__init__.py"))]
        for path in [*root.glob("*.py"), *(path for package in packages for path in sorted(package.rglob("*.py")))]:
            parts = path.relative_to(root).with_suffix("").parts
            if "node_modules" in parts:
                continue
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if name in paths:
                raise ValueError(f"{path} and {paths[name]} have the same name.")
            paths[name] = path
    return paths


def imported_modules(name: str, paths: Mapping[str, Path]) -> set[str]:
    """The repository's modules that a module imports, also inside functions, but not the packages around them."""
    package = name if paths[name].name == "__init__.py" else name.rpartition(".")[0]
    targets: set[str | None] = set()
    for node in ast.walk(ast.parse(paths[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets |= {_known(alias.name, paths) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*parents, *([node.module] if node.module else [])])
            targets |= {_known(f"{source}.{alias.name}", paths) for alias in node.names}
    return {target for target in targets if target is not None and target != name}


def _known(name: str, paths: Mapping[str, Path]) -> str | None:
    """The module that an imported name is, or is in; None outside of the repository."""
    name = name.removeprefix("lambda_src.")  # as builders and tools import it
    while name and name not in paths:
        name = name.rpartition(".")[0]
    return name or None


def is_below(name: str, package: str) -> bool:
    """Whether a module is a package or in it."""
    return name == package or name.startswith(f"{package}.")


def layer_of(name: str) -> str | None:
    """The layer of a module; None for the face of a package whose folders are layers."""
    return max((layer for layer in LAYERS if is_below(name, layer)), key=len, default=None)


def is_allowed(layer: str, target: str) -> bool:
    """Whether the modules of a layer may import a module."""
    return layer_of(target) in (None, layer) or any(is_below(target, allowed) for allowed in LAYERS[layer])


# --- Diagrams -------------------------------------------------------------------------------------------------------


def diagram(package: str) -> str:
    """A Mermaid diagram of the layers below a package, or of the packages if it is empty; an arrow means "imports"."""
    imports: dict[str, set[str]] = {}
    for layer, allowed in LAYERS.items():
        node = _node(layer, package)
        if node is not None:
            targets = {_node(target, package) for target in allowed} - {node, None}
            imports.setdefault(node, set()).update(target for target in targets if target is not None)
    lines = [f"    {node}" for node in imports]
    lines += [f"    {node} --> {target}" for node in imports for target in _direct(node, imports)]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def _node(layer: str, package: str) -> str | None:
    """The box of a layer in the diagram of a package."""
    if package:
        return layer.removeprefix(f"{package}.") if layer.startswith(f"{package}.") else None
    top = layer.split(".")[0]
    return {"payments": "web_src"}.get(top, "lambda_src" if top in FUNCTIONS else top)


def _direct(node: str, imports: Mapping[str, set[str]]) -> list[str]:
    """The targets that no other target leads to: an arrow that follows from others is left out."""

    def reachable(start: str) -> set[str]:
        return {start}.union(*(reachable(target) for target in imports.get(start, ())))

    targets = sorted(imports[node])
    return [target for target in targets if not any(target in reachable(other) - {other} for other in targets)]


def write(page: str) -> str:
    """The page with the diagrams between its marks."""
    for mark, package in DIAGRAMS.items():
        between = re.compile(f"(<!-- graph:{mark} -->\n).*?(<!-- /graph:{mark} -->)", re.DOTALL)
        drawn = f"{diagram(package)}\n"
        page = between.sub(rf"\g<1>{drawn}\g<2>", page)
    return page


def levels(layers: Iterable[str] = ()) -> int:
    """How many levels the given layers have, or all: the longest way down, in layers."""
    chosen = set(layers) or set(LAYERS)
    below = {
        layer: {other for other in chosen - {layer} if any(is_below(other, name) for name in LAYERS[layer])}
        for layer in chosen
    }
    depth: dict[str, int] = {}
    for layer in TopologicalSorter(below).static_order():
        depth[layer] = 1 + max((depth[other] for other in below[layer]), default=0)
    return max(depth.values())


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the diagrams into the page that is named; returns 0."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if len(arguments) != 1:
        print("usage: python -m tools.layers FILE", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    path.write_text(write(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0
