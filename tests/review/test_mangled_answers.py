"""Templates with other characters than ASCII, for which CloudFormation's answers have question marks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from tests.review.support.plans import change_set, claim, deployed, detail, make_plan

pytestmark = pytest.mark.requirement("REV-1")
TEMPLATE = """
Description: Für das Café
Parameters: {Title: {Type: String, Default: größer}}
Mappings: {Words: {de: {Hello: grüß}}}
Resources:
  X:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !Sub "${Title} café"
      Tags: [{Key: Name, Value: é}, {Key: Other, Value: !FindInMap [Words, de, Hello]}]
Outputs: {Name: {Value: 請交月報}}
"""
ANSWER = TEMPLATE.encode("ascii", "replace").decode()


def review_of(answer: str, *claims: str, before: str = "gr??er caf?", after: str = "gr??er caf?") -> Review:
    """The review of the template over a deployed one; CloudFormation lists the given resources."""
    stack = deployed("small-dev", TEMPLATE, {"Title": "gr??er"}, {"Name": "????"}, tags={"Owner": "J?rg"})
    stack = replace(stack, template=answer)
    listed = [
        claim(name, "AWS::SNS::Topic", details=[detail("DisplayName", before=before, after=after)]) for name in claims
    ]
    return judge_plan(make_plan({"root.yaml": TEMPLATE}, stack, claims=change_set(*listed), tags={"Owner": "Jörg"}))


def test_mangled_answer_is_no_change() -> None:
    """Every review showed ``caf? -> café`` again, in resources, sections, parameters and tags."""
    review = review_of(ANSWER)
    assert (review.changes, review.sections, review.parameters, review.settings) == ((), (), (), ())


def test_change_beside_a_mangled_text_is_shown_alone() -> None:
    review = review_of(ANSWER.replace("Key: Other", "Key: Another"))
    (change,) = review.real
    assert {json.dumps([difference.before, difference.after]) for difference in change.differences} == {
        json.dumps([{"Key": "Another", "Value": "grüß"}, None]),
        json.dumps([None, {"Key": "Other", "Value": "grüß"}]),
    }


def test_character_that_changes_to_another_is_possible_because_cloudformation_lists_it() -> None:
    """``à`` became ``é``: both answers have "caf?", and only CloudFormation knows."""
    (change,) = review_of(ANSWER, "X").changes
    assert change.certainty is Certainty.POSSIBLE
    assert [finding.code for finding in change.findings] == ["R304"]


def test_same_value_without_a_question_mark_stays_noise() -> None:
    (change,) = review_of(ANSWER, "X", before="same", after="same").changes
    assert change.certainty is Certainty.NOISE


def test_answer_with_all_characters_is_compared_as_it_is() -> None:
    """Another endpoint, or CloudFormation one day, answers what was deployed."""
    review = review_of(TEMPLATE.replace("${Title} café", "${Title} cafe"))
    (change,) = review.real
    assert [difference.path for difference in change.differences] == ["Properties/DisplayName"]
