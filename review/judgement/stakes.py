"""What a removal or a replacement does to the old resource: lost, kept without a stack, or kept as a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cfn.text import scalar_text
from review.comparison.compare import Fate
from review.comparison.replacement import STATEFUL, Replacement
from review.findings import general
from review.findings.finding import Remark
from review.judgement.judgement import Certainty, Judgement
from review.plan.model import Change

RETAIN, SNAPSHOT, DELETE = "Retain", "Snapshot", "Delete"
_KEPT = {
    RETAIN: "the old one keeps existing, without a stack that manages it",
    SNAPSHOT: "a snapshot of the old one is kept",
}


def stakes(fate: Fate | None, claim: Change | None, judgement: Judgement) -> Iterator[Remark]:
    """The findings on the old resource; none if it stays, or if nothing will happen to it."""
    removed, replaced = judgement.action == "Remove", judgement.replacement is not Replacement.NO
    if judgement.certainty is Certainty.NOISE or not (removed or replaced):
        return
    kind = (fate.type_before or fate.type) if fate else claim.type if claim else ""
    physical_id = (fate.physical_id if fate else "") or (claim.physical_id if claim else "") or "no id known"
    certain = judgement.certainty is Certainty.CERTAIN and (removed or judgement.replacement is Replacement.CERTAIN)
    policy = _claimed_policy(claim) or _policy(fate, removed=removed)
    if kind in STATEFUL:
        finding = (_REMOVED if removed else _REPLACED)[policy]
        yield finding.remark(certain=certain, id=physical_id, kept=_KEPT.get(policy, ""))
    elif policy == RETAIN:
        yield general.KEPT.remark(certain=certain, id=physical_id)


_REMOVED = {
    DELETE: general.REMOVED_WITH_DATA,
    RETAIN: general.REMOVED_AND_KEPT,
    SNAPSHOT: general.REMOVED_WITH_SNAPSHOT,
}
_REPLACED = {
    DELETE: general.REPLACED_BY_EMPTY,
    RETAIN: general.REPLACED_AND_KEPT,
    SNAPSHOT: general.REPLACED_AND_KEPT,
}


def _claimed_policy(claim: Change | None) -> str:
    """The policy that CloudFormation lists (``ReplaceAndRetain``); empty if it lists none."""
    action = claim.policy_action.removeprefix("ReplaceAnd") if claim else ""
    return _normal(action) if action else ""


def _policy(fate: Fate | None, *, removed: bool) -> str:
    """The policy by the templates.

    A removal follows the DeletionPolicy of the deployed template. Of a replacement in the same update as a change of its
    UpdateReplacePolicy, no page says which of the two counts, so the weaker one does.
    """
    before, after = (fate.before or {}, fate.after or {}) if fate else ({}, {})
    if removed:
        return _normal(before.get("DeletionPolicy") or _default(fate.type if fate else "", before))
    policies = {_normal(entry.get("UpdateReplacePolicy", DELETE)) for entry in (before, after)}
    return policies.pop() if len(policies) == 1 else DELETE


def _normal(policy: Any) -> str:
    """RetainExceptOnCreate keeps every resource whose creation ended. An unresolved policy keeps nothing."""
    text = scalar_text(policy)
    return RETAIN if text.startswith(RETAIN) else SNAPSHOT if text == SNAPSHOT else DELETE


def _default(resource_type: str, entry: Mapping[str, Any]) -> str:
    """The DeletionPolicy of a template that has none.

    Snapshot for clusters, and for instances that belong to no cluster:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    in_cluster = "DBClusterIdentifier" in (entry.get("Properties") or {})
    if resource_type == "AWS::RDS::DBCluster" or (resource_type == "AWS::RDS::DBInstance" and not in_cluster):
        return SNAPSHOT
    return DELETE
