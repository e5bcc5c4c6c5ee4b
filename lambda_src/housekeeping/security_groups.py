"""Closing a VPC's default security group (CIS AWS Foundations 5.4, Security Hub EC2.2)."""

from __future__ import annotations

from typing import Any

from common.clients import error_code
from common.errors import CustomResourceError

_ALREADY = frozenset({"InvalidPermission.NotFound"})


def close_default_group(ec2: Any, vpc_id: str, group_id: str) -> int:
    """Revoke every rule of the default security group and return how many permissions that were; 0 when it was closed.

    ``group_id`` may be ``""``: the group is then looked up. Raises CustomResourceError when the VPC has no such group,
    or when ``group_id`` is not its default group: no other group must ever be closed by mistake.
    """
    group = _default_group(ec2, vpc_id)
    found = str(group["GroupId"])
    if group_id and found != group_id:
        raise CustomResourceError(f"{group_id} is not the default security group of {vpc_id} ({found})")
    ingress, egress = list(group.get("IpPermissions", [])), list(group.get("IpPermissionsEgress", []))
    if ingress:
        _revoke(ec2.revoke_security_group_ingress, found, ingress)
    if egress:
        _revoke(ec2.revoke_security_group_egress, found, egress)
    return len(ingress) + len(egress)


def _default_group(ec2: Any, vpc_id: str) -> dict[str, Any]:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
    groups: list[dict[str, Any]] = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    if not groups:
        raise CustomResourceError(f"{vpc_id} has no default security group")
    return groups[0]


def _revoke(call: Any, group_id: str, permissions: list[dict[str, Any]]) -> None:
    try:
        call(GroupId=group_id, IpPermissions=permissions)
    except Exception as error:
        if error_code(error) not in _ALREADY:
            raise
