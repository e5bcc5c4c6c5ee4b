"""Judges permissions: what the changed policies of a plan allow that they did not, decided without AWS.

A policy is compared with the policies of the same place before: all identity policies of a role together, a bucket's policy
alone. Two narrower questions tell what is blocked from what needs a look:

- Does an identity gain administration: actions with which it could give itself any permission, on resources that nobody
  named?
- Does a resource open to everybody: to principals of a foreign account, without a condition on who or where they are?
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from cfn.mangled import parse_answer
from cfn.templates import parse
from review.access.causes import Cause
from review.access.decision import Change, Comparison, Decision, Outcome, compare, decide
from review.access.discovery import IDENTITIES, Attachment, Place, attachments, comparisons
from review.access.document import Document, load
from review.access.engine import Question
from review.access.request import Witness
from review.access.stacks import StackTemplate
from review.access.statements import Kind
from review.findings.finding import Remark
from review.findings.permissions import ADMINISTRATION, BROADER, PUBLIC, UNKNOWN
from review.plan.model import HIDDEN, Plan, Stack

# Attached by their names, because their texts are AWS's and change.
ADMINISTRATIVE_POLICIES = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")
# Actions with which an identity can get any permission, each with the resource type on which it acts.
ESCALATING_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "iam:*:role/": (
        "iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary", "iam:PassRole", "sts:AssumeRole",
    ),
    "iam:*:user/": (
        "iam:AttachUserPolicy", "iam:PutUserPolicy", "iam:CreateAccessKey", "iam:CreateLoginProfile",
        "iam:UpdateLoginProfile", "iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary",
    ),
    "iam:*:group/": ("iam:AttachGroupPolicy", "iam:PutGroupPolicy", "iam:AddUserToGroup"),
    "iam:*:policy/": ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"),
    "lambda:function:": ("lambda:UpdateFunctionCode",),
    "kms:key/": ("kms:PutKeyPolicy",),
}  # fmt: skip
_STRANGER = "a-name-that-no-policy-has"
_FOREIGN_ACCOUNT = "999999999999"
_FOREIGN = re.compile(rf"arn:[\w-]+:iam::{_FOREIGN_ACCOUNT}:role/{_STRANGER}")
# A condition that demands one of these keys limits who may call.
LIMITING_KEYS = (
    "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:SourceAccount",
    "aws:SourceArn", "aws:SourceIp", "aws:SourceOrgID", "aws:SourceVpc", "aws:SourceVpce", "aws:userId", "kms:CallerAccount",
    "kms:ViaService", "sts:ExternalId",
)  # fmt: skip

# Without a policy of their own these let no principal of a foreign account in:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
CLOSED_BY_DEFAULT = ("AWS::ApiGateway::RestApi", "AWS::KMS::Key")


def permission_findings(plan: Plan, changed: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, list[Remark]]:
    """The findings by the name of the changed resource that holds the policy.

    Args:
        plan: The plan.
        changed: The changed resources by name; with none that holds a policy nothing is compared.
        values: The values of the root's parameters.
    """
    if not any(map(_may_hold_policy, changed.values())):
        return {}
    before, after = _deployed(plan), _planned(plan, values)
    result: dict[str, list[Remark]] = {}
    for place, comparison in comparisons(before, after, _remembered).items():
        if _ends(place, changed):
            comparison = replace(comparison, broader=Decision(Outcome.NOT_BROADER))
        remarks = list(_remarks(place, before.get(place), after.get(place), comparison, plan.pseudo))
        for name in _holders(place, before.get(place), after.get(place), changed):
            result.setdefault(name, []).extend(remarks)
    return result


def _ends(place: Place, changed: Mapping[str, Any]) -> bool:
    """Whether the identity of a place is removed. Nobody is left then whom its denials could have stopped."""
    change = changed.get(place.target)
    return (
        place.kind is Kind.IDENTITY and change is not None and change.type in IDENTITIES and change.action == "Remove"
    )


def _may_hold_policy(change: Any) -> bool:
    """Whether a policy can be in a change, by the words of policies in it."""
    return change.type.startswith(("AWS::IAM::", "AWS::Lambda::")) or any(
        _has_statement(entry) for entry in (change.before, change.after)
    )


def _has_statement(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "Statement" in value or any(map(_has_statement, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_has_statement, value))
    return isinstance(value, str) and '"Statement"' in value


# ---- both sides -----------------------------------------------------------------------------------------------------


def _deployed(plan: Plan) -> dict[Place, Attachment]:
    if plan.deployed is None:
        return {}
    known = {name: value for name, value in plan.deployed.parameters.items() if value != HIDDEN}
    return attachments(_template(plan.deployed), known, _pseudo(plan))


def _template(stack: Stack) -> StackTemplate:
    document = parse_answer(stack.template, stack.name)
    return StackTemplate(document, {name: _template(child) for name, child in stack.children.items()})


def _planned(plan: Plan, values: Mapping[str, Any]) -> dict[Place, Attachment]:
    documents = {name: parse(template.text, name) for name, template in plan.templates.items()}
    known = {name: value for name, value in values.items() if value != HIDDEN}
    return attachments(StackTemplate.of(documents, plan.root), known, _pseudo(plan))


def _pseudo(plan: Plan) -> dict[str, str]:
    """Without the name of the root's stack, which is its own on both sides."""
    return dict(plan.pseudo)


