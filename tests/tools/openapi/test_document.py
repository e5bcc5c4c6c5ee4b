"""The published OpenAPI document is complete, current, and true of the functions' answers."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from builders.trading.routes import ROUTES, Route
from lambda_src.common import schema
from tests.tools.openapi.support.document import DOCUMENT, validator
from tools.openapi import examples
from tools.openapi.__main__ import TARGET, main
from tools.openapi.document import render
from tools.openapi.error_answers import ERROR_ANSWERS
from tools.openapi.functions import SOURCE, function_module

pytestmark = pytest.mark.requirement("T-API-1", "T-DATA-1", "T-DATA-4", "T-DATA-5")


def operations() -> Iterator[tuple[Route, dict[str, Any]]]:
    for route in ROUTES:
        yield route, DOCUMENT["paths"][route.path][route.method.lower()]


def contents() -> Iterator[dict[str, Any]]:
    """Yield each media type of a request or answer that refers to a schema."""
    for _, operation in operations():
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            yield from (content for content in part.get("content", {}).values() if "$ref" in content["schema"])


def test_committed_document_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, f"run python -m tools.openapi\n{capsys.readouterr().out}"


def test_stale_document_is_reported_with_its_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "openapi.yaml"
    assert main(["--check", "--out", str(target)]) == 1
    assert main(["--out", str(target)]) == 0
    assert main(["--check", "--out", str(target)]) == 0
    target.write_text(target.read_text().replace("202", "200", 1))
    capsys.readouterr()
    assert main(["--check", "--out", str(target)]) == 1
    assert "+" in capsys.readouterr().out


def test_text_reads_back_as_the_same_document() -> None:
    assert yaml.safe_load(render(DOCUMENT)) == DOCUMENT
    assert yaml.safe_load(TARGET.read_text(encoding="utf-8"))["openapi"] == "3.1.0"


def test_each_route_is_described_and_nothing_else() -> None:
    methods = {"get", "post", "put", "delete", "patch"}
    described = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item.keys() & methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    identifiers = [operation["operationId"] for _, operation in operations()]
    assert len(set(identifiers)) == len(ROUTES)
    for route, operation in operations():
        parameters = operation.get("parameters", [])
        in_query = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
        assert in_query == list(route.query)
        in_path = [parameter["name"] for parameter in DOCUMENT["paths"][route.path].get("parameters", [])]
        assert in_path == re.findall(r"{(\w+)}", route.path)


def test_all_routes_except_the_open_one_need_signature_and_key() -> None:
    assert DOCUMENT["security"] == [{"signature": [], "apiKey": []}]
    assert DOCUMENT["security"][0].keys() == DOCUMENT["components"]["securitySchemes"].keys()
    for route, operation in operations():
        assert (operation.get("security") == []) is route.open


def test_each_reference_has_its_schema_and_each_schema_is_valid_and_used() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(DOCUMENT)))
    assert used == schemas.keys()
    for part in schemas.values():
        jsonschema.Draft202012Validator.check_schema(part)


def test_each_example_is_valid_by_its_schema() -> None:
    shown = [content for content in contents() if "example" in content]
    assert len(shown) >= 9
    for content in shown:
        name = content["schema"]["$ref"].rpartition("/")[2]
        faults = [error.json_path for error in validator(name).iter_errors(content["example"])]
        # The last record of the request is invalid on purpose.
        assert faults == (["$.records[2]"] if name == "MarketDataBatch" else []), name


def test_records_have_the_schemas_of_the_validator() -> None:
    for kind in schema.RECORD_TYPES.values():
        assert DOCUMENT["components"]["schemas"][kind.name.capitalize()] == schema.record_json_schema(kind)


def raised_errors(function: str) -> set[tuple[int, str]]:
    """Return status and code of each RequestError in the source of a function and in the modules that it shares."""
    shared = ("common/rest.py", "common/entitlements.py")
    errors = set()
    for path in [*(SOURCE / function).glob("*.py"), *(SOURCE / name for name in shared)]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RequestError" and len(node.args) > 1:
                status, code = node.args[:2]
                if isinstance(status, ast.Constant) and isinstance(code, ast.Constant):
                    errors.add((int(str(status.value)), str(code.value)))
    return errors


@pytest.mark.parametrize("function", ["ingest", "query", "sessions"])
def test_each_error_in_a_functions_source_is_described(function: str) -> None:
    described = {(error.status, error.code) for error in ERROR_ANSWERS if error.function == function}
    in_source = raised_errors(function)
    assert len(in_source) >= 5
    # Helpers raise the codes of 503, and the one for invalid base64 in a request without a body.
    assert in_source - described <= ({(400, "malformed_body")} if function == "query" else set())
    by_helpers = {(503, "service_unavailable"), (503, "database_unavailable")}
    assert described - in_source <= by_helpers


def keys_returned_by(path: Path, function: str) -> list[str]:
    """Return the keys of the dictionary that a function returns."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            returns = [inner for inner in ast.walk(node) if isinstance(inner, ast.Return)]
            dictionaries = [inner.value for inner in returns if isinstance(inner.value, ast.Dict)]
            return [str(key.value) for key in dictionaries[0].keys if isinstance(key, ast.Constant)]
    raise AssertionError(f"{path} has no function {function}")


def test_bars_and_analytics_have_the_members_of_the_answer() -> None:
    analytics = SOURCE / "query" / "analytics.py"
    assert ["start", *keys_returned_by(analytics, "summarise")] == list(examples.analytics())
    assert keys_returned_by(analytics, "ohlcv") == list(examples.PRICES)
    for name, part in DOCUMENT["components"]["schemas"]["Analytics"]["properties"].items():
        assert len(part["description"]) > 10, name


def test_limits_are_those_of_the_functions() -> None:
    text = json.dumps(DOCUMENT["paths"]["/v1/market-data"])
    for limit in (function_module("ingest.validation").MAX_RECORDS, function_module("ingest.batch").LAMBDA_EVENT_BYTES):
        assert f"{limit:,}" in text
