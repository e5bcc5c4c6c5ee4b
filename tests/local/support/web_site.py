"""A site of stand-in services on the embedded AWS: its deployment, and what its group and target group show."""

from __future__ import annotations

import time
from typing import Any

from local.clients.answer import Answer
from local.clients.edge import visit
from local.cloud import EmbeddedCloud
from local.web import balancer_logs
from tests.local.support.stacks import Outcome, change
from tests.local.support.standin import SITE, artifact

ACCOUNT = "111122223333"


def put(cloud: EmbeddedCloud, version: str, *, broken: bool = False) -> str:
    key, content = artifact(version, broken=broken)
    cloud.client("s3").put_object(Bucket="web-artifacts", Key=key, Body=content)
    return key


def deploy(cloud: EmbeddedCloud, version: str, *, broken: bool = False, **parameters: str) -> Outcome:
    key = put(cloud, version, broken=broken)
    return change(cloud, "site", SITE, {"ArtifactBucket": "web-artifacts", "ArtifactKey": key, **parameters})


def empty(cloud: EmbeddedCloud) -> None:
    """Empty the buckets, after the last access log of the load balancer has come."""
    time.sleep(1.5 * balancer_logs.INTERVAL_SECONDS)
    s3 = cloud.client("s3")
    for kind in ("logs", "static"):
        bucket = f"web-{kind}-dev-{ACCOUNT}"
        for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])


def edge(cloud: EmbeddedCloud, site: Outcome, path: str, method: str = "GET", **more: Any) -> Answer:
    return visit(cloud, method, f"https://{site.outputs['Domain']}{path}", **more)


def group(cloud: EmbeddedCloud) -> dict[str, Any]:
    (description,) = cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["web-dev"])[
        "AutoScalingGroups"
    ]
    return dict(description)


def health(cloud: EmbeddedCloud) -> dict[str, str]:
    (arn,) = group(cloud)["TargetGroupARNs"]
    described = cloud.client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {entry["Target"]["Id"]: entry["TargetHealth"]["State"] for entry in described}
