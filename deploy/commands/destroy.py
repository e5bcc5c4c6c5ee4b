"""``deploy destroy``: deletes the stack and finds what remains."""

from __future__ import annotations

import json
from argparse import Namespace

from cfn.text import visible
from deploy.commands.options import deployment_of, region_of
from deploy.console import confirm, progress, say
from deploy.errors import DestroyError
from deploy.execution.destroy import DestroyResult, destroy_stack, require_unprotected
from deploy.execution.interruption import interrupted_deletion
from deploy.packaging.package import bucket_name
from deploy.planning.bootstrap import STACK_NAME
from deploy.planning.snapshot import describe_stack
from deploy.session import Aws
from deploy.settings import Deployment, Project, protecting_rows


def run(arguments: Namespace, project: Project) -> int:
    """Ask, delete the stack and print what remains."""
    buckets: list[str] = []
    protected_by: tuple[str, ...] = ()
    if arguments.bootstrap:
        aws = Aws(region_of(arguments, project), arguments.profile)
        stack = STACK_NAME
        buckets = [arguments.bucket or bucket_name(aws)]
    else:
        deployment = deployment_of(arguments, project)
        aws = Aws(deployment.region, arguments.profile)
        stack, protected_by = deployment.stack_name, _protecting_rows(deployment, project)
    description = describe_stack(aws.client("cloudformation"), stack)
    if description is not None:
        require_unprotected(stack, description, protected_by)
        question = f"This deletes {stack} in account {aws.account}, {aws.region}, with all its data."
        if not confirm(question, stack, yes=arguments.yes):
            return 1
    empty_first = buckets if description is not None else ()
    try:
        result = destroy_stack(aws, stack, progress, protected_by=protected_by, empty_first=empty_first)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(interrupted_deletion(aws, stack)) from None
    _report(result, stack, as_json=arguments.json)
    return 0


def _report(result: DestroyResult, stack: str, *, as_json: bool) -> None:
    """Print the result. Raises DestroyError if something remains."""
    if as_json:
        document = {"existed": result.existed, "left": result.remaining, "notes": result.notes}
        say(json.dumps(document, indent=2))
    for note in result.notes:
        progress(visible(note))
    if result.remaining:
        do = "Delete these resources by hand, or find out what created them."
        raise DestroyError(stack, f"{stack} is deleted, but these resources remain:", result.remaining, do)
    progress(f"{stack}: nothing is left." if result.existed else "Nothing to destroy.")


def _protecting_rows(deployment: Deployment, project: Project) -> tuple[str, ...]:
    """The rows that protect the stack; the row that the command names counts in another region (--region) as well."""
    rows = protecting_rows(project, deployment.stack_name, deployment.region)
    if rows or not deployment.termination_protection:
        return rows
    return (f"{project.relative(project.deployments(deployment.platform))} ({deployment.environment})",)
