"""Gaps of policy evaluation: some condition keys, the grants of KMS, and the resource of a call for a log stream.

A condition key that the emulator does not know counts as absent, so that it denies what AWS allows under such a condition:
ec2:Vpc, kms:CallerAccount, kms:EncryptionContext, dynamodb:LeadingKeys and the KMS key of an object. Its aws:PrincipalArn of
a session is the session's ARN instead of the role's. It stores grants and does not evaluate them. It compares calls for a
log stream with the log group's ARN alone, so that ``<log group>:*``, which AWS's own documentation grants, does not match.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from local.host.settings import ACCOUNT, REGION
from local.ministack.internals import emulator_module, require, wrap

_evaluator = emulator_module("core.iam_evaluator")
_actions = emulator_module("core.iam_actions")
_ec2 = emulator_module("services.ec2")
_kms = emulator_module("services.kms")
_dynamodb = emulator_module("services.dynamodb")

_SESSION = re.compile(r"arn:(aws[\w-]*):sts::(\d+):assumed-role/([^/]+)/")
_CONTEXT = "kms:encryptioncontext:"
_OBJECT_KEY = "x-amz-server-side-encryption-aws-kms-key-id"

_IN_A_VPC = {"security-group": "_security_groups", "subnet": "_subnets", "network-interface": "_network_interfaces"}
"""EC2 resource types with the key ec2:Vpc (service authorization reference, list_amazonec2) and their stores."""


def install() -> None:
    """Resolve the keys, evaluate grants, and name the log stream."""
    require(_ec2, *_IN_A_VPC.values())
    require(_kms, "_grants")
    require(_dynamodb, "_tables")
    wrap(_evaluator, "_resolve_condition_key", _with_keys)
    wrap(_evaluator, "combine_resource_policy", _with_grants)
    wrap(_actions, "extract_resource_arn", _with_stream)
    wrap(_actions, "request_tag_context", _with_request_keys)
    wrap(_actions, "_s3_object_context", _with_key_of_object)


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


def _with_keys(original: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    def resolve(key: str, context: Any) -> Any:
        name = key.lower()
        if name == "ec2:vpc":
            return _vpc_of(context.resource_arn)
        if name == "aws:principalarn":
            return _role_of(context.principal_arn)
        if name == "kms:calleraccount":
            return context.principal_account
        return original(key, context)

    return resolve


def _role_of(principal: str) -> str:
    """Return the role's ARN for a session (reference_policies_condition-keys.html#condition-keys-principalarn)."""
    session = _SESSION.match(principal)
    if session is None:
        return principal
    partition, account, name = session.groups()
    role = emulator_module("services.iam")._roles.get_scoped(account, None, name) or {}
    return str(role.get("Arn") or f"arn:{partition}:iam::{account}:role/{name}")


# -- keys from the request --------------------------------------------------------------------------------------------


def _with_request_keys(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def keys(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        found = original(service, action, body, params)
        if service not in ("kms", "dynamodb"):
            return found
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return found
        return {**found, **(_contexts(request) if service == "kms" else _leading_keys(request))}

    return keys


def _contexts(request: dict[str, Any]) -> dict[str, Any]:
    """kms:EncryptionContext:KEY for each pair of the request (conditions-kms.html)."""
    return {f"{_CONTEXT}{key}": value for key, value in (request.get("EncryptionContext") or {}).items()}


def _leading_keys(request: dict[str, Any]) -> dict[str, Any]:
    """dynamodb:LeadingKeys of a request for one item (specifying-conditions.html)."""
    table = _dynamodb._tables.get(str(request.get("TableName", "")).rpartition("/")[2])
    item = request.get("Key") or request.get("Item")
    if not table or not isinstance(item, dict):
        return {}
    schema = table.get("KeySchema") or []
    name = next((entry["AttributeName"] for entry in schema if entry["KeyType"] == "HASH"), "")
    value = item.get(name)
    return {"dynamodb:LeadingKeys": [str(part) for part in value.values()]} if isinstance(value, dict) else {}


def _with_key_of_object(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Add the KMS key that a write names (service authorization reference, list_amazons3)."""

    def keys(action: str, query: Any, path: str, headers: Any) -> dict[str, Any]:
        found, key = original(action, query, path, headers), headers.get(_OBJECT_KEY)
        return {**found, f"s3:{_OBJECT_KEY}": key} if key and action == "s3:PutObject" else found

    return keys


# -- grants -----------------------------------------------------------------------------------------------------------


def _with_grants(original: Callable[..., Any]) -> Callable[..., Any]:
    """Allow what a grant allows, unless a policy denies it (grants.html)."""

    def combine(identity: Any, context: Any, *arguments: Any, **options: Any) -> Any:
        result = original(identity, context, *arguments, **options)
        if result.decision in ("Allow", "Deny") or not context.action.startswith("kms:"):
            return result
        if any(_grants(grant, context) for grant in list(_kms._grants.values())):
            return _evaluator.EvalResult("Allow")
        return result

    return combine


def _grants(grant: dict[str, Any], context: Any) -> bool:
    operation = context.action.removeprefix("kms:")
    principals = (context.principal_arn, _role_of(context.principal_arn))
    if grant["KeyId"] != context.resource_arn or grant["GranteePrincipal"] not in principals:
        return False
    given = {
        key.removeprefix(_CONTEXT): value for key, value in context.service_context.items() if key.startswith(_CONTEXT)
    }
    constraints = grant.get("Constraints") or {}
    exact = constraints.get("EncryptionContextEquals")
    subset = {key.lower(): value for key, value in (constraints.get("EncryptionContextSubset") or {}).items()}
    if exact is not None and {key.lower(): value for key, value in exact.items()} != given:
        return False
    return operation in grant["Operations"] and subset.items() <= given.items()


# -- resources --------------------------------------------------------------------------------------------------------


def _vpc_of(resource_arn: str) -> str | None:
    kind, _, identifier = resource_arn.rpartition(":")[2].partition("/")
    if kind not in _IN_A_VPC:
        return None
    record = getattr(_ec2, _IN_A_VPC[kind]).get_scoped(ACCOUNT, REGION, identifier)
    return f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{record['VpcId']}" if record else None
