"""The boundary that the layout rests on: builders never talk to AWS, the deployer never builds templates."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.imports import imports

PROJECT = Path(__file__).parent.parent
FORBIDDEN = {
    "builders": {"boto3", "botocore", "deploy", "local", "gate"},
    "cfn": {"boto3", "botocore", "troposphere", "awacs", "builders", "deploy", "local", "gate"},
    "review": {"boto3", "botocore", "troposphere", "awacs", "builders", "deploy", "local", "gate"},
    "deploy": {"troposphere", "awacs", "builders", "local"},
    "tools/openapi": {"boto3", "troposphere", "awacs", "deploy", "local", "gate"},
    "gate": {"troposphere", "awacs", "builders", "boto3", "botocore", "deploy", "local"},
    "lambda_src": {"troposphere", "awacs", "builders", "deploy", "local", "gate", "payments"},
    "web_src": {"troposphere", "awacs", "builders", "deploy", "local", "gate", "common"},
}


@pytest.mark.parametrize("package", FORBIDDEN)
def test_packages_keep_their_boundaries(package: str) -> None:
    files = sorted((PROJECT / package).rglob("*.py"))
    assert files
    crossed = [
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in files
        for name in imports(path)
        if name.split(".")[0] in FORBIDDEN[package]
    ]
    assert not crossed


# --- Layers -----------------------------------------------------------------------------------------------------------

SOURCE_ROOTS = (PROJECT, PROJECT / "lambda_src", PROJECT / "web_src")
"""The folders whose packages import each other by name."""

LAYERS: dict[str, set[str]] = {
    # The embedded AWS, from the bottom up
    "local.host": set(),
    "local.market_data": set(),
    "local.databases": {"local.host"},
    "local.ministack": {"local.host"},
    "local.patches": {"local.host", "local.ministack"},
    "local.web": {"local.host", "local.ministack", "local.patches"},
    "local.resources": {"local.databases", "local.host", "local.ministack", "local.web"},
    "local.launch": {
        "local.databases",
        "local.host",
        "local.ministack",
        "local.patches",
        "local.resources",
        "local.web",
    },
    "local.cloud": {"local.host", "local.launch"},
    "local.testing": {"local.cloud", "local.host"},
    "local.lifecycle": {"local.cloud", "local.host"},
    "local.clients": {"local.cloud", "local.host"},
    "local.demos": {"deploy", "local.clients", "local.cloud", "local.host", "local.lifecycle", "local.market_data"},
    "local.__main__": {"local.cloud", "local.demos", "local.host", "local.lifecycle"},
}
"""Package or module → what it may import beside itself and what has no layer.

A module belongs to the longest name that leads to it. A name on the right includes all that lies below it. Imports
inside functions count.
"""


def modules() -> dict[str, Path]:
    """Every module of the repository by its dotted name, tests aside."""
    names: dict[str, Path] = {}
    for root in SOURCE_ROOTS:
        packages = [face.parent for face in sorted(root.glob("*/__init__.py"))]
        for path in [*root.glob("*.py"), *(path for package in packages for path in sorted(package.rglob("*.py")))]:
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            assert name not in names, f"{path} and {names[name]} have the same name"
            names[name] = path
    return names


MODULES = modules()


def below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def module_of(name: str) -> str | None:
    """The module that an imported name is, or is in; None outside of the repository."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


