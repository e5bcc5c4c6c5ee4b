"""Every weakening of the committed platforms, and its reversal, in the review of a plan."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from cfn.parameters import load_parameters
from cfn.templates import CommittedTemplates, Template, load_templates, parse
from review.findings import permissions, strength
from review.findings.finding import ReviewFinding
from review.formats.document import review_document
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan
from review.resource_types.holds import HOLDS
from tests.review.strength.support.changes import changed, steps
from tests.review.strength.support.platforms import ROOT, resource, resources
from tests.review.strength.support.weakenings import POLICY_WEAKENINGS, UNDECIDED_REVERSALS, WEAKENINGS, Weakening
from tests.review.support.committed_resources import Entries, entry, logical_id, neighbours, reviewed

pytestmark = pytest.mark.requirement("REV-2")

BLOCKED = {
    strength.ENCRYPTION,
    strength.BACKUP,
    strength.POINT_IN_TIME_RECOVERY,
    strength.VERSIONING,
    strength.AUDIT_TRAIL,
    strength.EXPOSURE,
    strength.WORLD,
    permissions.ADMINISTRATION,
    permissions.PUBLIC,
}
"""What must not be executed without a name: loss of protection, evidence or control. All else needs a look."""
ROLES = sum(one.type == "AWS::IAM::Role" and one.name.startswith("trading/") for one in resources())
FUNCTION = "trading/Functions/IngestFunction"
ALL = [*WEAKENINGS, *POLICY_WEAKENINGS]


def sides(weakening: Weakening) -> tuple[Entries, Entries]:
    """The resource and what it needs, before and after the weakening."""
    target, around = resource(weakening.resource), neighbours(weakening.resource)
    before = {**around, logical_id(target): entry(target)}
    if not weakening.path:
        return before, around
    properties = changed(target.properties, steps(weakening.path), weakening.value)
    return before, {**around, logical_id(target): {**entry(target), "Properties": properties}}


def change_of(weakening: Weakening, document: Mapping[str, Any]) -> Mapping[str, Any]:
    name = weakening.resource.rpartition("/")[2]
    (change,) = (change for change in document["changes"] if change["logicalId"] == name)
    return dict(change)


def directions(change: Mapping[str, Any], finding: ReviewFinding) -> set[str]:
    return {found["direction"] for found in change["findings"] if found["code"] == finding.code}


def expected_verdict(weakening: Weakening, change: Mapping[str, Any]) -> str:
    is_lost = change["type"] in HOLDS and (change["replacement"] == "yes" or change["action"] == "Remove")
    return "blocked" if weakening.finding in BLOCKED or is_lost else "look"


@pytest.mark.parametrize("weakening", [*ALL, *UNDECIDED_REVERSALS], ids=str)
def test_weakening_is_weaker_and_has_the_verdict_of_what_is_lost(weakening: Weakening) -> None:
    before, after = sides(weakening)
    document = reviewed(before, after)
    change = change_of(weakening, document)
    assert directions(change, weakening.finding) == {"weaker"}
    assert change["verdict"] == document["verdict"] == expected_verdict(weakening, change)


@pytest.mark.parametrize("weakening", ALL, ids=str)
def test_reversal_is_stronger_and_nothing_of_it_is_weaker(weakening: Weakening) -> None:
    before, after = sides(weakening)
    document = reviewed(after, before)
    labelled = [finding for finding in change_of(weakening, document)["findings"] if finding["direction"] is not None]
    assert {finding["direction"] for finding in labelled} == {"stronger"}
    assert {finding["verdict"] for finding in labelled} == {"fine"}


@pytest.mark.parametrize("weakening", UNDECIDED_REVERSALS, ids=str)
def test_reversal_that_puts_an_unknown_policy_in_place_may_be_weaker(weakening: Weakening) -> None:
    before, after = sides(weakening)
    change = change_of(weakening, reviewed(after, before))
    assert directions(change, permissions.UNKNOWN) == {"weaker"}
    assert change["verdict"] == "look"


def test_function_url_for_everybody_is_blocked() -> None:
    around = neighbours(FUNCTION)
    url = {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "NONE", "TargetFunctionArn": {"Ref": "Elsewhere"}}}
    (added,) = reviewed(around, {**around, "Url": url})["changes"]
    (removed,) = reviewed({**around, "Url": url}, around)["changes"]
    assert (directions(added, strength.EXPOSURE), added["verdict"]) == ({"weaker"}, "blocked")
    assert directions(removed, strength.EXPOSURE) == {"stronger"}


@pytest.mark.slow
def test_denial_that_ends_is_broader_for_every_role_of_the_platform() -> None:
    """The policy is in one stack, and the roles that have it are in others."""
    committed = load_templates(ROOT / "templates" / "trading")
    parameters = load_parameters(ROOT / "params" / "trading" / "prod.json", committed.root.document).parameters
    before, after = Side(committed, parameters), Side(with_denial_less(committed, "ec2:*"), parameters)
    for old, new, direction, verdict in ((before, after, "weaker", "look"), (after, before, "stronger", "fine")):
        (change,) = review_document(judge_plan(offline_plan(old, new, Place())))["changes"]
        assert (change["path"], change["verdict"]) == ("Keys/RegionDenyPolicy", verdict)
        assert directions(change, permissions.BROADER) == {direction}
        assert len(change["findings"]) == ROLES


def with_denial_less(committed: CommittedTemplates, action: str) -> CommittedTemplates:
    document: Any = copy.deepcopy(dict(committed.by_name["keys.yaml"].document))
    (statement,) = document["Resources"]["RegionDenyPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    statement["NotAction"] = [*statement["NotAction"], action]
    text = json.dumps(document)
    template = Template("keys.yaml", text, parse(text))
    return CommittedTemplates(committed.root, {**committed.by_name, "keys.yaml": template})
