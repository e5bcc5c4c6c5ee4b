"""IAM: service-linked roles. The emulator's service ignores their custom suffix."""

from __future__ import annotations

import json
from typing import Any

from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module, require
from local.ministack.properties import Attributes, Props
from local.ministack.resource_types import NewType, Place

_iam = emulator_module("services.iam")
_core = emulator_module("core.responses")

_NAMES = {"autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling"}
"""Names that are not just the service's name with a capital (using-service-linked-roles.html of each service)."""


def role_name(service: str, suffix: str) -> str:
    """Return ``AWSServiceRoleFor<Service>``, with ``_<suffix>`` for a custom suffix (API_CreateServiceLinkedRole)."""
    name = _NAMES.get(service) or f"AWSServiceRoleFor{service.split('.')[0].capitalize()}"
    return f"{name}_{suffix}" if suffix else name


def _create_role(place: Place, props: Props) -> tuple[str, Attributes]:
    """Write the role into the service's store: its API has one role for each service."""
    require(_iam, "_roles", "_gen_id", "_now")
    service = str(props["AWSServiceName"])
    name = role_name(service, str(props.get("CustomSuffix", "")))
    if name in _iam._roles:
        raise ValueError(f"Service role name {name} has been taken in this account, please try a different suffix.")
    path = f"/aws-service-role/{service}/"
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    record: dict[str, Any] = {
        "RoleName": name,
        "Arn": f"arn:aws:iam::{_core.get_account_id()}:role{path}{name}",
        "RoleId": _iam._gen_id("AROA"),
        "CreateDate": _iam._now(),
        "Path": path,
        "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        "Description": props.get("Description", ""),
        "MaxSessionDuration": 3600,
        "AttachedPolicies": [],
        "InlinePolicies": {},
        "Tags": [],
    }
    _iam._roles[name] = record
    return name, {"RoleName": name}


def _update_role(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    """Change the description in place; another service or suffix replaces the role."""
    if role_name(new["AWSServiceName"], new.get("CustomSuffix", "")) != physical_id:
        return _create_role(place, new)
    _iam._roles[physical_id]["Description"] = new.get("Description", "")
    return physical_id, {"RoleName": physical_id}


def _delete_role(physical_id: str, props: Props) -> None:
    with ignoring("NoSuchEntity"):
        aws("iam").delete_service_linked_role(RoleName=physical_id)


NEW_TYPES = {"AWS::IAM::ServiceLinkedRole": NewType(_create_role, _delete_role, _update_role)}
