"""Web ACLs: what only counts, and what their logs and samples must not contain."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders.parts import firewall
from tests.builders.support.function_modules import function_module
from tests.builders.support.managed_rules import DOCUMENTED_RULES
from tests.builders.support.paths import LAMBDA_SRC
from tests.builders.support.resources import find_resource

TOKEN_HEADER = str(function_module("sessions.handler").TOKEN_HEADER)


def managed_groups(platform: str) -> dict[str, dict[str, Any]]:
    """The managed rule groups of the web ACL by name, each as its statement."""
    rules = find_resource(platform, "WebAcl").properties["Rules"]
    statements = [rule["Statement"].get("ManagedRuleGroupStatement") for rule in rules]
    return {statement["Name"]: statement for statement in statements if statement}


@pytest.mark.requirement("T-API-2", "T-DATA-1", "X-CDN-1")
@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_every_managed_rule_that_inspects_bodies_only_counts(platform: str) -> None:
    """Regression: of batches in gzip, rules for script and SQL injection blocked up to 65 %, each at every retry.

    The expectation comes from AWS's documentation, not from the builder's table.
    """
    groups = managed_groups(platform)
    assert groups
    for name, statement in groups.items():
        counted = {
            override["Name"]
            for override in statement.get("RuleActionOverrides", [])
            if override["ActionToUse"] == {"Count": {}}
        }
        assert counted == {rule for rule in DOCUMENTED_RULES[name] if rule.endswith("_BODY")}, name
    assert len(find_resource(platform, "WebAcl").body["Metadata"]["BodyRulesOnlyCount"]) > 40, "the reason"


@pytest.mark.requirement("T-API-2", "X-CDN-1")
@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_every_other_managed_rule_keeps_its_action(platform: str) -> None:
    for rule in find_resource(platform, "WebAcl").properties["Rules"][1:]:
        assert rule["OverrideAction"] == {"None": {}}
        for override in rule["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", []):
            assert override["Name"].endswith("_BODY")


def test_the_table_of_body_rules_is_that_of_the_documentation() -> None:
    """A group without a documented list of rules cannot be added to the web ACLs."""
    assert set(firewall.BODY_RULES) == set(DOCUMENTED_RULES)
    for group, rules in firewall.BODY_RULES.items():
        assert list(rules) == [rule for rule in DOCUMENTED_RULES[group] if rule.endswith("_BODY")], group


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
