"""Creates a plan: one nested change set, with everything that reviewing and executing it needs.

The plan holds the committed templates, the deployed ones, the parameters, the artifacts and the whole change set. So the
review is a pure function of it, and the execution can detect a later change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cfn.parameters import TemplateConfiguration, with_defaults
from cfn.templates import CommittedTemplates
from deploy.errors import StackStateError
from deploy.packaging.package import Package
from deploy.planning.changesets import ChangeSetRequest, create_change_set
from deploy.planning.snapshot import describe_stack, read_stack
from deploy.session import Aws
from deploy.settings import Deployment
from review.plan.model import HIDDEN, Plan, PlannedArtifact, PlannedTemplate, Stack
from review.plan.plan_file import FORMAT

UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_FAILED",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
# A stack in one of these states was never created, or not deleted: it can only be deleted.
DELETABLE_ONLY = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})


def change_set_kind(stack: str, description: Mapping[str, Any] | None) -> str:
    """CREATE or UPDATE, by the state of the stack.

    Args:
        stack: The name of the stack.
        description: Its entry of DescribeStacks; None if it does not exist.

    Raises:
        StackStateError: The state allows neither.
    """
    if description is None or description["StackStatus"] == "REVIEW_IN_PROGRESS":
        return "CREATE"  # in review: a change set was created and never executed
    status = str(description["StackStatus"])
    if status in UPDATABLE:
        return "UPDATE"
    if status in DELETABLE_ONLY:
        what = f"{stack} is in {status}: its creation or deletion failed, so it cannot be updated."
        raise StackStateError(stack, status, what, "Run `deploy destroy`, then `deploy plan` again.")
    if status == "UPDATE_ROLLBACK_FAILED":
        what = f"{stack} is in {status}: its last update failed, and so did its rollback."
        do = f"Fix the cause, run `aws cloudformation continue-update-rollback --stack-name {stack}`, then plan again."
        raise StackStateError(stack, status, what, do)
    what = f"{stack} is in {status}: another operation is running."
    raise StackStateError(stack, status, what, "Wait until it has ended, then run `deploy plan` again.")


@dataclass(frozen=True)
class PlanInputs:
    """What a plan is created from."""

    deployment: Deployment
    templates: CommittedTemplates
    configuration: TemplateConfiguration
    package: Package

    @property
    def values(self) -> dict[str, str]:
        """The value of every parameter of the root."""
        parameters = {**self.configuration.parameters, **self.package.parameters}
        return with_defaults(self.templates.root.document, parameters)

    @property
    def shown_values(self) -> dict[str, str]:
        """The values without those of NoEcho parameters."""
        declared = self.templates.root.document.get("Parameters", {})
        return {name: HIDDEN if declared[name].get("NoEcho") else value for name, value in self.values.items()}

    @property
    def stack_policy(self) -> str | None:
        """The stack policy as JSON."""
        policy = self.configuration.stack_policy
        return None if policy is None else json.dumps(policy, sort_keys=True)

    @property
    def planned_templates(self) -> dict[str, PlannedTemplate]:
        """The templates by file name, with their packaged copies."""
        urls, digests = self.package.urls, self.package.packaged
        return {
            name: PlannedTemplate(
                template.sha256, template.text, urls.get(name, ""), digests.get(name, template.sha256)
            )
            for name, template in self.templates.by_name.items()
        }

    @property
    def planned_artifacts(self) -> tuple[PlannedArtifact, ...]:
        """The packaged folders."""
        return tuple(
            PlannedArtifact(
                artifact.name, artifact.parameter, artifact.key, artifact.sha256, artifact.zipped, artifact.sources
            )
            for artifact in self.package.artifacts
        )

    def request(self, kind: str) -> ChangeSetRequest:
        """The request for a CREATE or UPDATE change set. A root that is not packaged is sent in the call itself."""
        deployment, root = self.deployment, self.templates.root
        return ChangeSetRequest(
            stack=deployment.stack_name,
            kind=kind,
            parameters=self.values,
            tags=self.configuration.tags,
            description=f"{deployment.platform} {deployment.environment}: {root.sha256[:12]}",
            template_url=self.package.urls.get(root.name),
            template_body=None if self.package.urls else root.text,
            role_arn=deployment.role_arn,
        )


def _now() -> datetime:
    return datetime.now(UTC)


def create_plan(aws: Aws, inputs: PlanInputs, *, now: Callable[[], datetime] = _now) -> Plan:
    """Create the change set and the plan around it.

    Raises:
        StackStateError: The state of the stack allows no change set.
        ChangeSetError: CloudFormation cannot create the change set; the error has the deepest reasons.
    """
    cloudformation, deployment = aws.client("cloudformation"), inputs.deployment
    description = describe_stack(cloudformation, deployment.stack_name)
    kind = change_set_kind(deployment.stack_name, description)
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
        bucket=inputs.package.bucket,
        root=inputs.templates.root.name,
        templates=inputs.planned_templates,
        artifacts=inputs.planned_artifacts,
        parameters=inputs.shown_values,
        tags=dict(inputs.configuration.tags),
        stack_policy=inputs.stack_policy,
        termination_protection=deployment.termination_protection,
        deployed=_deployed(cloudformation, description) if description and kind == "UPDATE" else None,
        change_set=create_change_set(cloudformation, inputs.request(kind)),  # after the snapshot: it may take minutes
    )


def _deployed(cloudformation: Any, description: Mapping[str, Any]) -> Stack:
    """The deployed stack. Raises StackStateError if it was deleted since it was described."""
    stack = read_stack(cloudformation, description)
    if stack is None:
        name = str(description["StackName"])
        raise StackStateError(name, "DELETE_COMPLETE", f"{name} was deleted meanwhile.", "Run `deploy plan` again.")
    return stack
