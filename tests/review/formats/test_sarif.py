"""The findings of a review for code scanning: level, place and an identity that survives edits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cfn.templates import CommittedTemplates, Template, parse
from review.examples import EXAMPLES
from review.findings.general import FINDINGS
from review.formats.sarif import review_sarif
from review.judgement.verdict import judge_plan
from review.plan.model import Plan
from review.plan.offline import Place, Side, offline_plan
from tests.review.support.examples import example_plan
from tests.review.support.plans import as_deployed, change_set, claim, make_plan
from tests.support.sarif import validate_sarif

pytestmark = pytest.mark.requirement("REV-3")

ROOT = """\
Resources:
  Data:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: data.yaml}
"""
DATA = """\
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Table:
    Type: AWS::DynamoDB::Table
    Properties: {TableName: sessions}
Outputs:
  Version:
    Value: '1'
    Export: {Name: data-version}
"""


def run_of(plan: Plan, folder: str = "") -> Any:
    log = json.loads(review_sarif(judge_plan(plan), folder=folder))
    validate_sarif(log)
    return log["runs"][0]


def nested_plan(after: str, root: str = ROOT) -> Plan:
    """A plan without AWS, in which only the templates have a word."""
    return offline_plan(side(ROOT, DATA), side(root, after), Place())


def side(root: str, data: str) -> Side:
    by_name = {name: Template(name, text, parse(text)) for name, text in {"root.yaml": root, "data.yaml": data}.items()}
    return Side(CommittedTemplates(by_name["root.yaml"], by_name))


def place_of(result: Any) -> tuple[str, int]:
    location = result["locations"][0]["physicalLocation"]
    return location["artifactLocation"]["uri"], location["region"]["startLine"]


@pytest.mark.parametrize("code", EXAMPLES)
def test_log_of_each_example_follows_the_standard_and_has_its_finding(code: str) -> None:
    run = run_of(example_plan(EXAMPLES[code]))
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert all(
        run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"]
    )
    assert {result["ruleId"] for result in run["results"]} == set(rules)
    review = judge_plan(example_plan(EXAMPLES[code]))
    assert {result["ruleId"] for result in run["results"]} == {remark.code for remark in review.findings}


@pytest.mark.parametrize(("code", "level"), [("R201", "error"), ("R204", "warning"), ("R308", "note")])
def test_level_is_the_verdict(code: str, level: str) -> None:
    (result,) = run_of(example_plan(EXAMPLES[code]))["results"]
    assert result["level"] == level
    assert result["properties"]["verdict"] == {"error": "blocked", "warning": "look", "note": "fine"}[level]


def test_label_is_a_property() -> None:
    (result,) = run_of(example_plan(EXAMPLES["R215"]))["results"]
    assert result["properties"] == {"verdict": "look", "label": "weaker"}


def test_rule_has_the_reason_and_the_page_of_the_finding() -> None:
    (rule,) = run_of(example_plan(EXAMPLES["R213"]))["tool"]["driver"]["rules"]
    (finding,) = (finding for finding in FINDINGS if finding.code == "R213")
    assert rule["help"]["text"] == rule["fullDescription"]["text"] == finding.reason
    assert rule["helpUri"] == finding.source_url


def test_result_is_at_the_line_of_the_resource_in_its_nested_template() -> None:
    (result,) = run_of(nested_plan(DATA.replace("sessions", "others")), "templates/small")["results"]
    assert result["ruleId"] == "R202"
    assert place_of(result) == ("templates/small/data.yaml", 3)
    assert result["locations"][0]["logicalLocations"] == [
        {"name": "Table", "fullyQualifiedName": "Data/Table", "kind": "resource"}
    ]


def test_result_of_an_output_is_at_its_line() -> None:
    (result,) = run_of(nested_plan(DATA.replace("'1'", "'2'")))["results"]
    assert (result["ruleId"], place_of(result)) == ("R214", ("data.yaml", 7))


def test_result_of_what_is_removed_is_at_the_beginning_of_its_template() -> None:
    after = DATA.replace("  Table:\n    Type: AWS::DynamoDB::Table\n    Properties: {TableName: sessions}\n", "")
    (result,) = run_of(nested_plan(after))["results"]
    assert (result["ruleId"], place_of(result)) == ("R201", ("data.yaml", 1))


def test_result_of_a_removed_nested_stack_is_in_its_parent() -> None:
    root = "Resources:\n  Other: {Type: AWS::SNS::Topic}\n"
    (result, *_) = run_of(nested_plan(DATA, root))["results"]
    assert (result["ruleId"], place_of(result)) == ("R201", ("root.yaml", 1))


def test_identity_stays_when_lines_move_and_differs_between_resources() -> None:
    def identities(after: str) -> list[str]:
        return [result["partialFingerprints"]["reviewFinding/v1"] for result in run_of(nested_plan(after))["results"]]

    replaced = DATA.replace("sessions", "others")
    assert identities(replaced) == identities(f"# a comment\n\n{replaced}")
    both = identities(replaced.replace("'1'", "'2'"))
    assert len(set(both)) == 2
    assert identities(replaced) == both[:1]


def test_a_change_that_will_not_happen_has_no_result() -> None:
    plan = example_plan(EXAMPLES["R305"])
    assert judge_plan(plan).changes
    assert run_of(plan)["results"] == []


def test_finding_on_the_plan_is_at_the_root() -> None:
    plan = make_plan(
        {"root.yaml": ROOT, "data.yaml": DATA},
        as_deployed({"root.yaml": ROOT, "data.yaml": DATA}, "root.yaml", {}),
        claims=change_set(claim("Data", "AWS::CloudFormation::Stack")),
    )
    (result,) = run_of(plan)["results"]
    assert (result["ruleId"], place_of(result)) == ("R313", ("root.yaml", 1))
    assert "logicalLocations" not in result["locations"][0]
