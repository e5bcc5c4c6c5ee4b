"""The whole gate on a small project, with cfn-lint in its worker processes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gate.configuration import read_configuration
from gate.errors import WorkerError
from gate.run import GateRequest, GateResult, _keys, run_checks
from gate.templates import find_templates
from tests.gate.support.projects import Edit


def request_for(root: Path) -> GateRequest:
    return GateRequest(root=root, cache_folder=root / ".cache", jobs=2)


def add_rule(root: Path, edit: Edit, statement: str) -> None:
    """Adds a rule of cfn-lint that runs a statement for each template."""
    rules = root / "rules"
    rules.mkdir()
    (rules / "rule.py").write_text(
        "import os\n"
        "from cfnlint.rules import CloudFormationLintRule\n"
        "class Rule(CloudFormationLintRule):\n"
        "    id = 'E9899'\n"
        "    def match(self, cfn):\n"
        f"        {statement}\n"
    )
    edit(".cfnlintrc", "append_rules:", "append_rules:\n  - rules")


def summarize(result: GateResult) -> set[tuple[str, str, str]]:
    return {(finding.tool, finding.rule, finding.file) for finding in result.findings}


@pytest.mark.slow
def test_faults_of_every_kind_are_reported_in_one_run_and_cached(demo: Path, edit: Edit) -> None:
    """In a template (both tools), across templates, against the project's rules, in parameters and configuration."""
    root, logs = "templates/demo/root.yaml", "templates/demo/logs.yaml"
    edit(root, "!GetAtt Logs.Outputs.LogGroup", "!GetAtt Logs.Outputs.Missing")
    edit(root, "Value: demo", "Value: !GetAtt Logs.Outputs.Missing")
    edit(root, "        RetentionDays: !Ref RetentionDays\n", "")
    edit(logs, "      RetentionInDays: !Ref RetentionDays", "      Colour: red")
    edit(logs, "!Sub demo-${EnvironmentSuffix}", "demo")
    edit("params/demo/dev.json", '"30"', '"500"')
    edit(".cfnlintrc", "ignore_checks:", "ignore_checks:\n  - W1001")
    first = run_checks(request_for(demo))
    assert summarize(first) >= {
        ("cfn-lint", "E1010", root),
        ("cfn-lint", "E6101", root),
        ("cfn-lint", "E3043", root),
        ("cfn-lint", "W2001", root),
        ("cfn-lint", "E3002", logs),
        ("cfn-lint", "E9804", logs),
        ("cloudformation-validate", "F3002", logs),
        ("parameters", "GATE02", "params/demo/dev.json"),
        ("configuration", "GATE01", ".cfnlintrc"),
    }
    assert (first.fresh, first.cached) == (4, 0)
    again = run_checks(request_for(demo))
    assert (again.fresh, again.cached) == (0, 4)
    assert again.findings == first.findings
    assert again.elapsed_seconds < first.elapsed_seconds / 10


def test_clean_project_has_no_finding_and_only_a_change_is_checked_again(demo: Path, edit: Edit) -> None:
    assert run_checks(request_for(demo)).findings == ()
    edit("templates/demo/root.yaml", "Ends every name.", "Ends each name.")
    second = run_checks(request_for(demo))
    assert (second.findings, second.fresh, second.cached) == ((), 2, 2)


def test_exception_in_a_rule_is_a_finding(demo: Path, edit: Edit) -> None:
    """A template must not pass a rule that raises an exception. cfn-lint reports E0002."""
    add_rule(demo, edit, "raise KeyError('surprise')")
    result = run_checks(dataclasses.replace(request_for(demo), paths=("templates/demo/logs.yaml",)))
    assert summarize(result) == {("cfn-lint", "E0002", "templates/demo/logs.yaml")}


def test_fast_run_skips_cfn_lint(demo: Path) -> None:
    result = run_checks(dataclasses.replace(request_for(demo), fast=True, cache_folder=None))
    assert {check.tool for check in result.checks} == {
        "cloudformation-validate",
        "templates",
        "configuration",
        "parameters",
    }
    assert result.findings == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("templates/demo/root.yaml", "Ends every name.", "Ends each name.", {"root.yaml"}),
        ("templates/demo/logs.yaml", "Ends every name.", "Ends each name.", {"root.yaml", "logs.yaml"}),
        (".cfnlintrc", "us-east-1", "eu-west-1", {"root.yaml", "logs.yaml"}),
        ("params/demo/dev.json", "30", "31", set()),
    ],
)
def test_key_covers_template_children_and_configuration(
    demo: Path, edit: Edit, file: str, old: str, new: str, changed: set[str]
) -> None:
    def keys() -> dict[str, str]:
        all_keys = _keys(find_templates(demo, ["templates"]), read_configuration(demo), fast=False)
        return {check.file.rsplit("/")[-1]: key for check, key in all_keys.items() if check.tool == "cfn-lint"}

    before = keys()
    edit(file, old, new)
    after = keys()
    assert {name for name in before if before[name] != after[name]} == changed


@pytest.mark.parametrize("source", ["gate.lint.version", "gate.validate.version", "gate.run._own_sources"])
def test_key_covers_tools_and_the_gate_itself(demo: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    templates, configuration = find_templates(demo, ["templates"]), read_configuration(demo)
    before = _keys(templates, configuration, fast=False)
    monkeypatch.setattr(source, lambda: b"other" if source.endswith("sources") else "9.9.9")
    assert before != _keys(templates, configuration, fast=False)


def test_worker_that_dies_is_an_error(demo: Path, edit: Edit) -> None:
    """For example, the system kills the worker when memory runs out. No check was made, so no template may pass."""
    add_rule(demo, edit, "os._exit(9)")
    with pytest.raises(WorkerError, match="cfn-lint ended without a result"):
        run_checks(request_for(demo))
    assert not list((demo / ".cache").glob("*"))