def imported_modules(name: str) -> set[str]:
    """The repository's modules that a module imports, also inside functions, but not the packages around them."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    names: set[str | None] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {module_of(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*parents, *([node.module] if node.module else [])])
            names |= {module_of(f"{source}.{alias.name}") for alias in node.names}
    return {target for target in names if target is not None and target != name}


def layer_of(name: str) -> str | None:
    return max((layer for layer in LAYERS if below(name, layer)), key=len, default=None)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_lower_layers(layer: str) -> None:
    members = [name for name in MODULES if layer_of(name) == layer]
    assert members
    crossed = [
        f"{name} imports {target}"
        for name in members
        for target in sorted(imported_modules(name))
        if layer_of(target) not in (None, layer) and not any(below(target, allowed) for allowed in LAYERS[layer])
    ]
    assert not crossed


def test_every_module_of_a_layered_package_belongs_to_a_layer() -> None:
    packages = {layer.split(".")[0] for layer in LAYERS}
    assert [name for name in MODULES if name.split(".")[0] in packages and layer_of(name) is None] == sorted(
        package for package in packages if package in MODULES and package not in LAYERS
    ), "only the face of a package may be above all layers"


def test_the_layers_themselves_have_no_circle() -> None:
    order = TopologicalSorter(
        {
            layer: {other for other in LAYERS for name in allowed if below(other, name) and other != layer}
            for layer, allowed in LAYERS.items()
        }
    )
    assert len(list(order.static_order())) == len(LAYERS)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """There was one of ten modules of local/."""
    order = TopologicalSorter({name: imported_modules(name) for name in MODULES})
    assert len(list(order.static_order())) == len(MODULES)


# --- What is loaded, length, and what functions log -----------------------------------------------------------------------


def test_generating_loads_nothing_that_talks_to_aws() -> None:
    script = "import generate, sys; print(sorted({'boto3', 'botocore', 'urllib3', 'requests'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_documents_and_reviews_load_nothing_that_talks_to_aws() -> None:
    """A module that imports one that imports botocore would pass the test of imports above."""
    script = (
        "import cfn, importlib, pkgutil, review, sys\n"
        "for package in (cfn, review):\n"
        "    for module in pkgutil.walk_packages(package.__path__, f'{package.__name__}.'):\n"
        "        importlib.import_module(module.name)\n"
        "print(sorted({'boto3', 'botocore', 'urllib3', 'deploy'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_no_module_is_too_long_to_read() -> None:
    long = {
        str(path.relative_to(PROJECT)): lines
        for package in ("builders", "cfn", "review", "deploy", "gate", "local", "lambda_src", "web_src", "bench")
        for path in (PROJECT / package).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert not long


# What writes an exception's text, or the whole event, to the log.
TEXT_KEYWORDS = {"exc_info", "stack_info", "log_event", "log_uncaught_exceptions"}
TEXT_CALLS = re.compile("exception|(format|print)_(exc|exception|exception_only|last|tb|list|stack)")


def logged_texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        asks = name == "exception" and not node.args  # a future's, which logs nothing
        if TEXT_CALLS.fullmatch(name) and not asks:
            yield f"{path.name}:{node.lineno} {name}()"
        for keyword in node.keywords:
            off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg in TEXT_KEYWORDS and not off:
                yield f"{path.name}:{node.lineno} {keyword.arg}="


@pytest.mark.requirement("T-FN-1")
def test_functions_never_log_an_exceptions_text() -> None:
    """``process`` did: a client's record, which DuckDB and PostgreSQL quote, reached the alert's mail.

    ``logger.error(…, extra=describe(error))`` logs type, code and place. The service's own formatter does so automatically.
    """
    assert not [text for path in sorted((PROJECT / "lambda_src").rglob("*.py")) for text in logged_texts(path)]


@pytest.mark.parametrize(
    ("line", "forbidden"),
    [
        ('logger.exception("failed")', True),
        ('logger.error("failed", exc_info=True)', True),
        ('logger.error("failed", exc_info=error)', True),
        ("print(traceback.format_exc())", True),
        ("traceback.print_exception(error)", True),
        ("logger.inject_lambda_context(log_event=True)(handler)", True),
        ("logger.inject_lambda_context(clear_state=True, log_event=False)(handler)", False),
        ('logger.error("failed", extra=describe(error))', False),
        ("error = future.exception()", False),
        ("frames = traceback.extract_tb(error.__traceback__)", False),
    ],
)
def test_an_exceptions_text_is_seen_on_its_way_to_the_log(line: str, forbidden: bool, tmp_path: Path) -> None:
    path = tmp_path / "handler.py"
    path.write_text(line)
    assert bool(list(logged_texts(path))) is forbidden
