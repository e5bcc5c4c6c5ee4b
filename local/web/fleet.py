"""The instances of the Auto Scaling groups: launched, registered with their target groups, replaced when they end.

At most ``MOST_INSTANCES`` of a group run here, however many the group wants.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.host.settings import ACCOUNT, REGION
from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module, require
from local.ministack.permissions import CREDENTIALS_LIFETIME_SECONDS
from local.web.instances import Instance
from local.web.launch_template import LaunchTemplate
from local.web.target_health import Address, TargetHealth

logger = logging.getLogger("local.web")

_asg = emulator_module("services.autoscaling")
_alb = emulator_module("services.alb")
_core = emulator_module("core.responses")
_ec2 = emulator_module("services.ec2")
_sts = emulator_module("services.sts")

MOST_INSTANCES = 2
"""Of one group. Two show load balancing, rolling updates and replacement."""

INTERVAL_SECONDS = 1.0
"""Between two looks at the groups."""

RETRY_AFTER_SECONDS = 20.0
"""How long a group waits after an instance that did not boot."""

DRAIN_SECONDS = 0.5
"""Between the last new request and SIGTERM; a service ends its requests itself."""

_GROUP_TAG = "aws:autoscaling:groupName"


class Fleet:
    """All instances. Every method needs the account and region of the group in the calling thread's context."""

    def __init__(self, run_directory: Path) -> None:
        self._directory = run_directory / "instances"
        self._members: dict[str, list[Instance]] = {}
        self._locks: dict[str, threading.RLock] = {}
        self._not_before: dict[str, float] = {}
        self._closed = threading.Event()
        self.health = TargetHealth(self._address_of)

    def install(self) -> None:
        """Start to check targets and to watch the groups."""
        require(_asg, "_asgs", "_reconcile_instances")
        require(_ec2, "_launch_templates", "_instances", "_volumes", "_tags", "_iam_instance_profile_associations")
        self.health.install()
        # The emulator invents instances; the next look at the groups launches real ones.
        _asg._reconcile_instances = lambda group: None
        threading.Thread(target=self._watch, name="auto-scaling", daemon=True).start()

    def close(self) -> None:
        """Stop every instance."""
        self._closed.set()
        self.health.close()
        for members in list(self._members.values()):
            for instance in members:
                instance.stop()

    # -- members ------------------------------------------------------------------------------------------------------

    def members(self, group: str) -> list[Instance]:
        """Return the instances of a group."""
        return list(self._members.get(group, []))

    @contextmanager
    def locked(self, group: str) -> Iterator[None]:
        """Let no other thread launch or terminate instances of the group."""
        with self._locks.setdefault(group, threading.RLock()):
            yield

    def desired(self, group: dict[str, Any]) -> int:
        """Return how many instances of the group run here."""
        return min(int(group["DesiredCapacity"]), MOST_INSTANCES)

    def launch_template_of(self, group: dict[str, Any]) -> LaunchTemplate:
        """Return the version of the launch template that the group names now. Raises ValueError if it does not exist."""
        chosen = group.get("LaunchTemplate") or {}
        template = _ec2._launch_templates.get(chosen.get("LaunchTemplateId", ""))
        if template is None:
            raise ValueError(f"The launch template of {group['AutoScalingGroupName']} does not exist")
        special = {"$Latest": template["LatestVersionNumber"], "$Default": template["DefaultVersionNumber"]}
        number = int(special.get(chosen["Version"], chosen["Version"]))
        for version in template["Versions"]:
            if version["VersionNumber"] == number:
                return LaunchTemplate.of(f"{template['LaunchTemplateId']}:{number}", version["LaunchTemplateData"])
        raise ValueError(f"Version {number} of the launch template {template['LaunchTemplateName']} does not exist")

    def launch(self, group: dict[str, Any], launch_template: LaunchTemplate) -> Instance:
        """Launch an instance and register it with the group's target groups; it boots in a thread of its own."""
        name = group["AutoScalingGroupName"]
        subnets = [subnet for subnet in group.get("VPCZoneIdentifier", "").split(",") if subnet]
        subnet = subnets[len(self.members(name)) % len(subnets)] if subnets else ""
        profile = _profile_of(launch_template.profile)
        identifier = _run_instance(group, launch_template, subnet, profile["Arn"])
        directory = self._directory / identifier
        directory.mkdir(parents=True)
        zone = (_ec2._subnets.get(subnet) or {}).get("AvailabilityZone") or f"{REGION}a"
        instance = Instance(identifier, zone, launch_template, _credentials(profile, identifier), directory)
        self._members.setdefault(name, []).append(instance)
        for arn in group.get("TargetGroupARNs", []):
            aws("elbv2").register_targets(TargetGroupArn=arn, Targets=[{"Id": identifier}])
        threading.Thread(target=instance.boot, name=f"boot-{identifier}", daemon=True).start()
        self.show(group)
        return instance

    def terminate(self, group: dict[str, Any], instance: Instance) -> None:
        """Take an instance out of its target groups, end its process and its records in EC2."""
        for arn in group.get("TargetGroupARNs", []):
            with ignoring("TargetGroupNotFound"):
                aws("elbv2").deregister_targets(TargetGroupArn=arn, Targets=[{"Id": instance.identifier}])
        if instance.is_running() and group.get("TargetGroupARNs"):
            time.sleep(DRAIN_SECONDS)
        instance.stop()
        _end_record(instance.identifier)
        members = self._members.get(group["AutoScalingGroupName"], [])
        if instance in members:
            members.remove(instance)
        self.show(group)

    def terminate_all(self, group: dict[str, Any]) -> None:
        """Terminate the instances of a group that goes."""
        name = group["AutoScalingGroupName"]
        with self.locked(name):
            for instance in self.members(name):
                self.terminate(group, instance)
            self._members.pop(name, None)

    def wait_in_service(self, group: dict[str, Any], instance: Instance, seconds: float) -> bool:
        """Return whether the instance has booted and is healthy in every target group within so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not instance.has_ended():
            states = {self.health.state(arn, instance.identifier).state for arn in group.get("TargetGroupARNs", [])}
            if instance.healthy and states <= {"healthy"}:
                return True
            time.sleep(0.1)
        return False

    def show(self, group: dict[str, Any]) -> None:
        """Write the members into the record that DescribeAutoScalingGroups reads."""
        group["Instances"] = [
            {
                "InstanceId": instance.identifier,
                "LifecycleState": "InService" if instance.healthy else "Pending",
                "HealthStatus": "Healthy",
                "AvailabilityZone": instance.zone,
                "ProtectedFromScaleIn": False,
                "LaunchTemplate": {
                    **group["LaunchTemplate"],
                    "Version": instance.launch_template.version.split(":")[1],
                },
                "LaunchConfigurationName": "",
            }
            for instance in self.members(group["AutoScalingGroupName"])
        ]

    # -- watching the groups ------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Replace terminated instances and scale each group to its desired capacity, also after a kept state's restart."""
        while not self._closed.wait(INTERVAL_SECONDS):
            with _core.request_scope(ACCOUNT, REGION):
                for name in list(_asg._asgs):
                    lock = self._locks.setdefault(name, threading.RLock())
                    if lock.acquire(blocking=False):
                        try:
                            self._scale(name)
                        except Exception:  # the next look tries again; an exception would end all of them
                            logger.exception("scaling %s", name)
                        finally:
                            lock.release()

    def _scale(self, name: str) -> None:
        group = _asg._asgs.get(name)
        if group is None or "TargetGroupARNs" not in group:
            return  # deleted, or not created by a stack
        for instance in self.members(name):
            if instance.has_ended():
                logger.warning("%s of %s ended: it is replaced", instance.identifier, name)
                self._not_before[name] = 0.0 if instance.healthy else time.monotonic() + RETRY_AFTER_SECONDS
                self.terminate(group, instance)
        if name not in self._members:
            self._forget_earlier_run(group)
        while len(self.members(name)) > self.desired(group):
            self.terminate(group, self.members(name)[0])
        while len(self.members(name)) < self.desired(group) and time.monotonic() >= self._not_before.get(name, 0.0):
            self.launch(group, self.launch_template_of(group))

    def _forget_earlier_run(self, group: dict[str, Any]) -> None:
        """Remove the instances of an earlier run, whose records the kept state has."""
        member_ids = {instance.identifier for members in self._members.values() for instance in members}
        mark = {"Key": _GROUP_TAG, "Value": group["AutoScalingGroupName"]}
        for identifier in list(_ec2._instances):
            if identifier not in member_ids and mark in _ec2._tags.get(identifier, []):
                _end_record(identifier)
        for arn in group["TargetGroupARNs"]:
            targets = _alb._targets.get(arn, [])
            targets[:] = [target for target in targets if target["Id"] in member_ids]

    def _address_of(self, target: str, port: int) -> Address:
        for members in list(self._members.values()):
            for instance in members:
                if instance.identifier == target:
                    return "127.0.0.1", instance.port
        return target, port


def _run_instance(group: dict[str, Any], launch_template: LaunchTemplate, subnet: str, profile: str) -> str:
    """Create the records of an instance in EC2; return its id."""
    tags = [{"Key": _GROUP_TAG, "Value": group["AutoScalingGroupName"]}] + [
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


def _end_record(identifier: str) -> None:
    """End an instance in EC2, and its root volume (DeleteOnTermination), which the emulator leaves."""
    aws("ec2").terminate_instances(InstanceIds=[identifier])
    for mapping in _ec2._instances[identifier].get("BlockDeviceMappings", []):
        _ec2._volumes.pop(mapping["Ebs"]["VolumeId"], None)
    _ec2._tags.pop(identifier, None)
    for key, association in list(_ec2._iam_instance_profile_associations.items()):
        if association["InstanceId"] == identifier:
            _ec2._iam_instance_profile_associations.pop(key, None)


def _profile_of(name_or_arn: str) -> dict[str, Any]:
    profile: dict[str, Any] = aws("iam").get_instance_profile(InstanceProfileName=name_or_arn.rsplit("/", 1)[-1])[
        "InstanceProfile"
    ]
    return profile


def _credentials(profile: dict[str, Any], instance: str) -> dict[str, str]:
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
