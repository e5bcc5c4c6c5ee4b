"""What a plan does, said plainly: a pure function of the plan.

Two sources are merged for every resource. The comparison of ours (``compare``) knows every value that flows; the
service's change set knows what only the service can. Each change is then

- certain: the templates or parameters themselves change it, or something it refers to is surely replaced;
- possible: it hangs on a value that nobody knows before (a custom resource's answer, a conditional replacement);
- noise: the service lists it, but its values flow from resources that keep theirs, so nothing will happen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

from cfn.marks import State
from cfn.parameters import filled_by_packaging
from cfn.stack_policy import StackPolicy
from cfn.templates import parse
from cfn.types import STACK
from review.compare import Comparison, Fate, Path, Replaces
from review.difference import Difference
from review.model import Change, ChangeSet, Detail, Finding, Plan, Stack
from review.replacement import STATEFUL, Replacement, replaces

IAM_TYPES = (
    "AWS::IAM::", "AWS::KMS::Key", "AWS::Lambda::Permission", "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy", "AWS::SecretsManager::ResourcePolicy", "AWS::RDS::DBClusterRole", "AWS::Logs::ResourcePolicy",
)  # fmt: skip
IAM_PROPERTIES = (
    "PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy", "ManagedPolicyArns", "Policies", "PermissionsBoundary",
    "ResourcePolicy", "IAMDatabaseAuthenticationEnabled", "EnableIAMDatabaseAuthentication", "AuthorizationType",
    "IamInstanceProfile", "MetadataOptions",
)  # fmt: skip
IAM_WHOLE = ("AWS::IAM::", "AWS::Lambda::Permission")
NETWORK_TYPES = (
    "AWS::EC2::SecurityGroup", "AWS::EC2::NetworkAcl", "AWS::EC2::Route", "AWS::EC2::InternetGateway", "AWS::EC2::VPC",
    "AWS::EC2::NatGateway", "AWS::EC2::Subnet", "AWS::EC2::TransitGateway", "AWS::WAFv2::", "AWS::EC2::FlowLog",
    "AWS::ElasticLoadBalancingV2::Listener", "AWS::CloudFront::",
)  # fmt: skip
NETWORK_PROPERTIES = ("SecurityGroupIds", "SecurityGroups", "VpcSecurityGroupIds", "VpcConfig", "SubnetIds",
                      "Subnets", "VPCZoneIdentifier", "Scheme", "NetworkInterfaces",
                      "PubliclyAccessible", "PublicAccessBlockConfiguration", "EndpointConfiguration")  # fmt: skip
KEEPING = ("Retain", "Snapshot", "RetainExceptOnCreate")


class Certainty(StrEnum):
    """How sure a change is."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    NOISE = "noise"


@dataclass(frozen=True)
class Reviewed:
    """One resource of the tree that the plan touches, or that the service says it touches.

    ``action`` is Add, Modify, Remove or Import; ``notes`` say why it was judged so; ``obstacle`` says why executing
    it would fail, when that is known; ``consequence`` what it does to things that no template names, such as instances.
    """

    path: Path
    logical_id: str
    type: str
    physical_id: str
    action: str
    certainty: Certainty
    replacement: Replacement
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    loses_data: bool
    iam: bool
    network: bool
    replaced_by: tuple[str, ...]
    obstacle: str | None
    consequence: str | None

    @property
    def name(self) -> str:
        """Where it is: logical ids from the root down."""
        return "/".join((*self.path, self.logical_id))


