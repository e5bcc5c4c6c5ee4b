"""What EC2, IAM and STS know about an instance of an Auto Scaling group: its records in the emulator."""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Any

from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module, require
from local.ministack.permissions import CREDENTIALS_LIFETIME_SECONDS
from local.web.launch_template import LaunchTemplate

_ec2 = emulator_module("services.ec2")
_sts = emulator_module("services.sts")

GROUP_TAG = "aws:autoscaling:groupName"

require(_ec2, "_instances", "_volumes", "_tags", "_iam_instance_profile_associations")
require(_sts, "register_session")


def create_record(group: dict[str, Any], launch_template: LaunchTemplate, subnet: str, profile: str) -> str:
    """Create the records of an instance in EC2; return its id."""
    tags = [{"Key": GROUP_TAG, "Value": group["AutoScalingGroupName"]}] + [
        {"Key": tag["Key"], "Value": tag["Value"]} for tag in group.get("Tags", []) if tag.get("PropagateAtLaunch")
    ]
    placement: dict[str, Any] = {"SubnetId": subnet} if subnet else {}
    (started,) = aws("ec2").run_instances(
        ImageId=launch_template.image,
        InstanceType=launch_template.instance_type,
        MinCount=1,
        MaxCount=1,
        SecurityGroupIds=list(launch_template.security_groups),
        IamInstanceProfile={"Arn": profile},
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        **placement,
    )["Instances"]
    return str(started["InstanceId"])


def end_record(identifier: str) -> None:
    """End an instance in EC2, and its root volume (DeleteOnTermination), which the emulator leaves.

    Harmless if somebody has terminated it, even if the emulator shows it no longer.
    """
    with ignoring("InvalidInstanceID.NotFound"):
        aws("ec2").terminate_instances(InstanceIds=[identifier])
    for mapping in (_ec2._instances.get(identifier) or {}).get("BlockDeviceMappings", []):
        _ec2._volumes.pop(mapping["Ebs"]["VolumeId"], None)
    _ec2._tags.pop(identifier, None)
    for key, association in list(_ec2._iam_instance_profile_associations.items()):
        if association["InstanceId"] == identifier:
            _ec2._iam_instance_profile_associations.pop(key, None)


def is_running(identifier: str) -> bool:
    """Return whether EC2 shows an instance as starting or running."""
    record = _ec2._instances.get(identifier) or {}
    return (record.get("State") or {}).get("Name") in ("pending", "running")


def profile_of(name_or_arn: str) -> dict[str, Any]:
    """Return the instance profile that a launch template names."""
    profile: dict[str, Any] = aws("iam").get_instance_profile(InstanceProfileName=name_or_arn.rsplit("/", 1)[-1])[
        "InstanceProfile"
    ]
    return profile


def credentials_of(profile: dict[str, Any], instance: str) -> dict[str, str]:
    """Return what the metadata service hands out: a session of the profile's role, named after the instance."""
    (role,) = profile["Roles"]
    key = f"ASIA{hashlib.sha256(instance.encode()).hexdigest()[:16].upper()}"
    secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(60)
    account = role["Arn"].split(":")[4]
    _sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/{instance}",
            "UserId": f"{role['RoleId']}:{instance}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + CREDENTIALS_LIFETIME_SECONDS,
        },
    )
    return {"AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": token}
