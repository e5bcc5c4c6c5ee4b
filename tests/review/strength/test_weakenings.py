"""Weakenings of the committed platforms, each with its reversal.

The first review had them in no chapter, or in a chapter without a word on the direction. Weakenings of policy documents are
not here: ``tests/review/test_weakenings.py`` has them, and all of these in a whole plan.
"""

from __future__ import annotations

from typing import Any

import pytest

from review.findings import strength
from review.findings.finding import Direction, Label, Verdict
from review.strength import grade
from tests.review.strength.support.changes import changed, steps, summary
from tests.review.strength.support.platforms import resource
from tests.review.strength.support.weakenings import WEAKENINGS, Weakening

WEAKER, STRONGER = Direction.WEAKER, Direction.STRONGER


def sides(weakening: Weakening) -> tuple[str, Any, Any]:
    target = resource(weakening.resource)
    if not weakening.path:
        return target.type, target.properties, None
    return target.type, target.properties, changed(target.properties, steps(weakening.path), weakening.value)


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("weakening", WEAKENINGS, ids=str)
def test_weakening_has_its_code_verdict_and_label(weakening: Weakening) -> None:
    resource_type, before, after = sides(weakening)
    remarks = grade(resource_type, before, after)
    remark = next(remark for remark in remarks if remark.code == weakening.finding.code)
    assert (remark.verdict, remark.label) == (weakening.finding.verdict, weakening.finding.label)
    assert WEAKER in summary(remarks).directions


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("weakening", WEAKENINGS, ids=str)
def test_reversal_has_the_opposite_label_and_needs_no_look(weakening: Weakening) -> None:
    resource_type, before, after = sides(weakening)
    remarks = grade(resource_type, after, before)
    remark = next(remark for remark in remarks if remark.code == weakening.finding.code)
    assert weakening.finding.label is not None
    assert (remark.verdict, remark.label) == (Verdict.FINE, weakening.finding.label.opposite)
    assert STRONGER in summary(remarks).directions


@pytest.mark.requirement("REV-2")
def test_function_url_without_authentication_is_public() -> None:
    """Nothing of it was under any chapter."""
    (remark,) = grade("AWS::Lambda::Url", None, {"AuthType": "NONE", "TargetFunctionArn": "f"})
    assert (remark.verdict, remark.label, remark.code) == (Verdict.BLOCKED, Label.BROADER, strength.EXPOSURE.code)
    (remark,) = grade("AWS::Lambda::Url", {"AuthType": "NONE", "TargetFunctionArn": "f"}, None)
    assert (remark.verdict, remark.label) == (Verdict.FINE, Label.NARROWER)
    assert grade("AWS::Lambda::Url", None, {"AuthType": "AWS_IAM", "TargetFunctionArn": "f"}) == ()


@pytest.mark.requirement("REV-2")
def test_open_method_is_public_unless_it_asks_for_a_key() -> None:
    with_key = {"AuthorizationType": "NONE", "ApiKeyRequired": True, "HttpMethod": "GET"}
    without = {**with_key, "ApiKeyRequired": False}
    assert strength.EXPOSURE.code in summary(grade("AWS::ApiGateway::Method", with_key, without)).codes
    assert strength.EXPOSURE.code in summary(grade("AWS::ApiGateway::Method", None, without)).codes
    assert strength.EXPOSURE.code not in summary(grade("AWS::ApiGateway::Method", None, with_key)).codes
    assert grade("AWS::ApiGateway::Method", None, {**without, "HttpMethod": "OPTIONS"}) == ()