@dataclass(frozen=True)
class ValueChange:
    """A parameter, tag or setting that changes. None where there is nothing."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Review:
    """The whole of it, ready to be printed."""

    plan: Plan
    changes: tuple[Reviewed, ...]
    parameters: tuple[ValueChange, ...]
    artifacts: tuple[ValueChange, ...]
    settings: tuple[ValueChange, ...]
    service_is_whole: bool

    def of(self, certainty: Certainty) -> tuple[Reviewed, ...]:
        return tuple(change for change in self.changes if change.certainty is certainty)

    @property
    def real(self) -> tuple[Reviewed, ...]:
        """Everything that is not noise, without the nested stacks themselves."""
        return tuple(one for one in self.changes if one.certainty is not Certainty.NOISE and one.type != STACK)

    @property
    def replaced(self) -> tuple[Reviewed, ...]:
        return tuple(one for one in self.real if one.replacement is not Replacement.NO)

    @property
    def obstacles(self) -> tuple[Reviewed, ...]:
        """What CloudFormation will refuse while it executes, with the rollback that follows."""
        return tuple(one for one in self.real if one.obstacle)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What the service's own validation says: it may refuse these while it executes."""
        return self.plan.change_set.warnings

    @property
    def losses(self) -> tuple[Reviewed, ...]:
        return tuple(one for one in self.real if one.loses_data)


def review(plan: Plan, *, replaces: Replaces | None = None) -> Review:
    """Judge every change of the plan. ``replaces`` is the knowledge of replacements; by default cfn-lint's schemas."""
    judge = replaces or partial(_by_schema, plan.region)
    documents = {name: parse(template.text, name) for name, template in plan.templates.items()}
    fates = Comparison(documents, plan.pseudo, judge).compare(plan.root, _values(plan), plan.deployed)
    service = dict(_service_changes(plan.change_set))
    whole = _is_whole(plan)
    tags = _changes(plan.deployed.tags if plan.deployed else {}, plan.tags) if plan.deployed else ()
    found = {(fate.path, fate.logical_id): fate for fate in fates}
    changes = []
    for place in [*found, *(place for place in service if place not in found)]:
        one = _judge(found.get(place), service.get(place), place[0], whole=whole, retagged=bool(tags))
        if one is not None:
            changes.append(one)
    every = _parameter_changes(plan)
    removed = {(*one.path, one.logical_id) for one in changes if one.type == STACK and one.action == "Remove"}
    policy = StackPolicy.parse(plan.stack_policy) if plan.stack_policy and plan.deployed else None
    return Review(
        plan=plan,
        changes=tuple(_forbidden(change, policy, removed) for change in _without_idle_stacks(changes)),
        parameters=tuple(change for change in every if not filled_by_packaging(change.name)),
        artifacts=tuple(change for change in every if filled_by_packaging(change.name)),
        settings=(*_settings(plan), *(ValueChange(f"tag {one.name}", one.before, one.after) for one in tags)),
        service_is_whole=whole,
    )


def _by_schema(region: str, resource_type: str, paths: Any) -> Replacement:
    return replaces(resource_type, paths, region)


def _service_changes(change_set: ChangeSet, path: Path = ()) -> Iterator[tuple[tuple[Path, str], Change]]:
    for change in change_set.changes:
        yield (path, change.logical_id), change
        if change.child is not None:
            yield from _service_changes(change.child, (*path, change.logical_id))


def _is_whole(plan: Plan) -> bool:
    """True when the service gave a change set for every nested stack that it says it changes."""

    def whole(change_set: ChangeSet) -> bool:
        return all(
            change.child is not None and whole(change.child)
            for change in change_set.changes
            if change.type == STACK and change.action != "Remove"
        )

    return whole(plan.change_set)


def _judge(fate: Fate | None, change: Change | None, path: Path, *, whole: bool, retagged: bool) -> Reviewed | None:
    if fate is None:
        # The service knows a resource that no template of either side has: a module or transform made it.
        assert change is not None  # one of the two is there, or the place would not be
        note = ("only the service lists it",)
        state = Certainty.POSSIBLE if change.action == "Dynamic" else Certainty.CERTAIN
        return _reviewed(None, change, path, change.action, state, _claimed(change), note)
    if fate.action is None:
        return None if change is None else _judge_claim(fate, change, path, retagged=retagged)
    notes: list[str] = []
    certainty = Certainty.CERTAIN if fate.state is State.CHANGED else Certainty.POSSIBLE
    replacement = fate.replacement
    if change is None:
        if (
            whole
            and fate.action == "Modify"
            and all(one.path.split("/")[0] != "Properties" for one in fate.differences)
        ):
            notes.append("only attributes of the template change; the resource is not touched")
        elif whole and fate.type != STACK:
            notes.append("the service does not list it")
            certainty = Certainty.POSSIBLE
    elif fate.action == "Modify":
        replacement = _weighed(fate, change, notes)
    if fate.state is State.POSSIBLE and fate.action == "Modify":
        notes.append("hangs on a value that is known only while deploying")
    return _reviewed(fate, change, path, fate.action, certainty, replacement, tuple(notes))


