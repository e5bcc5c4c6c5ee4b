"""Closes a VPC's default security group (CIS AWS Foundations 5.4, Security Hub EC2.2)."""

from __future__ import annotations

from typing import Any

from common.clients import error_code
from common.errors import CustomResourceError

_REVOKED_ALREADY = frozenset({"InvalidPermission.NotFound"})


def close_default_group(ec2: Any, vpc_id: str, group_id: str) -> int:
    """Revoke each rule of the default security group.

    Args:
        ec2: boto3's client.
        vpc_id: The VPC.
        group_id: The expected id of the group; ``""`` to expect none.

    Returns:
        The number of revoked permissions; 0 for a closed group.

    Raises:
        CustomResourceError: The VPC has no default group, or another one than ``group_id``. So no other group is ever
            closed by mistake.
    """
    group = _default_group(ec2, vpc_id)
    default_id = str(group["GroupId"])
    if group_id and default_id != group_id:
        raise CustomResourceError(f"{group_id} is not the default security group of {vpc_id} ({default_id})")
    ingress, egress = list(group.get("IpPermissions", [])), list(group.get("IpPermissionsEgress", []))
    if ingress:
        _revoke(ec2.revoke_security_group_ingress, default_id, ingress)
    if egress:
        _revoke(ec2.revoke_security_group_egress, default_id, egress)
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
        if error_code(error) not in _REVOKED_ALREADY:
            raise
