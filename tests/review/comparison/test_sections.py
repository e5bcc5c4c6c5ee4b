"""What changes beside resources: outputs, parameters, conditions, mappings, rules, descriptions, metadata."""

from __future__ import annotations

import pytest

from cfn.marks import State
from cfn.resolve import Scope
from cfn.templates import parse
from review.comparison.sections import SectionChange, section_changes
from review.formats.render import review_text
from review.judgement.verdict import judge_plan
from review.plan.model import Plan
from tests.review.support.plans import change_set, claim, deployed, make_plan

pytestmark = pytest.mark.requirement("REV-1")

TOPIC = "Resources: {T: {Type: AWS::SNS::Topic}}\n"


def changes(before: str, after: str) -> list[SectionChange]:
    old, new = (Scope(parse(text), {}, {}) for text in (before + TOPIC, after + TOPIC))
    return list(section_changes((), old, new, is_new=False))


@pytest.mark.parametrize(
    ("before", "after", "section", "name", "action", "path"),
    [
        ("", "Description: b\n", "Description", "", "Add", ""),
        ("Description: a\n", "Description: b\n", "Description", "", "Modify", ""),
        ("Metadata: {A: 1}\n", "Metadata: {A: 2}\n", "Metadata", "", "Modify", "A"),
        ("Transform: A\n", "", "Transform", "", "Remove", ""),
        (
            "Mappings: {M: {a: {x: 1}}}\n",
            "Mappings: {M: {a: {x: 2}}}\n",
            "Mapping",
            "M",
            "Modify",
            "a/x",
        ),
        (
            "Conditions: {C: !Equals [a, b]}\n",
            "Conditions: {C: !Equals [a, c]}\n",
            "Condition",
            "C",
            "Modify",
            "",
        ),
        ("", "Rules: {R: {Assertions: []}}\n", "Rule", "R", "Add", ""),
        (
            "Parameters: {P: {Type: String, Default: a}}\n",
            "Parameters: {P: {Type: String, Default: b}}\n",
            "Parameter",
            "P",
            "Modify",
            "Default",
        ),
        ("Outputs: {O: {Value: a}}\n", "Outputs: {O: {Value: b}}\n", "Output", "O", "Modify", "Value"),
        ("Outputs: {O: {Value: a}}\n", "", "Output", "O", "Remove", ""),
    ],
)
def test_change_of_a_section(before: str, after: str, section: str, name: str, action: str, path: str) -> None:
    (change,) = changes(before, after)
    assert (change.section, change.name, change.action) == (section, name, action)
    assert [difference.path for difference in change.differences] == [path]


def test_equal_sections_have_no_changes() -> None:
    text = "Description: a\nOutputs: {O: {Value: !Ref T, Export: {Name: o}}}\nConditions: {C: !Equals [a, b]}\n"
    assert changes(text, text) == []


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        ("{Value: a, Export: {Name: e}}", "{Value: a}", ["R213"]),
        ("{Value: a, Export: {Name: e}}", "{Value: a, Export: {Name: f}}", ["R213"]),
        ("{Value: a, Export: {Name: e}}", "{Value: b, Export: {Name: e}}", ["R214"]),
        ("{Value: a}", "{Value: b}", []),
        ("{Value: a}", "{Value: a, Export: {Name: e}}", []),
        ("{Value: a, Description: x, Export: {Name: e}}", "{Value: a, Description: y, Export: {Name: e}}", []),
    ],
)
def test_export_that_another_stack_may_import_is_named(before: str, after: str, codes: list[str]) -> None:
    (change,) = changes(f"Outputs: {{O: {before}}}\n", f"Outputs: {{O: {after}}}\n")
    assert [finding.code for finding in change.findings] == codes


def test_output_that_does_not_exist_is_no_output() -> None:
    text = "Conditions: {Never: !Equals [a, b]}\nOutputs: {O: {Value: %s, Condition: Never}}\n"
    assert changes(text % "a", text % "b") == []


def test_new_stack_has_sections_without_findings() -> None:
    empty = Scope({"Resources": {}}, {}, {})
    new = Scope(parse("Outputs: {O: {Value: a, Export: {Name: e}}}\n" + TOPIC), {}, {})
    (change,) = section_changes((), empty, new, is_new=True)
    assert (change.action, change.findings, change.state) == ("Add", (), State.CHANGED)


def plan_of(before: str, after: str) -> Plan:
    """An update in which CloudFormation lists no resource."""
    return make_plan({"root.yaml": after + TOPIC}, deployed("small-dev", before + TOPIC), claims=change_set())


def test_review_shows_an_export_that_ends() -> None:
    """Incident: the review said that nothing changes, and the change set removed the export."""
    text = review_text(judge_plan(plan_of("Outputs: {O: {Value: a, Export: {Name: shared}}}\n", "")))
    assert "Outputs\n-------\n  - Output O (export shared)\n" in text
    assert "the export shared ends" in text


def test_sections_of_a_removed_nested_stack_are_removed() -> None:
    root = (
        "Resources:\n"
        "  Child: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: child.yaml}}\n"
        "  T: {Type: 'AWS::SNS::Topic'}\n"
    )
    child = deployed("small-dev-Child", "Outputs: {O: {Value: a}}\n" + TOPIC)
    before = deployed("small-dev", root, children={"Child": child})
    claims = change_set(claim("Child", "AWS::CloudFormation::Stack", "Remove"))
    review = judge_plan(make_plan({"root.yaml": TOPIC}, before, claims=claims))
    assert [(change.path, change.name, change.action) for change in review.sections] == [(("Child",), "O", "Remove")]
