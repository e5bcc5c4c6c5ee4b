"""The artifact bucket as a small stack of its own: planned, reviewed, executed and destroyed like any other.

Its template is ``bootstrap.yaml``. A second bootstrap is "no changes", as a second deployment of a platform is.
"""

from __future__ import annotations

from pathlib import Path

from cfn.parameters import TemplateConfiguration
from cfn.templates import CommittedTemplates, Template, parse
from deploy.packaging.package import Package, bucket_name
from deploy.planning.plan import PlanInputs, create_plan
from deploy.session import Aws
from deploy.settings import Deployment
from review.plan.model import Plan

TEMPLATE = Path(__file__).with_name("bootstrap.yaml")
STACK_NAME = "platform-artifacts"
TAGS = {
    "Environment": "account",
    "CostCenter": "trading-platform",
    "Compliance": "PCI-DSS",
    "DataClassification": "Confidential",
}


def bootstrap_deployment(region: str) -> Deployment:
    """The bootstrap stack as a deployment; protected, because every platform of the account needs its bucket."""
    return Deployment("bootstrap", "account", STACK_NAME, region, termination_protection=True)


def plan_artifact_bucket(aws: Aws, *, bucket: str | None = None) -> Plan:
    """Create the plan for the artifact bucket.

    Args:
        aws: The account and region.
        bucket: The bucket's name; ``platform-artifacts-<account>-<region>`` by default.
    """
    text = TEMPLATE.read_text("utf-8")
    template = Template(TEMPLATE.name, text, parse(text, TEMPLATE.name))
    name = bucket or bucket_name(aws)
    inputs = PlanInputs(
        deployment=bootstrap_deployment(aws.region),
        templates=CommittedTemplates(template, {template.name: template}),
        configuration=TemplateConfiguration({"BucketName": name}, TAGS, None),
        package=Package(bucket=name, urls={}, packaged={}, artifacts=(), parameters={}, uploaded=(), reused=()),
    )
    return create_plan(aws, inputs)
