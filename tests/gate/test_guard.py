"""The project's rules in Guard: how their files are read, and how their findings look."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.findings import Finding, Level, Tool
from gate.guard import guard_files, guard_rules, guard_source
from gate.run import _own_sources
from gate.templates import TemplateFile
from gate.validate import validate_templates
from tests.gate.support.planted_templates import NEAR_MISSES, TEMPLATES

pytestmark = pytest.mark.requirement("G-1")
BUCKET = "Resources:\n  Orders:\n    Type: AWS::S3::Bucket\n"


def findings(text: str, rule: str) -> list[Finding]:
    template = TemplateFile("templates/single.yaml", Path("templates/single.yaml"), text.encode())
    return [item for item in validate_templates([template], b"")[template.name] if item.rule == rule]


def test_file_has_one_rule_with_the_code_of_its_comment() -> None:
    for file in guard_files():
        assert file.source.count("\nrule ") == 1
        assert f"\nrule {file.rule.id} {{" in file.source
    assert len(guard_rules()) == len(guard_files())


def test_all_rules_are_one_source() -> None:
    assert all(f"rule {code} " in guard_source() for code in guard_rules())


def test_finding_has_the_rules_own_words_and_place() -> None:
    text = BUCKET + "    Properties:\n      AccessControl: PublicRead\n"
    (finding,) = (item for item in findings(text, "E9830") if "AccessControl" in item.message)
    rule = guard_rules()["E9830"]
    assert (finding.line, finding.resource, finding.level) == (5, "Orders", Level.ERROR)
    assert (finding.message, finding.title) == ("AccessControl makes the bucket public", rule.shortdesc)
    assert (finding.tool, finding.help_uri) == (Tool.CLOUDFORMATION_VALIDATE, rule.source_url)


def test_missing_property_is_reported_in_plain_words() -> None:
    """Guard itself would say which of its checks failed."""
    (message,) = {item.message for item in findings(BUCKET, "E9830")}
    assert message == "not so: Buckets block public access"


def test_resource_suppresses_a_rule_in_guard_as_it_does_one_of_cfn_lint() -> None:
    ignoring = "    Metadata: {cfn-lint: {config: {ignore_checks: [E9830]}, reasons: {E9830: a bucket for a test}}}\n"
    assert findings(BUCKET + ignoring, "E9830") == []
    assert findings(BUCKET + ignoring, "E9839") != []


def test_key_of_the_cache_covers_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _own_sources.__wrapped__()
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b" " if path.suffix == ".guard" else b""))
    assert _own_sources.__wrapped__() != before


def test_rules_report_their_plants_and_no_near_miss() -> None:
    plants = {plant.file_name: (plant.rule, plant.text) for plant in TEMPLATES if plant.rule in guard_rules()}
    misses = {name: row for name, row in NEAR_MISSES.items() if row[0] in guard_rules()}
    texts = {name: text for name, (_, text) in (plants | misses).items()}
    files = [TemplateFile(name, Path(name), text.encode()) for name, text in texts.items()]
    found = {name: {item.rule for item in items} for name, items in validate_templates(files, b"").items()}
    assert [name for name, (rule, _) in plants.items() if rule not in found[name]] == []
    assert [name for name, (rule, _) in misses.items() if rule in found[name]] == []
