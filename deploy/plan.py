"""The plan: one nested change set, with everything that reviewing and executing it needs, in one JSON file.

The file holds the committed templates, the deployed ones, the parameters, the artifacts and the whole change set, so
``review`` is a pure function of it and ``execute`` can tell whether anything moved.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cfn.parameters import ParameterFile, complete
from cfn.templates import TemplateSet
from deploy import changesets, codec, snapshot
from deploy.errors import PlanError, StackStateError
from deploy.package import Package
from deploy.session import Aws
from deploy.settings import Deployment

FORMAT = 1
HIDDEN = "****"

UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)  # fmt: skip
# A stack in one of these was never made: it can only be deleted.
STILLBORN = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})


@dataclass(frozen=True)
class PlannedTemplate:
    """A template of the plan: committed text, its SHA-256, and where the packaged one is."""

    sha256: str
    text: str
    url: str
    packaged_sha256: str


@dataclass(frozen=True)
class PlannedArtifact:
    """A packaged folder: the parameter that carries it, its key, its content's SHA-256 and its size in bytes."""

    name: str
    parameter: str
    key: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Plan:
    """What will be done, as data. ``kind`` is CREATE or UPDATE; ``deployed`` is None for a new stack."""

    format: int
    created: str
    platform: str
    environment: str
    region: str
    account: str
    partition: str
    url_suffix: str
    stack: str
    kind: str
    bucket: str
    root: str
    templates: Mapping[str, PlannedTemplate]
    artifacts: tuple[PlannedArtifact, ...]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    stack_policy: str | None
    termination_protection: bool
    change_set: changesets.ChangeSet
    deployed: snapshot.Stack | None

    @property
    def unchanged(self) -> bool:
        """True when the service found nothing to change; that is a result, not an error."""
        return self.change_set.unchanged

    @property
    def pseudo(self) -> dict[str, str]:
        """The pseudo parameters, as both sides of a comparison see them."""
        return {
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": self.url_suffix,
            "AWS::StackName": self.stack,
        }


def kind_of(name: str, description: Mapping[str, Any] | None) -> str:
    """CREATE or UPDATE, by the stack's state. Raises StackStateError when neither can be."""
    if description is None or description["StackStatus"] == "REVIEW_IN_PROGRESS":
        return "CREATE"  # in review: a change set was made and never executed
    status = str(description["StackStatus"])
    if status in UPDATABLE:
        return "UPDATE"
    if status in STILLBORN:
        what = f"{name} is in {status}: its creation or deletion failed, so it cannot be updated."
        raise StackStateError(name, status, what, "Run `deploy destroy`, then `deploy plan` again.")
    if status == "UPDATE_ROLLBACK_FAILED":
        what = f"{name} is in {status}: its last update failed and so did the way back."
        do = f"Mend the cause, run `aws cloudformation continue-update-rollback --stack-name {name}`, then plan again."
        raise StackStateError(name, status, what, do)
    what = f"{name} is in {status}: another operation is running."
    raise StackStateError(name, status, what, "Wait until it has ended, then run `deploy plan` again.")


def make(
    aws: Aws,
    deployment: Deployment,
    templates: TemplateSet,
    parameters: ParameterFile,
    package: Package,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Plan:
    """Make the change set and the plan around it.

    Raises StackStateError when the stack's state forbids it, ChangeSetError with the deepest reason when the service
    cannot make it.
    """
    cloudformation = aws.client("cloudformation")
    description = snapshot.describe(cloudformation, deployment.stack_name)
    kind = kind_of(deployment.stack_name, description)
    deployed = snapshot.read(cloudformation, description) if description and kind == "UPDATE" else None
    values = complete(templates.root.document, {**parameters.parameters, **package.parameters})
    request = changesets.Request(
        stack=deployment.stack_name,
        kind=kind,
        parameters=values,
        tags=parameters.tags,
        description=f"{deployment.platform} {deployment.environment}: {templates.root.sha256[:12]}",
        template_url=package.urls.get(templates.root.name),
        template_body=None if package.urls else templates.root.text,
        role_arn=deployment.role_arn,
    )
    policy = parameters.stack_policy
    return Plan(
        format=FORMAT,
        created=now().isoformat(timespec="seconds"),
        platform=deployment.platform,
        environment=deployment.environment,
        region=aws.region,
        account=aws.account,
        partition=aws.partition,
        url_suffix=aws.url_suffix,
        stack=deployment.stack_name,
        kind=kind,
        bucket=package.bucket,
        root=templates.root.name,
        templates={
            name: PlannedTemplate(
                template.sha256,
                template.text,
                package.urls.get(name, ""),
                package.packaged.get(name, template.sha256),
            )
            for name, template in templates.templates.items()
        },
        artifacts=tuple(
            PlannedArtifact(one.name, one.parameter, one.key, one.sha256, one.zipped) for one in package.artifacts
        ),
        parameters=_without_secrets(templates, values),
        tags=dict(parameters.tags),
        stack_policy=json.dumps(policy, sort_keys=True) if policy is not None else None,
        termination_protection=deployment.termination_protection,
        change_set=changesets.create(cloudformation, request),
        deployed=deployed,
    )


def _without_secrets(templates: TemplateSet, values: Mapping[str, str]) -> dict[str, str]:
    declared = templates.root.document.get("Parameters", {})
    return {name: HIDDEN if declared[name].get("NoEcho") else value for name, value in values.items()}


def save(plan: Plan, path: Path) -> None:
    """Write the plan, readable by its owner only: it describes the whole environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(codec.encode(plan), file, indent=1, sort_keys=True)
        file.write("\n")


def load(path: Path) -> Plan:
    """Read a plan. Raises PlanError when there is none, or when its templates do not have their digests."""
    try:
        plan = codec.decode(Plan, json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise PlanError(f"There is no plan {path}.", "Run `deploy plan` first.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise PlanError(f"{path} is not a plan of this version: {error}.", "Run `deploy plan` again.") from None
    for name, template in plan.templates.items():
        if hashlib.sha256(template.text.encode("utf-8")).hexdigest() != template.sha256:
            raise PlanError(f"{path} was changed: {name} does not have its digest.", "Run `deploy plan` again.")
    return plan


def digest(plan: Plan) -> str:
    """SHA-256 of everything in the plan."""
    return hashlib.sha256(json.dumps(codec.encode(plan), sort_keys=True).encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Reviewed:
    """The record that a plan was shown: its digest, when, and to whom."""

    plan: str
    at: str
    by: str


def reviewed_path(path: Path) -> Path:
    return path.with_suffix(".reviewed.json")


def record_review(path: Path, reviewed: Reviewed) -> None:
    """Write the record beside the plan."""
    reviewed_path(path).write_text(json.dumps(codec.encode(reviewed), indent=1) + "\n", "utf-8")


def load_review(path: Path) -> Reviewed | None:
    """The record beside the plan, or None when the plan was not reviewed (or the record is unreadable)."""
    try:
        return codec.decode(Reviewed, json.loads(reviewed_path(path).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def without_texts(plan: Plan) -> Plan:
    """The plan without the texts of its templates; what ``--json`` prints."""
    bare = {name: replace(template, text="") for name, template in plan.templates.items()}
    deployed = _bare(plan.deployed) if plan.deployed else None
    return replace(plan, templates=bare, deployed=deployed)


def _bare(stack: snapshot.Stack) -> snapshot.Stack:
    return replace(stack, template="", children={key: _bare(child) for key, child in stack.children.items()})
