"""Judges a whole plan: a pure function of it.

Two sources are merged for every resource. The comparison (``compare``) follows every value; CloudFormation's change set
knows what only CloudFormation can know. ``judgement`` decides between them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cfn.parameters import filled_by_packaging
from cfn.stack_policy import StackPolicy
from cfn.templates import parse
from cfn.types import STACK
from review import findings
from review.chapters import IAM, NETWORK
from review.compare import Fate, Replaces, TreeComparison
from review.difference import Difference, differences, path_below
from review.finding import Remark
from review.judgement import Certainty, Context, Judgement, judge
from review.model import Change, ChangeSet, Plan, Stack, StackPath, ValidationFinding
from review.replacement import STATEFUL, Replacement, replaces

KEEPING_POLICIES = ("Retain", "Snapshot", "RetainExceptOnCreate")


@dataclass(frozen=True)
class ReviewedResource:
    """One resource of the tree that the plan changes, or that CloudFormation lists as changed.

    Attributes:
        action: Add, Modify, Remove, Import or Dynamic.
        notes: Why it was judged so.
        loss: That it loses data, with its id; None if it loses none.
        replaced_by: The properties whose change replaces it.
        obstacle: Why executing the change would fail, if that is known.
        consequence: What the change does to things that no template names, such as instances.
    """

    path: StackPath
    logical_id: str
    type: str
    physical_id: str
    action: str
    certainty: Certainty
    replacement: Replacement
    differences: tuple[Difference, ...]
    notes: tuple[Remark, ...]
    loss: Remark | None
    iam: bool
    network: bool
    replaced_by: tuple[str, ...]
    obstacle: Remark | None
    consequence: Remark | None

    @property
    def name(self) -> str:
        """Its logical ids from the root down, joined by slashes."""
        return "/".join((*self.path, self.logical_id))

    @property
    def loses_data(self) -> bool:
        """Whether the change loses data."""
        return self.loss is not None


@dataclass(frozen=True)
class ValueChange:
    """A parameter, tag or setting that changes; None stands for no value."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Review:
    """What a plan does.

    Attributes:
        service_is_whole: Whether CloudFormation gave a change set for every nested stack that it changes.
    """

    plan: Plan
    changes: tuple[ReviewedResource, ...]
    parameters: tuple[ValueChange, ...]
    artifacts: tuple[ValueChange, ...]
    settings: tuple[ValueChange, ...]
    service_is_whole: bool

    def of(self, certainty: Certainty) -> tuple[ReviewedResource, ...]:
        """The changes of one certainty."""
        return tuple(change for change in self.changes if change.certainty is certainty)

    @property
    def real(self) -> tuple[ReviewedResource, ...]:
        """All changes that are not noise, without the nested stacks themselves."""
        return tuple(
            change for change in self.changes if change.certainty is not Certainty.NOISE and change.type != STACK
        )

    @property
    def replaced(self) -> tuple[ReviewedResource, ...]:
        """The resources that are or may be replaced."""
        return tuple(change for change in self.real if change.replacement is not Replacement.NO)

    @property
    def obstacles(self) -> tuple[ReviewedResource, ...]:
        """The changes that CloudFormation will reject while it executes, with the rollback that follows."""
        return tuple(change for change in self.real if change.obstacle)

    @property
    def warnings(self) -> tuple[ValidationFinding, ...]:
        """The findings of CloudFormation's validation, which may reject these while it executes."""
        return self.plan.change_set.warnings

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """The findings on the plan as a whole: those of CloudFormation's validation, and change sets that are missing."""
        if self.plan.unchanged:
            return ()
        missing = (findings.NO_NESTED_CHANGE_SETS.remark(),) if self.lacks_change_sets else ()
        return (*missing, *(warning.remark for warning in self.warnings))

    @property
    def lacks_change_sets(self) -> bool:
        """Whether an update has to be judged without the change sets of nested stacks."""
        return not self.service_is_whole and self.plan.kind == "UPDATE"

    @property
    def losses(self) -> tuple[ReviewedResource, ...]:
        """The changes that lose data."""
        return tuple(change for change in self.real if change.loses_data)


