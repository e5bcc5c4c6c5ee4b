"""Judges a whole plan: a pure function of it.

Two sources are merged for every resource. The comparison (``compare``) follows every value; CloudFormation's change set
knows what only CloudFormation can know. ``judgement`` decides between them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from cfn.mangled import restored
from cfn.marks import State, unmarked
from cfn.parameters import filled_by_packaging
from cfn.stack_policy import StackPolicy
from cfn.templates import parse
from cfn.types import STACK
from review.comparison.compare import Fate, Replaces, TreeComparison
from review.comparison.difference import Difference, differences, path_below
from review.comparison.replacement import Replacement
from review.comparison.replacement import replaces as replaces_by_schema
from review.comparison.sections import SectionChange
from review.findings import general
from review.findings.finding import Remark
from review.judgement.chapters import IAM, NETWORK
from review.judgement.consequences import consequences
from review.judgement.judgement import KNOWN_AFTER_APPLY, Certainty, Context, Judgement, judge
from review.judgement.permissions import permission_findings
from review.judgement.reviewed import Review, ReviewedResource, ValueChange
from review.plan.model import Change, ChangeSet, Detail, Plan, Stack, StackPath


def judge_plan(plan: Plan, *, title: str = "", replaces: Replaces | None = None) -> Review:
    """Judge every change of a plan.

    Args:
        plan: The plan.
        title: What is reviewed, in one line; platform, environment and stack by default.
        replaces: Which changes replace their resource; the schemas decide by default.
    """
    documents = {name: parse(template.text, name) for name, template in plan.templates.items()}
    is_ascii = all(template.text.isascii() for template in plan.templates.values())
    values = _root_values(plan)
    deployed = _with_restored_values(plan.deployed, values, plan.tags) if plan.deployed else None
    tags = _value_changes(deployed.tags, plan.tags) if deployed else ()
    context = Context(complete=_is_complete(plan.change_set), retagged=bool(tags))
    comparison = partial(TreeComparison, documents, plan.pseudo, replaces or replaces_by_schema, is_ascii)
    resources, sections = _compared(replace(plan, deployed=deployed), values, context, comparison)
    changes = _with_permissions(plan, _with_policy_obstacles(plan, _without_idle_stacks(resources)), values)
    parameters = _value_changes(deployed.parameters if deployed else {}, values)
    return Review(
        plan=plan,
        title=title or _title(plan),
        changes=tuple(changes),
        sections=tuple(sections),
        parameters=tuple(change for change in parameters if not filled_by_packaging(change.name)),
        artifacts=tuple(change for change in parameters if filled_by_packaging(change.name)),
        settings=(*_setting_changes(plan), *(replace(change, name=f"tag {change.name}") for change in tags)),
        service_is_whole=context.complete,
    )


def _title(plan: Plan) -> str:
    verb = "creates" if plan.kind == "CREATE" else "updates"
    return f"{plan.platform} {plan.environment}: {verb} stack {plan.stack} ({plan.account}, {plan.region})"


def _is_complete(change_set: ChangeSet) -> bool:
    """Whether every nested stack that the change set changes has a change set of its own."""
    return bool(change_set.id) and all(
        change.child is not None
        for _, change in change_set.walk()
        if change.type == STACK and change.action != "Remove"
    )


# ---- resources ------------------------------------------------------------------------------------------------------


def _compared(
    plan: Plan,
    values: Mapping[str, str],
    context: Context,
    comparison: Callable[[Mapping[StackPath, Replacement]], TreeComparison],
) -> tuple[list[ReviewedResource], list[SectionChange]]:
    """The judged resources, and what changes in the other sections.

    Where CloudFormation knows better whether a resource is replaced, the values that others take from it follow the
    judgement. So the trees are compared again until no judgement is new: values lead in one direction only.
    """
    settled: dict[StackPath, Replacement] = {}
    while True:
        tree = comparison(settled)
        fates = tree.compare(plan.root, values, plan.deployed)
        resources = list(_reviewed(fates, plan, context))
        corrected = _corrected_replacements(fates, resources)
        if corrected == settled:
            return resources, tree.sections
        settled = corrected


def _corrected_replacements(
    fates: Iterable[Fate], resources: Iterable[ReviewedResource]
) -> dict[StackPath, Replacement]:
    """The replacements of the judgement, where the comparison has another one."""
    judged = {(*resource.path, resource.logical_id): resource.replacement for resource in resources}
    compared = {
        (*fate.path, fate.logical_id): fate.replacement
        for fate in fates
        if fate.action == "Modify" and fate.type_before is None
    }
    return {place: judged[place] for place, own in compared.items() if place in judged and judged[place] is not own}


def _reviewed(fates: Iterable[Fate], plan: Plan, context: Context) -> Iterator[ReviewedResource]:
    """The judged resources: those of the templates first, then those that only CloudFormation lists."""
    own = {(fate.path, fate.logical_id): fate for fate in fates}
    claims = {(path, change.logical_id): change for path, change in plan.change_set.walk()}
    for place in [*own, *(place for place in claims if place not in own)]:
        fate, claim = own.get(place), claims.get(place)
        judgement = judge(fate, claim, context)
        if judgement is not None:
            is_new = plan.kind == "CREATE"
            remarks = [*consequences(fate, claim, judgement, is_new=is_new), *judgement.notes]
            yield _resource(place, fate, claim, judgement, by_weight(remarks))


def _resource(
    place: tuple[StackPath, str],
    fate: Fate | None,
    claim: Change | None,
    judgement: Judgement,
    remarks: tuple[Remark, ...],
) -> ReviewedResource:
    path, logical_id = place
    kind = fate.type if fate else claim.type if claim else ""
    noise = judgement.certainty is Certainty.NOISE
    differences = (fate.differences if fate else ()) or (() if noise else _claimed_differences(claim))
    return ReviewedResource(
        path=path,
        logical_id=logical_id,
        type=kind,
        physical_id=(fate.physical_id if fate else "") or (claim.physical_id if claim else ""),
        action=judgement.action,
        certainty=judgement.certainty,
        replacement=judgement.replacement,
        differences=differences,
        before=fate.before if fate else None,
        after=unmarked(fate.after) if fate else None,
        findings=remarks,
        iam=IAM.has(kind, judgement.action, differences),
        network=NETWORK.has(kind, judgement.action, differences),
        replaced_by=fate.replaced_by if fate and judgement.replacement is not Replacement.NO else (),
    )


def by_weight(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """The findings with the heaviest verdict first, otherwise in their order."""
    return tuple(sorted(remarks, key=lambda remark: -remark.verdict))


def _claimed_differences(claim: Change | None) -> tuple[Difference, ...]:
    """The values that CloudFormation lists, for a resource of which the comparison knows no difference."""
    return tuple(
        difference
        for detail in (claim.details if claim else ())
        if detail.attribute == "Properties" and detail.name
        for difference in _differences_of_detail(detail)
    )


def _differences_of_detail(detail: Detail) -> Iterable[Difference]:
    path = path_below("Properties", detail.name)
    if detail.after is not None and KNOWN_AFTER_APPLY in detail.after:
        return [Difference(path, detail.before, None, State.POSSIBLE, flows=True)]
    return differences(detail.before, detail.after, path)


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


def _with_permissions(
    plan: Plan, changes: Iterable[ReviewedResource], values: Mapping[str, Any]
) -> list[ReviewedResource]:
    """The changes with what their policies allow."""
    listed = list(changes)
    real = {change.name: change for change in listed if change.certainty is not Certainty.NOISE}
    remarks = permission_findings(plan, real, values)
    if plan.kind == "CREATE":
        remarks = {name: [*filter(None, (remark.of_new_stack() for remark in own))] for name, own in remarks.items()}
    return [
        replace(change, findings=by_weight([*remarks[change.name], *change.findings]))
        if remarks.get(change.name) and change.name in real
        else change
        for change in listed
    ]


def _is_removed(change: ReviewedResource) -> bool:
    return change.action == "Remove"


def _lies_within(path: StackPath, stacks: set[StackPath]) -> bool:
    return any(path[:depth] in stacks for depth in range(1, len(path) + 1))


def _with_policy_obstacle(change: ReviewedResource, policy: StackPolicy) -> ReviewedResource:
    if change.obstacles or change.certainty is Certainty.NOISE or change.action in ("Add", "Import"):
        return change
    if change.replacement is Replacement.CERTAIN:
        action = "Update:Replace"
    else:
        action = "Update:Delete" if _is_removed(change) else "Update:Modify"
    if policy.allows(action, change.logical_id, change.type):
        return change
    denied = general.DENIED_BY_POLICY.remark(action=action, type=change.type)
    return replace(change, findings=by_weight([denied, *change.findings]))


# ---- parameters and settings ----------------------------------------------------------------------------------------


def _value_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[ValueChange, ...]:
    names = [*after, *(name for name in before if name not in after)]
    return tuple(
        ValueChange(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )


def _with_restored_values(stack: Stack, values: Mapping[str, str], tags: Mapping[str, str]) -> Stack:
    """The stack whose parameters and tags have the planned characters where the answer had a "?" for them."""
    parameters = restored(dict(stack.parameters), dict(values))
    return replace(stack, parameters=parameters, tags=restored(dict(stack.tags), dict(tags)))


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
        ends = (general.TERMINATION_PROTECTION_ENDS.remark(),) if before == "true" else ()
        yield ValueChange("termination protection", before, after, ends)
    policy_before = deployed.policy if deployed else None
    if _policy(policy_before) != _policy(plan.stack_policy):
        changes = (general.STACK_POLICY_CHANGES.remark(),) if policy_before else ()
        yield ValueChange("stack policy", policy_before, plan.stack_policy, changes)


def _policy(text: str | None) -> Any:
    return json.loads(text) if text else None
