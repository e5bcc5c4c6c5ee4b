"""The report of each pack becomes findings with template, resource and form."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.packs import cdk_nag, cfn_guard, checkov
from tools.packs.forms import TemplateForm
from tools.packs.process import output_of
from tools.packs.results import Finding, PackReport, PacksError, Subject

FORM = TemplateForm("shop/storage", "prod", {"Resources": {}})


def program(folder: Path, output: Any, exit_code: int = 0) -> Path:
    """A program that prints a document, and a list of checks if asked for it."""
    path = folder / "program"
    text = output if isinstance(output, str) else json.dumps(output)
    path.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"print({CHECKS!r} if '--list' in sys.argv else {text!r})\nsys.exit({exit_code})\n"
    )
    path.chmod(0o755)
    return path


CHECKS = "| | Id | Type |\n|  0 | CKV_AWS_2 | resource | AWS::X |\n|  1 | CKV_AWS_18 | resource | AWS::S3::Bucket |"


def test_findings_of_checkov(tmp_path: Path) -> None:
    file = tmp_path / "storage.json"
    failed = {
        "check_id": "CKV_AWS_18",
        "check_name": "log it",
        "file_abs_path": str(file),
        "resource": "AWS::S3::Bucket.Raw",
    }
    report = {"summary": {"parsing_errors": 0}, "results": {"failed_checks": [failed, failed]}}
    subject = Subject("shop/storage", "Raw")
    assert checkov.run(program(tmp_path, report), tmp_path, {file: FORM}) == PackReport(
        "checkov",
        "checkov",
        frozenset({"CKV_AWS_2", "CKV_AWS_18"}),
        frozenset(),
        (Finding("CKV_AWS_18", subject, "prod", "log it"),),
    )


def test_a_template_that_checkov_cannot_read_is_an_error(tmp_path: Path) -> None:
    report = {"summary": {"parsing_errors": 1}, "results": {"failed_checks": []}}
    with pytest.raises(PacksError, match="could not read every template"):
        checkov.run(program(tmp_path, report), tmp_path, {})


def test_findings_of_cdk_nag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "storage.json"
    failed = {"file": str(file), "rule": "AwsSolutions-S1", "resource": "Raw", "description": "log it"}
    node = program(tmp_path, {"rules": ["AwsSolutions-S1", "AwsSolutions-S2"], "findings": [failed]})
    node.rename(tmp_path / "node")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    report = cdk_nag.run(tmp_path / "nag.js", tmp_path, {file: FORM})
    assert report.rules == {"AwsSolutions-S1", "AwsSolutions-S2"}
    assert report.findings == (Finding("AwsSolutions-S1", Subject("shop/storage", "Raw"), "prod", "log it"),)
    assert (tmp_path / "files.txt").read_text() == str(file)


def guard(folder: Path, failed: list[dict[str, Any]], file: Path) -> Path:
    """A folder ``node_modules`` with two rules and a program whose report has these failed rules."""
    rules = folder / cfn_guard.PACKAGE / "rules" / "control-tower" / "cfn-guard"
    rules.mkdir(parents=True)
    (rules / "s3.guard").write_text(
        "rule lock_check when is_cfn_template(this) { }\nrule check(bucket) { }\n"
        "rule is_cfn_template(doc) { }\nrule log_check { }\n"
    )
    command = cfn_guard.program(folder)
    command.parent.mkdir(parents=True)
    report = [{"name": str(file), "not_compliant": [{"Rule": rule} for rule in failed]}]
    program(command.parent, report, exit_code=19).rename(command)
    return folder


def test_findings_of_guard_have_every_resource_that_a_clause_names(tmp_path: Path) -> None:
    clause = {
        "Clause": {
            "Unary": {"messages": {"error_message": "[/Resources/Raw/Properties[L:1]] and [/Resources/Old/Properties]"}}
        }
    }
    nested = {
        "Rule": {"name": "check", "messages": {"custom_message": "\n [CT.S3.PR.1]: lock it\n"}, "checks": [clause]}
    }
    file = tmp_path / "storage.json"
    node = guard(tmp_path, [{"name": "lock_check", "checks": [nested]}, {"name": "log_check", "checks": []}], file)
    report = cfn_guard.run(node, {file: FORM})
    assert report.rules == {"lock_check", "log_check"}
    assert [(finding.rule, str(finding.subject), finding.message) for finding in report.findings] == [
        ("lock_check", "shop/storage:Old", "[CT.S3.PR.1]: lock it"),
        ("lock_check", "shop/storage:Raw", "[CT.S3.PR.1]: lock it"),
        ("log_check", "shop/storage:", "log_check"),
    ]


def test_rules_of_the_registry_are_known_without_it_and_run_with_it(tmp_path: Path) -> None:
    file = tmp_path / "storage.json"
    node = guard(tmp_path, [], file)
    assert "S3_BUCKET_REPLICATION_ENABLED" in cfn_guard.run(node, {file: FORM}).other_rules
    registry = tmp_path / "registry"
    (registry / "rules").mkdir(parents=True)
    (registry / "rules" / "one.guard").write_text("rule S3_BUCKET_REPLICATION_ENABLED { }\n")
    report = cfn_guard.run(node, {file: FORM}, registry)
    assert "S3_BUCKET_REPLICATION_ENABLED" in report.rules
    assert not report.other_rules


def test_a_folder_that_is_no_registry_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PacksError, match="has no folder `rules`"):
        cfn_guard.run(tmp_path, {}, tmp_path)


def test_a_pack_that_is_not_installed_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PacksError, match="Run `make packs`"):
        output_of([tmp_path / "checkov"])


def test_a_pack_that_fails_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(PacksError, match=r"program ended with exit code 3"):
        output_of([program(tmp_path, "", exit_code=3)])
