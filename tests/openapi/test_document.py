"""The published OpenAPI document is complete, current, and correct about the functions' answers."""

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
from openapi import errors, examples
from openapi.__main__ import TARGET, main
from openapi.document import render
from openapi.functions import SOURCE, module
from tests.openapi.support.document import DOCUMENT, validator

pytestmark = pytest.mark.requirement("T-API-1", "T-DATA-1", "T-DATA-4", "T-DATA-5")


def operations() -> Iterator[tuple[Route, dict[str, Any]]]:
    for route in ROUTES:
        yield route, DOCUMENT["paths"][route.path][route.method.lower()]


def contents() -> Iterator[dict[str, Any]]:
    """Every media type of every request and answer that refers to a schema."""
    for _, operation in operations():
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            yield from (c for c in part.get("content", {}).values() if "$ref" in c["schema"])


def test_the_committed_document_is_the_output_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, f"run python -m openapi\n{capsys.readouterr().out}"


def test_a_stale_document_is_reported_with_its_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "openapi.yaml"
    assert main(["--check", "--out", str(target)]) == 1
    assert main(["--out", str(target)]) == 0
    assert main(["--check", "--out", str(target)]) == 0
    target.write_text(target.read_text().replace("202", "200", 1))
    capsys.readouterr()
    assert main(["--check", "--out", str(target)]) == 1
    assert "+" in capsys.readouterr().out


def test_the_written_document_reads_back_as_the_same_document() -> None:
    assert yaml.safe_load(render(DOCUMENT)) == DOCUMENT
    assert yaml.safe_load(TARGET.read_text(encoding="utf-8"))["openapi"] == "3.1.0"


def test_every_route_is_described_and_nothing_else() -> None:
    methods = {"get", "post", "put", "delete", "patch"}
    described = {(m.upper(), path) for path, item in DOCUMENT["paths"].items() for m in item.keys() & methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    identifiers = [operation["operationId"] for _, operation in operations()]
    assert len(set(identifiers)) == len(ROUTES)
    for route, operation in operations():
        in_query = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
        assert in_query == list(route.query)
        in_path = [p["name"] for p in DOCUMENT["paths"][route.path].get("parameters", [])]
        assert in_path == re.findall(r"{(\w+)}", route.path)


def test_all_routes_except_the_open_one_demand_signature_and_key() -> None:
    assert DOCUMENT["security"] == [{"signature": [], "apiKey": []}]
    assert DOCUMENT["security"][0].keys() == DOCUMENT["components"]["securitySchemes"].keys()
    for route, operation in operations():
        assert (operation.get("security") == []) is route.open


def test_every_reference_leads_to_a_schema_and_every_schema_is_valid_and_used() -> None:
    known = DOCUMENT["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(DOCUMENT)))
    assert used == known.keys()
    for part in known.values():
        jsonschema.Draft202012Validator.check_schema(part)


def test_every_example_is_valid_by_its_schema() -> None:
    shown = [content for content in contents() if "example" in content]
    assert len(shown) >= 9
    for content in shown:
        name = content["schema"]["$ref"].rpartition("/")[2]
        faults = [error.json_path for error in validator(name).iter_errors(content["example"])]
        # The function must reject the last record of the example of a request.
        assert faults == (["$.records[2]"] if name == "MarketDataBatch" else []), name


def test_records_are_the_schemas_own() -> None:
    for kind in schema.RECORD_TYPES.values():
        assert DOCUMENT["components"]["schemas"][kind.name.capitalize()] == schema.record_json_schema(kind)


def rejections(function: str) -> set[tuple[int, str]]:
    """Status and code of each RequestError in the source of a function and of the modules that functions share."""
    shared = ("common/rest.py", "common/entitlements.py")
    statuses_and_codes = set()
    for path in [*(SOURCE / function).glob("*.py"), *(SOURCE / name for name in shared)]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RequestError" and len(node.args) > 1:
                status, code = node.args[:2]
                if isinstance(status, ast.Constant) and isinstance(code, ast.Constant):
                    statuses_and_codes.add((int(str(status.value)), str(code.value)))
    return statuses_and_codes


@pytest.mark.parametrize("function", ["ingest", "query", "sessions"])
def test_every_rejection_in_a_functions_source_is_described(function: str) -> None:
    described = {(fault.status, fault.code) for fault in errors.FAULTS if fault.function == function}
    in_source = rejections(function)
    assert len(in_source) >= 5
    # A helper raises the codes of 503; query never gets a body and so no broken base64.
    assert in_source - described <= ({(400, "malformed_body")} if function == "query" else set())
    raised_by_helpers = {(503, "service_unavailable"), (503, "database_unavailable")}
    assert described - in_source <= raised_by_helpers


def keys_returned_by(path: Path, function: str) -> list[str]:
    """The keys of the dictionary that a function returns."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            dictionaries = [
                n.value for n in ast.walk(node) if isinstance(n, ast.Return) and isinstance(n.value, ast.Dict)
            ]
            return [str(key.value) for key in dictionaries[0].keys if isinstance(key, ast.Constant)]
    raise AssertionError(f"{path} has no function {function}")


def test_bars_and_analytics_have_the_members_of_the_functions_answer() -> None:
    analytics = SOURCE / "query" / "analytics.py"
    assert ["start", *keys_returned_by(analytics, "summarise")] == list(examples.analytics())
    assert keys_returned_by(analytics, "ohlcv") == list(examples.PRICES)
    for name, part in DOCUMENT["components"]["schemas"]["Analytics"]["properties"].items():
        assert len(part["description"]) > 10, name


def test_the_limits_are_those_of_the_functions() -> None:
    text = json.dumps(DOCUMENT["paths"]["/v1/market-data"])
    for limit in (module("ingest.validation").MAX_RECORDS, module("ingest.batch").LAMBDA_EVENT_BYTES):
        assert f"{limit:,}" in text
