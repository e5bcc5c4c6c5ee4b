"""``deploy package``: the zips of functions and services, uploaded with the templates."""

from __future__ import annotations

import json
from argparse import Namespace

from cfn.templates import CommittedTemplates, load_templates
from deploy.commands.options import deployment_of
from deploy.console import say
from deploy.packaging.package import Package, build_package
from deploy.session import Aws
from deploy.settings import Project
from review.plan.codec import encode


def run(arguments: Namespace, project: Project) -> int:
    """Package and print what was uploaded."""
    deployment = deployment_of(arguments, project)
    aws = Aws(deployment.region, arguments.profile)
    templates = load_templates(project.templates(deployment.platform))
    package = package_for(arguments, project, aws, templates)
    say(json.dumps(encode(package), indent=2, sort_keys=True) if arguments.json else package_text(package))
    return 0


def package_for(arguments: Namespace, project: Project, aws: Aws, templates: CommittedTemplates) -> Package:
    """The package that the arguments ask for."""
    host = arguments.wheels == "host"
    return build_package(aws, project, arguments.platform, templates, bucket=arguments.bucket, host=host)


def package_text(package: Package) -> str:
    """The zips, and how many objects were uploaded."""
    lines = [
        f"  {artifact.name:<16} {artifact.zipped / 1024:>9,.0f} kB  {artifact.key}" for artifact in package.artifacts
    ]
    uploaded, reused = len(package.uploaded), len(package.reused)
    lines.append(f"{uploaded} objects uploaded to {package.bucket}, {reused} existed already.")
    return "\n".join(lines)
