"""Web ACLs: what their logs and samples must not hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.parts import firewall
from tests.builders.support.function_modules import function_module
from tests.builders.support.paths import LAMBDA_SRC
from tests.builders.support.resources import one

TOKEN_HEADER = str(function_module("sessions.handler").TOKEN_HEADER)


@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_web_acl_logs_hold_no_credentials(platform: str) -> None:
    """The token of a session stood in clear in every request's line, and its hash alone is stored for that not to be."""
    fields = one(platform, "WebAclLogging").properties["RedactedFields"]
    names = [field["SingleHeader"]["Name"] for field in fields]
    secret = {"Authorization", "x-api-key", "X-Amz-Security-Token", TOKEN_HEADER, "Cookie"}
    assert {name.lower() for name in secret} <= set(names)
    assert names == [name.lower() for name in dict.fromkeys(names)], "in lower case, each once"
    assert len(names) <= 100, "WAF takes no more"


@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_sampled_requests_hold_no_credentials(platform: str) -> None:
    """What the logs leave out the samples still show; and a presigned request has its signature in the query string."""
    protections = one(platform, "WebAcl").properties["DataProtectionConfig"]["DataProtections"]
    fields = {entry["Field"]["FieldType"]: set(entry["Field"]["FieldKeys"]) for entry in protections}
    assert fields == {
        "SINGLE_HEADER": set(firewall.SECRET_HEADERS),
        "SINGLE_QUERY_ARGUMENT": {"X-Amz-Security-Token", "X-Amz-Signature"},
    }
    assert {entry["Action"] for entry in protections} == {"SUBSTITUTION"}


def test_the_functions_read_no_header_of_which_it_is_not_known_whether_it_is_secret() -> None:
    """A new one has to be sorted: into builders.firewall.SECRET_HEADERS, or here."""
    known = {"content-type", "content-encoding", "idempotency-key", *firewall.SECRET_HEADERS}
    read = {name.lower() for path in sorted(LAMBDA_SRC.rglob("*.py")) for name in _headers_read(path)}
    assert {"idempotency-key", TOKEN_HEADER.lower()} <= read
    assert read <= known


def _headers_read(path: Path) -> Iterator[str]:
    """The names that ``rest.header`` is called with; a name of the module stands for its value."""
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