def judge_plan(plan: Plan, *, replaces: Replaces | None = None) -> Review:
    """Judge every change of a plan.

    Args:
        plan: The plan.
        replaces: Which properties replace their resource; cfn-lint's schemas by default.
    """
    documents = {name: parse(template.text, name) for name, template in plan.templates.items()}
    comparison = TreeComparison(documents, plan.pseudo, replaces or partial(_by_schema, plan.region))
    values = _root_values(plan)
    fates = comparison.compare(plan.root, values, plan.deployed)
    tags = _value_changes(plan.deployed.tags, plan.tags) if plan.deployed else ()
    context = Context(complete=_is_complete(plan.change_set), retagged=bool(tags))
    changes = _with_policy_obstacles(plan, _without_idle_stacks(list(_reviewed(fates, plan.change_set, context))))
    parameters = _value_changes(plan.deployed.parameters if plan.deployed else {}, values)
    return Review(
        plan=plan,
        changes=tuple(changes),
        parameters=tuple(change for change in parameters if not filled_by_packaging(change.name)),
        artifacts=tuple(change for change in parameters if filled_by_packaging(change.name)),
        settings=(*_setting_changes(plan), *(replace(change, name=f"tag {change.name}") for change in tags)),
        service_is_whole=context.complete,
    )


def _by_schema(region: str, resource_type: str, paths: Iterable[str]) -> Replacement:
    return replaces(resource_type, paths, region)


def _is_complete(change_set: ChangeSet) -> bool:
    """Whether every nested stack that the change set changes has a change set of its own."""
    return all(
        change.child is not None
        for _, change in change_set.walk()
        if change.type == STACK and change.action != "Remove"
    )


# ---- resources ------------------------------------------------------------------------------------------------------


def _reviewed(fates: Iterable[Fate], change_set: ChangeSet, context: Context) -> Iterator[ReviewedResource]:
    """The judged resources: those of the templates first, then those that only CloudFormation lists."""
    own = {(fate.path, fate.logical_id): fate for fate in fates}
    claims = {(path, change.logical_id): change for path, change in change_set.walk()}
    for place in [*own, *(place for place in claims if place not in own)]:
        fate, claim = own.get(place), claims.get(place)
        judgement = judge(fate, claim, context)
        if judgement is not None:
            yield _resource(place, fate, claim, judgement)


def _resource(
    place: tuple[StackPath, str], fate: Fate | None, claim: Change | None, judgement: Judgement
) -> ReviewedResource:
    path, logical_id = place
    kind = fate.type if fate else claim.type if claim else ""
    noise = judgement.certainty is Certainty.NOISE
    replacing = judgement.replacement is not Replacement.NO
    differences = (fate.differences if fate else ()) or (() if noise else _claimed_differences(claim))
    keeps_data = claim is not None and claim.policy_action.removeprefix("ReplaceAnd") in KEEPING_POLICIES
    gone = judgement.action == "Remove" or replacing
    physical_id = (fate.physical_id if fate else "") or (claim.physical_id if claim else "")
    loses_data = gone and kind in STATEFUL and not keeps_data and not noise
    return ReviewedResource(
        path=path,
        logical_id=logical_id,
        type=kind,
        physical_id=physical_id,
        action=judgement.action,
        certainty=judgement.certainty,
        replacement=judgement.replacement,
        differences=differences,
        notes=judgement.notes,
        loss=_loss(judgement, physical_id) if loses_data else None,
        iam=IAM.has(kind, judgement.action, differences),
        network=NETWORK.has(kind, judgement.action, differences),
        replaced_by=fate.replaced_by if fate and replacing else (),
        obstacle=_name_obstacle(fate, judgement.replacement) if fate else None,
        consequence=fate.consequence if fate and not noise else None,
    )


def _loss(judgement: Judgement, physical_id: str) -> Remark:
    removed = judgement.action == "Remove"
    certain = judgement.certainty is Certainty.CERTAIN and (removed or judgement.replacement is Replacement.CERTAIN)
    finding = findings.REMOVED_WITH_DATA if removed else findings.REPLACED_BY_EMPTY
    return finding.remark(certain=certain, id=physical_id or "no id known")


