"""Gaps of policy evaluation: the keys ec2:Vpc and aws:PrincipalArn, and the resource of a call for a log stream.

A condition key that the emulator does not know counts as absent, so that it denies what AWS allows under such a
condition. For a session of a role, aws:PrincipalArn is the session's ARN in the emulator, and the role's in AWS. The emulator
compares calls for a log stream with the log group's ARN alone, so that ``<log group>:*``, which AWS's own
documentation grants, does not match.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local.host.settings import ACCOUNT, REGION
from local.ministack.internals import emulator_module, require, wrap

_evaluator = emulator_module("core.iam_evaluator")
_actions = emulator_module("core.iam_actions")
_ec2 = emulator_module("services.ec2")
_iam = emulator_module("services.iam")

_IN_A_VPC = {"security-group": "_security_groups", "subnet": "_subnets", "network-interface": "_network_interfaces"}
"""EC2 resource types with the key ec2:Vpc (service authorization reference, list_amazonec2) and their stores."""


def install() -> None:
    """Resolve ec2:Vpc from the resource that the request names, aws:PrincipalArn from the role, and name the log stream."""
    require(_ec2, *_IN_A_VPC.values())
    require(_iam, "_roles")
    require(_evaluator, "_role_name_from_assumed_arn")
    wrap(_evaluator, "_resolve_condition_key", _with_vpc_and_role)
    wrap(_actions, "extract_resource_arn", _with_stream)


def _with_stream(original: Callable[..., str]) -> Callable[..., str]:
    """Return ``…:log-group:<name>:log-stream:<name>`` (service authorization reference, list_amazoncloudwatchlogs)."""

    def resource(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any, **keywords: Any) -> str:
        arn = original(service, method, path, headers, body, *more, **keywords)
        if service != "logs" or ":log-group:" not in arn:
            return arn
        try:
            stream = json.loads(body).get("logStreamName")
        except (ValueError, AttributeError):
            return arn
        return f"{arn}:log-stream:{stream}" if stream else arn

    return resource


def _with_vpc_and_role(original: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    def resolve(key: str, context: Any) -> Any:
        if key.lower() == "ec2:vpc":
            return _vpc_of(context.resource_arn)
        if key.lower() == "aws:principalarn":
            return _role_of(context.principal_arn)
        return original(key, context)

    return resolve


def _role_of(principal_arn: str) -> str:
    """The ARN of the role of a session, with the role's path; any other principal's own ARN."""
    if ":assumed-role/" not in principal_arn:
        return principal_arn
    role = _iam._roles.get_scoped(ACCOUNT, None, _evaluator._role_name_from_assumed_arn(principal_arn))
    return str(role["Arn"]) if role else principal_arn


def _vpc_of(resource_arn: str) -> str | None:
    kind, _, identifier = resource_arn.rpartition(":")[2].partition("/")
    if kind not in _IN_A_VPC:
        return None
    record = getattr(_ec2, _IN_A_VPC[kind]).get_scoped(ACCOUNT, REGION, identifier)
    return f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{record['VpcId']}" if record else None
