"""The plan: one nested change set, with everything that reviewing and executing it needs, in one JSON file.

The file holds the committed templates, the deployed ones, the parameters, the artifacts and the whole change set, so
``review`` is a pure function of it and ``execute`` can tell whether anything moved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from cfn.parameters import TemplateConfiguration, with_defaults
from cfn.templates import CommittedTemplates
from deploy.errors import StackStateError
from deploy.packaging.package import Package
from deploy.planning import changesets, snapshot
from deploy.session import Aws
from deploy.settings import Deployment
from review.model import HIDDEN, Plan, PlannedArtifact, PlannedTemplate
from review.plan_file import FORMAT

UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)  # fmt: skip
# A stack in one of these was never made: it can only be deleted.
STILLBORN = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})


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
    templates: CommittedTemplates,
    configuration: TemplateConfiguration,
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
    values = with_defaults(templates.root.document, {**configuration.parameters, **package.parameters})
    request = changesets.Request(
        stack=deployment.stack_name,
        kind=kind,
        parameters=values,
        tags=configuration.tags,
        description=f"{deployment.platform} {deployment.environment}: {templates.root.sha256[:12]}",
        template_url=package.urls.get(templates.root.name),
        template_body=None if package.urls else templates.root.text,
        role_arn=deployment.role_arn,
    )
    policy = configuration.stack_policy
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
            for name, template in templates.by_name.items()
        },
        artifacts=tuple(
            PlannedArtifact(one.name, one.parameter, one.key, one.sha256, one.zipped) for one in package.artifacts
        ),
        parameters=_without_secrets(templates, values),
        tags=dict(configuration.tags),
        stack_policy=json.dumps(policy, sort_keys=True) if policy is not None else None,
        termination_protection=deployment.termination_protection,
        change_set=changesets.create(cloudformation, request),
        deployed=deployed,
    )


def _without_secrets(templates: CommittedTemplates, values: Mapping[str, str]) -> dict[str, str]:
    declared = templates.root.document.get("Parameters", {})
    return {name: HIDDEN if declared[name].get("NoEcho") else value for name, value in values.items()}
