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

from builders.platforms import PLATFORMS
from tests.support.imports import imports
from tools.layers import DIAGRAMS, LAYERS, diagram, imported_modules, is_allowed, is_below, layer_of, modules, write

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

MODULES = modules()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_lower_layers(layer: str) -> None:
    members = [name for name in MODULES if layer_of(name) == layer]
    assert members
    crossed = [
        f"{name} imports {target}"
        for name in members
        for target in sorted(imported_modules(name, MODULES))
        if not is_allowed(layer, target)
    ]
    assert not crossed


def test_every_module_is_in_a_layer() -> None:
    faces = {layer.split(".")[0] for layer in LAYERS} - set(LAYERS)
    assert {name for name in MODULES if layer_of(name) is None} == faces, (
        "only the face of a package is above its layers"
    )


def test_the_layers_themselves_have_no_circle() -> None:
    order = TopologicalSorter(
        {
            layer: {other for other in LAYERS for name in allowed if is_below(other, name) and other != layer}
            for layer, allowed in LAYERS.items()
        }
    )
    assert len(list(order.static_order())) == len(LAYERS)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """There was one of ten modules of local/."""
    order = TopologicalSorter({name: imported_modules(name, MODULES) for name in MODULES})
    assert len(list(order.static_order())) == len(MODULES)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_tier_imports_another_tier_of_its_platform(platform: str) -> None:
    """What tiers share is in ``facts``; values cross by ports."""
    files = {f"builders.{platform}.{tier.name}" for tier in PLATFORMS[platform].tiers} & MODULES.keys()
    tiers = {name for name in files if "\ndef build(" in MODULES[name].read_text(encoding="utf-8")}
    assert len(tiers) > 4
    assert not [(name, other) for name in tiers for other in imported_modules(name, MODULES) & (tiers - {name})]


def test_no_test_imports_from_another_test_module() -> None:
    """What tests share is in support/."""
    files = sorted((PROJECT / "tests").rglob("*.py"))
    crossed = [
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in files
        for name in imports(path)
        if name.startswith("tests.") and "support" not in name.split(".")
    ]
    assert len(files) > 200
    assert not crossed


def test_an_import_that_goes_up_is_found(tmp_path: Path) -> None:
    module = tmp_path / "text.py"
    module.write_text("def late() -> None:\n    from deploy.session import Aws\n")
    (target,) = imported_modules("cfn.text", {**MODULES, "cfn.text": module})
    assert (target, is_allowed("cfn", target)) == ("deploy.session", False)


def test_the_diagrams_of_the_docs_are_those_of_the_layers() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert all(f"<!-- graph:{mark} -->" in page for mark in DIAGRAMS)
    assert write(page) == page, "run make templates"


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    lines = diagram("").splitlines()
    assert "    deploy --> review" in lines
    assert "    deploy --> cfn" not in lines


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