def _judge_claim(fate: Fate, change: Change, path: Path, *, retagged: bool) -> Reviewed:
    """The service lists a change where the comparison found none."""
    # Without both values a direct change cannot be shown to be none; without any detail nothing can.
    direct = [one for one in change.details if one.source == "DirectModification" and not _same(one)]
    tags_only = bool(change.details) and all(one.attribute == "Tags" for one in change.details)
    if retagged and (tags_only or change.scope == ("Tags",)):
        return _reviewed(
            fate, change, path, change.action, Certainty.CERTAIN, Replacement.NO, ("the stack's tags change",)
        )
    if fate.type == STACK:
        note = "the nested stack is listed because its template or inputs might change"
        return _reviewed(fate, change, path, change.action, Certainty.NOISE, Replacement.NO, (note,))
    if direct or not change.details or change.action != "Modify":
        note = "the service sees a change that the templates do not show"
        return _reviewed(fate, change, path, change.action, Certainty.POSSIBLE, _claimed(change), (note,))
    notes = ["every value that it takes from elsewhere stays the same"]
    if _claimed(change) is not Replacement.NO:
        notes.append("the replacement that the service lists is false")
    return _reviewed(fate, change, path, change.action, Certainty.NOISE, Replacement.NO, tuple(notes))


def _same(detail: Detail) -> bool:
    return detail.before is not None and detail.before == detail.after


def _claimed(change: Change) -> Replacement:
    return {"True": Replacement.CERTAIN, "Conditional": Replacement.POSSIBLE}.get(change.replacement, Replacement.NO)


def _weighed(fate: Fate, change: Change, notes: list[str]) -> Replacement:
    """Our knowledge of a replacement against the service's claim.

    The service is right about a property that changes by itself (static); about a value that flows, we know more.
    """
    claimed, own = _claimed(change), fate.replacement
    if claimed is own:
        return own
    changing = {one.path.split("/")[1] for one in fate.differences if one.path.startswith("Properties/")}
    told = [one for one in change.details if one.attribute == "Properties" and one.name in changing]
    if claimed > own:
        if any(one.requires_recreation in ("Always", "Conditionally") for one in told):
            notes.append(f"the service says of {', '.join(sorted({one.name for one in told}))} that it may replace")
            static = any(one.requires_recreation == "Always" and one.evaluation == "Static" for one in told)
            return claimed if static else max(own, Replacement.POSSIBLE)
        if told or not change.details:
            notes.append("the replacement that the service lists comes from values that stay the same")
            return own if change.details else claimed
        notes.append("the replacement that the service lists comes from values that stay the same")
        return own
    if told and all(one.requires_recreation == "Never" for one in told):
        notes.append("its schema says replacement, the service says in place")
        return claimed
    return own


def _reviewed(
    fate: Fate | None,
    change: Change | None,
    path: Path,
    action: str,
    certainty: Certainty,
    replacement: Replacement,
    notes: tuple[str, ...],
) -> Reviewed:
    kind = fate.type if fate else change.type if change else ""
    found = (fate.differences if fate else ()) or _told(change, certainty)
    kept = change is not None and change.policy_action.removeprefix("ReplaceAnd") in KEEPING
    gone = action == "Remove" or replacement is not Replacement.NO
    return Reviewed(
        path=path,
        logical_id=fate.logical_id if fate else change.logical_id if change else "",
        type=kind,
        physical_id=(fate.physical_id if fate else "") or (change.physical_id if change else ""),
        action=action,
        certainty=certainty,
        replacement=replacement,
        differences=found,
        notes=notes,
        loses_data=gone and kind in STATEFUL and not kept and certainty is not Certainty.NOISE,
        iam=_touches(kind, action, found, IAM_TYPES, IAM_PROPERTIES, IAM_WHOLE),
        network=_touches(kind, action, found, NETWORK_TYPES, NETWORK_PROPERTIES, NETWORK_TYPES),
        replaced_by=fate.replaced_by if fate and replacement is not Replacement.NO else (),
        obstacle=_name_obstacle(fate, replacement),
        consequence=fate.consequence if fate and certainty is not Certainty.NOISE else None,
    )


