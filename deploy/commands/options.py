"""What several commands read from their arguments."""

from __future__ import annotations

from argparse import Namespace

from deploy.settings import Deployment, Project, load_deployment


def deployment_of(arguments: Namespace, project: Project) -> Deployment:
    """The row of deployment.json that the command names, with the options that replace a value."""
    return load_deployment(
        project,
        arguments.platform,
        arguments.environment,
        region=arguments.region,
        stack_name=getattr(arguments, "stack_name", None),
    )


def region_of(arguments: Namespace, project: Project) -> str:
    """The region of the command; ``deployment.json`` is read only if ``--region`` is not given."""
    region: str | None = arguments.region
    return region or deployment_of(arguments, project).region