def _claimed_differences(claim: Change | None) -> tuple[Difference, ...]:
    """The values that CloudFormation lists, for a resource of which the comparison knows no difference."""
    return tuple(
        difference
        for detail in (claim.details if claim else ())
        if detail.attribute == "Properties" and detail.name
        for difference in differences(detail.before, detail.after, path_below("Properties", detail.name))
    )


def _name_obstacle(fate: Fate, replacement: Replacement) -> Remark | None:
    """CloudFormation creates the new resource before it deletes the old one, so both would have one name."""
    if fate.taken_from is not None:
        return findings.NAME_IN_USE.remark(resource=fate.taken_from)
    if fate.fixed_name is None or replacement is not Replacement.CERTAIN:
        return None
    return findings.NAME_STAYS.remark(property=fate.fixed_name)


def _without_idle_stacks(changes: list[ReviewedResource]) -> Iterator[ReviewedResource]:
    """The changes without the nested stacks that change only because something in them does."""
    busy = {
        change.path[:depth]
        for change in changes
        if change.certainty is not Certainty.NOISE
        for depth in range(len(change.path) + 1)
    }
    for change in changes:
        if change.type != STACK or change.action != "Modify" or (*change.path, change.logical_id) not in busy:
            yield change


def _with_policy_obstacles(plan: Plan, changes: Iterable[ReviewedResource]) -> list[ReviewedResource]:
    """The changes with the obstacles of the stack policy.

    A policy guards updates: what goes with a nested stack that is removed as a whole is deleted, not updated.
    """
    listed = list(changes)
    if not plan.stack_policy or not plan.deployed:
        return listed
    policy = StackPolicy.parse(plan.stack_policy)
    removed = {(*change.path, change.logical_id) for change in listed if change.type == STACK and _is_removed(change)}
    return [
        change if _lies_within(change.path, removed) else _with_policy_obstacle(change, policy) for change in listed
    ]


def _is_removed(change: ReviewedResource) -> bool:
    return change.action == "Remove"


def _lies_within(path: StackPath, stacks: set[StackPath]) -> bool:
    return any(path[:depth] in stacks for depth in range(1, len(path) + 1))


def _with_policy_obstacle(change: ReviewedResource, policy: StackPolicy) -> ReviewedResource:
    if change.obstacle or change.certainty is Certainty.NOISE or change.action in ("Add", "Import"):
        return change
    if change.replacement is Replacement.CERTAIN:
        action = "Update:Replace"
    else:
        action = "Update:Delete" if _is_removed(change) else "Update:Modify"
    if policy.allows(action, change.logical_id, change.type):
        return change
    return replace(change, obstacle=findings.DENIED_BY_POLICY.remark(action=action, type=change.type))


# ---- parameters and settings ----------------------------------------------------------------------------------------


def _value_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[ValueChange, ...]:
    names = [*after, *(name for name in before if name not in after)]
    return tuple(
        ValueChange(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )


def _root_values(plan: Plan) -> dict[str, str]:
    """The root's parameters; of one that names an SSM parameter the value that CloudFormation found, as deployed."""
    declared = parse(plan.templates[plan.root].text, plan.root).get("Parameters", {})
    resolved = {name: value for name, value in plan.change_set.parameters.items() if _names_ssm(declared, name)}
    return {**plan.parameters, **resolved}


def _names_ssm(declared: Mapping[str, Any], name: str) -> bool:
    return str(declared.get(name, {}).get("Type", "")).startswith("AWS::SSM::Parameter::Value")


def _setting_changes(plan: Plan) -> Iterator[ValueChange]:
    deployed: Stack | None = plan.deployed
    before = str(deployed.termination_protection).lower() if deployed else None
    after = str(plan.termination_protection).lower()
    if before != after:
        yield ValueChange("termination protection", before, after)
    policy_before = deployed.policy if deployed else None
    if _policy(policy_before) != _policy(plan.stack_policy):
        yield ValueChange("stack policy", policy_before, plan.stack_policy)


def _policy(text: str | None) -> Any:
    return json.loads(text) if text else None
