"""Where a command finds its plan: in a file, or in the artifact bucket (``--from-bucket``)."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.commands.options import deployment_of
from deploy.console import progress
from deploy.planning.freshness import notes
from deploy.settings import Project
from review.plan.model import Plan
from review.plan.plan_file import load_plan


@dataclass(frozen=True)
class FoundPlan:
    """The plan of a command.

    Attributes:
        path: Its file; None if it comes from the artifact bucket.
    """

    plan: Plan
    path: Path | None


def plan_path_of(arguments: Namespace, project: Project) -> Path:
    """The plan file of the command."""
    path: Path | None = arguments.plan
    return path or project.plan(arguments.platform, arguments.environment)


def find_plan(arguments: Namespace, project: Project) -> FoundPlan:
    """Read the plan that the arguments name, and print how it compares with what is on this disk.

    Raises:
        PlanError: The file or the object is missing or not a plan.
    """
    found = _read(arguments, project)
    for sentence in notes(found.plan, found.path, project, datetime.now(UTC)):
        progress(f"note: {sentence}")
    return found


def _read(arguments: Namespace, project: Project) -> FoundPlan:
    if arguments.from_bucket:
        return FoundPlan(_fetched_plan(arguments, project), None)
    path = plan_path_of(arguments, project)
    return FoundPlan(load_plan(path), path)


def _fetched_plan(arguments: Namespace, project: Project) -> Plan:
    # A review of a local plan needs no AWS, so it must not load botocore.
    from deploy.packaging.package import bucket_name
    from deploy.planning.shared_plans import fetch_plan, plan_key
    from deploy.session import Aws

    deployment = deployment_of(arguments, project)
    aws = Aws(deployment.region, arguments.profile)
    bucket = arguments.bucket or bucket_name(aws)
    plan = fetch_plan(aws, bucket, deployment.stack_name)
    progress(f"The plan is s3://{bucket}/{plan_key(plan.stack)}, created {plan.created}.")
    return plan