def _name_obstacle(fate: Fate | None, replacement: Replacement) -> str | None:
    """CloudFormation makes the new resource before it deletes the old one, so two would have one name."""
    if fate is not None and fate.taken_from is not None:
        return f"{fate.taken_from} has its name, and is deleted only after this one is made; give it another name"
    if fate is None or fate.fixed_name is None or replacement is not Replacement.CERTAIN:
        return None
    return f"it is to be replaced but keeps its {fate.fixed_name}; give it another name in the same change"


def _forbidden(change: Reviewed, policy: StackPolicy | None, removed: set[Path]) -> Reviewed:
    """The change with the obstacle that the stack policy puts in its way.

    A policy guards updates: what goes with a nested stack that is removed as a whole is deleted, not updated.
    """
    if policy is None or change.obstacle or change.certainty is Certainty.NOISE:
        return change
    if any(change.path[:depth] in removed for depth in range(1, len(change.path) + 1)):
        return change
    action = "Update:Delete" if change.action == "Remove" else "Update:Modify"
    action = "Update:Replace" if change.replacement is Replacement.CERTAIN else action
    if change.action in ("Add", "Import") or policy.allows(action, change.logical_id, change.type):
        return change
    return replace(change, obstacle=f"the stack policy denies {action} on {change.type}")


def _told(change: Change | None, certainty: Certainty) -> tuple[Difference, ...]:
    """What the service says of the values, where the comparison has nothing to say itself."""
    if change is None or certainty is Certainty.NOISE:
        return ()
    return tuple(
        Difference(f"Properties/{one.name}", one.before, one.after, State.CHANGED, flows=False)
        for one in change.details
        if one.attribute == "Properties" and one.name and one.before != one.after
    )


def _touches(
    kind: str,
    action: str,
    found: tuple[Difference, ...],
    types: tuple[str, ...],
    properties: tuple[str, ...],
    whole: tuple[str, ...],
) -> bool:
    """True when the change belongs to the chapter: by its type when it comes or goes, by its properties otherwise."""
    if action in ("Add", "Remove", "Import"):
        return kind.startswith(types)
    return kind.startswith(whole) or any(part in properties for one in found for part in one.path.split("/"))


def _without_idle_stacks(changes: list[Reviewed]) -> tuple[Reviewed, ...]:
    """The changes with a nested stack counted as changed only if something in it is."""
    busy = {
        one.path[:depth]
        for one in changes
        if one.certainty is not Certainty.NOISE
        for depth in range(len(one.path) + 1)
    }
    kept = []
    for one in changes:
        inside = (*one.path, one.logical_id) in busy
        if one.type == STACK and one.action == "Modify" and inside:
            continue  # its contents say it all
        kept.append(one)
    return tuple(kept)


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[ValueChange, ...]:
    names = [*after, *(name for name in before if name not in after)]
    return tuple(
        ValueChange(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )


def _parameter_changes(plan: Plan) -> tuple[ValueChange, ...]:
    return _changes(plan.deployed.parameters if plan.deployed else {}, _values(plan))


def _values(plan: Plan) -> dict[str, str]:
    """The root's parameters; of one that names an SSM parameter what the service found there, as it is deployed."""
    declared = parse(plan.templates[plan.root].text, plan.root).get("Parameters", {})
    resolved = {name: value for name, value in plan.change_set.parameters.items() if _by_ssm(declared, name)}
    return {**plan.parameters, **resolved}


def _by_ssm(declared: Mapping[str, Any], name: str) -> bool:
    return str(declared.get(name, {}).get("Type", "")).startswith("AWS::SSM::Parameter::Value")


def _settings(plan: Plan) -> Iterator[ValueChange]:
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
