"""The artifact bucket, as a small stack of its own: planned, reviewed, executed and destroyed like any other.

Made from ``bootstrap.yaml`` by the same plan and execute as a platform, so running it again is "no changes".
"""

from __future__ import annotations

from pathlib import Path

from cfn.parameters import TemplateConfiguration
from cfn.templates import CommittedTemplates, Template, parse
from deploy.packaging.package import Package, bucket_name
from deploy.planning.plan import make
from deploy.session import Aws
from deploy.settings import Deployment
from review.model import Plan

FILE = Path(__file__).with_name("bootstrap.yaml")
STACK = "platform-artifacts"
TAGS = {
    "Environment": "account",
    "CostCenter": "trading-platform",
    "Compliance": "PCI-DSS",
    "DataClassification": "Confidential",
}


def deployment(region: str) -> Deployment:
    """The bootstrap stack as a deployment; protected, because every platform of the account needs its bucket."""
    return Deployment("bootstrap", "account", STACK, region, termination_protection=True)


def plan(aws: Aws, *, bucket: str | None = None) -> Plan:
    """The plan for the bucket. ``bucket`` names another than ``platform-artifacts-<account>-<region>``."""
    text = FILE.read_text("utf-8")
    template = Template(FILE.name, text, parse(text, FILE.name))
    name = bucket or bucket_name(aws)
    inline = Package(bucket=name, urls={}, packaged={}, artifacts=(), parameters={}, uploaded=(), reused=())
    configuration = TemplateConfiguration({"BucketName": name}, TAGS, None)
    return make(
        aws, deployment(aws.region), CommittedTemplates(template, {template.name: template}), configuration, inline
    )
