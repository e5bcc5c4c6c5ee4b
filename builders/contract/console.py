"""How the console shows the root parameters: in groups, in this order, with their labels (requirement A-9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from builders.contract import parameters
from builders.contract.functions import TIMEOUT_SECONDS
from builders.contract.template import ENVIRONMENT_SUFFIX, RootParameter

GROUPS: tuple[tuple[str, tuple[RootParameter, ...]], ...] = (
    ("General", (ENVIRONMENT_SUFFIX, parameters.ALLOWED_REGIONS)),
    (
        "Network",
        (
            *parameters.ZONE_INDEXES,
            parameters.NAT_GATEWAY_PER_ZONE,
            parameters.INTERFACE_ENDPOINTS,
            parameters.S3_PREFIX_LIST,
            parameters.DYNAMODB_PREFIX_LIST,
            parameters.CLOUDFRONT_PREFIX_LIST,
            parameters.ANALYST_GROUP,
        ),
    ),
    (
        "Database",
        (
            parameters.POSTGRES_VERSION,
            parameters.MYSQL_VERSION,
            parameters.DATABASE_INSTANCE_CLASS,
            parameters.DATABASE_MIN_CAPACITY,
            parameters.DATABASE_MAX_CAPACITY,
            parameters.BACKUP_RETENTION,
        ),
    ),
    (
        "Web",
        (
            parameters.WEB_IMAGE,
            parameters.WEB_INSTANCE_TYPE,
            parameters.WEB_MIN_INSTANCES,
            parameters.WEB_BUSINESS_INSTANCES,
            parameters.WEB_MAX_INSTANCES,
            parameters.WEB_CPU_TARGET,
        ),
    ),
    ("Edge", (parameters.DOMAIN_NAME, parameters.CERTIFICATE, parameters.ORIGIN_HEADER_TURN)),
    (
        "Functions",
        (
            parameters.RESERVE_CONCURRENCY,
            parameters.API_CONCURRENCY,
            parameters.PROCESS_CONCURRENCY,
            parameters.SUPPORT_CONCURRENCY,
            parameters.DEDUPLICATION_WINDOW,
            parameters.LOG_LEVEL,
        ),
    ),
    ("Firewall", (parameters.REQUESTS_PER_ADDRESS,)),
    ("Lake", (parameters.QUERY_SCAN_LIMIT,)),
    ("Logs and alerts", (parameters.LOG_RETENTION, parameters.ALERT_EMAIL)),
    ("Account singletons", (parameters.MANAGE_API_GATEWAY_ACCOUNT, parameters.MANAGE_CONFIG_RECORDER)),
    (
        "Artifacts",
        (parameters.ARTIFACT_BUCKET, *map(parameters.artifact_key, TIMEOUT_SECONDS), parameters.SERVICE_KEY),
    ),
)


def in_console_order() -> list[RootParameter]:
    """All root parameters, group by group."""
    return [parameter for _, members in GROUPS for parameter in members]


def interface(shown: Sequence[RootParameter]) -> dict[str, Any]:
    """``AWS::CloudFormation::Interface`` for the parameters shown.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-interface.html
    """
    names = {parameter.name for parameter in shown}
    groups = [
        {"Label": {"default": label}, "Parameters": [p.name for p in members if p.name in names]}
        for label, members in GROUPS
    ]
    return {
        "AWS::CloudFormation::Interface": {
            "ParameterGroups": [group for group in groups if group["Parameters"]],
            "ParameterLabels": {p.name: {"default": p.label} for p in _by_name(shown)},
        }
    }


def _by_name(shown: Iterable[RootParameter]) -> list[RootParameter]:
    return sorted(shown, key=lambda parameter: parameter.name)
