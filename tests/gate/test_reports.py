from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from gate import reports
from gate.findings import Level
from tests.gate.support.findings import finding, result
from tests.support.sarif import validate_sarif

FINDINGS = (
    finding(),
    finding(line=9, end_line=9, level=Level.WARNING, rule="W2001", resource="", help_uri=""),
    finding(file="params/demo/dev.json", tool="parameters", rule="GATE02", message='"a" <b> & ]]> é', resource=""),
)


def sarif(*findings: Any) -> Any:
    log = json.loads(reports.sarif(result(*findings)))
    validate_sarif(log)
    return log["runs"][0]


@pytest.mark.parametrize("findings", [(), FINDINGS])
def test_sarif_follows_the_standard(findings: Any) -> None:
    assert len(sarif(*findings)["results"]) == len(findings)


def test_sarif_results_point_at_their_rule() -> None:
    run = sarif(*FINDINGS)
    rules = run["tool"]["driver"]["rules"]
    assert [rules[item["ruleIndex"]]["id"] for item in run["results"]] == ["E3002", "W2001", "GATE02"]


def test_sarif_fingerprint_depends_on_everything_but_the_place() -> None:
    def fingerprint(**changed: Any) -> str:
        (item,) = sarif(finding(**changed))["results"]
        return str(item["partialFingerprints"]["gateFinding/v1"])

    assert fingerprint() == fingerprint(line=40, end_line=40, column=1)
    others = [{"rule": "E1"}, {"file": "templates/x.yaml"}, {"resource": "Other"}, {"message": "other"}]
    assert len({fingerprint(), *(fingerprint(**changed) for changed in others)}) == 5


def test_sarif_names_both_linters() -> None:
    names = [extension["name"] for extension in sarif()["tool"]["extensions"]]
    assert names == ["cfn-lint", "cloudformation-validate"]


def test_junit_has_a_case_for_each_file_of_each_tool() -> None:
    root = ElementTree.fromstring(reports.junit(result(*FINDINGS)))
    assert (root.get("tests"), root.get("failures")) == ("5", "2")
    cases = {(suite.get("name"), case.get("name")): case for suite in root for case in suite}
    assert len(cases) == 5
    failure = cases["cfn-lint", "templates/demo/logs.yaml"].find("failure")
    assert failure is not None
    assert failure.text is not None
    assert len(failure.text.splitlines()) == 2
    assert cases["cloudformation-validate", "templates/demo/logs.yaml"].find("failure") is None
    broken = cases["parameters", "params/demo/dev.json"].find("failure")
    assert broken is not None
    assert broken.get("message") == 'GATE02 "a" <b> & ]]> é'


def test_text_has_a_line_for_each_finding_and_a_summary() -> None:
    lines = reports.text(result(*FINDINGS)).splitlines()
    assert lines[0] == "templates/demo/logs.yaml:3:5: E3002 error: Group: no such property [cfn-lint]"
    assert lines[-1] == "gate: 1 template, 1 parameter file: 2 errors, 1 warning (1 checked, 1 unchanged, 1.2 s)"


def test_summary_of_a_clean_run_says_no_findings() -> None:
    assert "no findings" in reports.summary(result())


def test_github_commands_escape_delimiters() -> None:
    line = reports.github(result(finding(message="50 %\nof it", file="a:b,c.yaml"))).splitlines()[0]
    assert line == ("::error file=a%3Ab%2Cc.yaml,line=3,endLine=3,col=5,title=E3002::Group: 50 %25%0Aof it")


@pytest.mark.requirement("REV-1")
def test_message_with_control_characters_stays_on_its_line() -> None:
    """cfn-lint quotes what a template has, and XML has no form for most control characters."""
    run = result(finding(message="'\x1b[2K\nb.yaml:1:1: E1 error' is not one of"))
    assert reports.text(run).splitlines()[0].endswith(r"'\x1b[2K\nb.yaml:1:1: E1 error' is not one of [cfn-lint]")
    assert r"'\x1b[2K%0Ab.yaml:1:1: E1 error' is" in reports.github(run)
    failure = ElementTree.fromstring(reports.junit(run)).find(".//failure")
    assert failure is not None
    assert r"'\x1b[2K\nb.yaml" in str(failure.get("message"))


def test_json_holds_the_findings_and_the_checks() -> None:
    content = json.loads(reports.as_json(result(*FINDINGS)))
    assert [item["rule"] for item in content["findings"]] == ["E3002", "W2001", "GATE02"]
    assert len(content["checks"]) == 5
