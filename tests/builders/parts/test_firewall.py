"""Web ACLs: what their logs and samples must not contain."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.parts import firewall
from tests.builders.support.function_modules import function_module
from tests.builders.support.paths import LAMBDA_SRC
from tests.builders.support.resources import find_resource

TOKEN_HEADER = str(function_module("sessions.handler").TOKEN_HEADER)


@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_web_acl_logs_hold_no_credentials(platform: str) -> None:
    """Regression: every request's line contained a session's token in clear, of which the platform stores only the hash."""
    fields = find_resource(platform, "WebAclLogging").properties["RedactedFields"]
    names = [field["SingleHeader"]["Name"] for field in fields]
    secret = {"Authorization", "x-api-key", "X-Amz-Security-Token", TOKEN_HEADER, "Cookie"}
    assert {name.lower() for name in secret} <= set(names)
    assert names == [name.lower() for name in dict.fromkeys(names)], "in lower case, each once"
    assert len(names) <= 100, "WAF accepts no more"


@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_sampled_requests_hold_no_credentials(platform: str) -> None:
    """Samples show what only the logs redact. And a presigned request has its signature in the query string."""
    protections = find_resource(platform, "WebAcl").properties["DataProtectionConfig"]["DataProtections"]
    fields = {entry["Field"]["FieldType"]: set(entry["Field"]["FieldKeys"]) for entry in protections}
    assert fields == {
        "SINGLE_HEADER": set(firewall.SECRET_HEADERS),
        "SINGLE_QUERY_ARGUMENT": {"X-Amz-Security-Token", "X-Amz-Signature"},
    }
    assert {entry["Action"] for entry in protections} == {"SUBSTITUTION"}


def test_every_header_that_functions_read_is_known_as_secret_or_not() -> None:
    """A new header belongs either into ``builders.parts.firewall.SECRET_HEADERS`` or into the list here."""
    known = {"content-type", "content-encoding", "idempotency-key", *firewall.SECRET_HEADERS}
    headers = {name.lower() for path in sorted(LAMBDA_SRC.rglob("*.py")) for name in _headers_read(path)}
    assert {"idempotency-key", TOKEN_HEADER.lower()} <= headers
    assert headers <= known


def _headers_read(path: Path) -> Iterator[str]:
    """The header names in calls of ``rest.header``, with the module's constants replaced by their values."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        ast.unparse(node.targets[0]): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "rest.header":
            name = node.args[1]
            yield str(name.value if isinstance(name, ast.Constant) else constants[ast.unparse(name)])