def _holders(
    place: Place, before: Attachment | None, after: Attachment | None, changed: Mapping[str, Any]
) -> Iterable[str]:
    """The changed resources that hold the policies of a place; the place itself if only what it refers to changes."""
    sources = {place.target}.union(*(side.resources for side in (before, after) if side is not None))
    return sorted(sources & set(changed))


# ---- findings -------------------------------------------------------------------------------------------------------


def _remarks(
    place: Place,
    before: Attachment | None,
    after: Attachment | None,
    comparison: Comparison,
    pseudo: Mapping[str, str],
) -> Iterator[Remark]:
    old, new = (Document.absent(place.kind) if side is None else side.document for side in (before, after))
    gained = [name for name in ADMINISTRATIVE_POLICIES if _attaches(after, name) and not _attaches(before, name)]
    if gained:
        yield ADMINISTRATION.remark(place=str(place), example=f"AWS's policy {', '.join(gained)} is attached")
    graver = None if gained else _graver(place, old, new, pseudo)
    if graver is not None:
        yield graver
    elif comparison.change is Change.UNKNOWN and not gained:
        yield UNKNOWN.remark(place=str(place), cause=_reasons(comparison.broader.reasons))
    elif comparison.broader.witnesses and not gained:
        yield BROADER.remark(place=str(place), example=_sentence(comparison.broader.witnesses[0]))
    if comparison.narrower.witnesses:
        yield BROADER.reversed_remark(place=str(place), example=_reversed(comparison.narrower.witnesses[0]))
    elif comparison.change is Change.NARROWER:
        yield BROADER.reversed_remark(place=str(place), example=_reasons(comparison.narrower.reasons))


def _attaches(side: Attachment | None, policy: str) -> bool:
    return side is not None and any(source.endswith(f":policy/{policy}") for source in side.resources)


def _graver(place: Place, before: Document, after: Document, pseudo: Mapping[str, str]) -> Remark | None:
    if place.kind is Kind.IDENTITY:
        probe, finding = _administration(pseudo), ADMINISTRATION
    elif place.kind in (Kind.RESOURCE, Kind.TRUST):
        probe, finding = _strangers(pseudo, place.kind), PUBLIC
    else:
        return None
    if before.default_of in CLOSED_BY_DEFAULT:
        before = Document.absent(place.kind)
    witness = _newly_allowed(before.bounded(probe), after.bounded(probe))
    return None if witness is None else finding.remark(place=str(place), example=_sentence(witness))


# Environments of one platform have many pairs of documents in common.
_remembered = lru_cache(maxsize=1024)(compare)


@lru_cache(maxsize=1024)
def _newly_allowed(before: Document, after: Document) -> Witness | None:
    decision = decide(before, after)
    return next((witness for witness in decision.witnesses if witness.question is Question.ALLOWED), None)


def _administration(pseudo: Mapping[str, str]) -> Document:
    """Allows only actions that escalate, on resources of which no policy has the name."""
    partition, region, account = (pseudo[f"AWS::{name}"] for name in ("Partition", "Region", "AccountId"))
    statements = []
    for place, actions in ESCALATING_ACTIONS.items():
        service, _, kind = place.partition(":")
        where = f":{account}:{kind.removeprefix('*:')}" if kind.startswith("*:") else f"{region}:{account}:{kind}"
        resource = f"arn:{partition}:{service}:{where}{_STRANGER}"
        statements.append({"Effect": "Allow", "Action": list(actions), "Resource": resource})
    return load({"Statement": statements}, Kind.IDENTITY)


def _strangers(pseudo: Mapping[str, str], kind: Kind) -> Document:
    """Allows only a principal of a foreign account, and nothing if a key that limits the caller is there."""
    stranger = f"arn:{pseudo['AWS::Partition']}:iam::{_FOREIGN_ACCOUNT}:role/{_STRANGER}"
    everything: dict[str, Any] = {"Action": "*"} if kind is Kind.TRUST else {"Action": "*", "Resource": "*"}
    allow = {"Effect": "Allow", "Principal": {"AWS": stranger}, **everything}
    denials = [
        {"Effect": "Deny", "Principal": "*", **everything, "Condition": {"Null": {key: "false"}}}
        for key in LIMITING_KEYS
    ]
    return load({"Statement": [allow, *denials]}, kind)


def _sentence(witness: Witness) -> str:
    """The example within a sentence: ``allows s3:GetObject on …``."""
    text = witness.sentence.rpartition(";")[0]
    return _FOREIGN.sub("a principal of any account", text[0].lower() + text[1:]).replace(_STRANGER, "<any name>")


def _reversed(witness: Witness) -> str:
    """The example of what ends."""
    text = _sentence(witness)
    return f"no longer {text}" if text.startswith("allows ") else text.removeprefix("no longer ")


def _reasons(reasons: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(reasons)) or str(Cause.SHAPE)
