"""The instances of the Auto Scaling groups: launched, registered with their target groups, replaced when they are unhealthy.

``_watch`` looks at every group once a second and does what the service's processes do, in this order: HealthCheck marks
unhealthy instances (``local.web.instance_health``), ReplaceUnhealthy terminates them, Terminate and Launch then bring the
group to its capacity. So an unhealthy instance is terminated before its replacement is launched, as the service does it
without an instance maintenance policy (replace-unhealthy-instance.html). Each step leaves a scaling activity.

At most ``MOST_INSTANCES`` of a group run here, however many the group wants.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.host.settings import ACCOUNT, REGION
from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module, require
from local.web import instance_records, scaling_activities
from local.web.instance_health import SET_BY_USER, Observation
from local.web.instances import Instance
from local.web.launch_template import LaunchTemplate
from local.web.suspension import is_suspended
from local.web.target_health import Address, TargetHealth

logger = logging.getLogger("local.web")

_asg = emulator_module("services.autoscaling")
_alb = emulator_module("services.alb")
_core = emulator_module("core.responses")
_ec2 = emulator_module("services.ec2")

MOST_INSTANCES = 2
"""Of one group. Two show load balancing, rolling updates and replacement."""

INTERVAL_SECONDS = 1.0
"""Between two looks at the groups."""

RETRY_AFTER_SECONDS = 20.0
"""How long a group waits after an instance that did not boot."""

DRAIN_SECONDS = 0.5
"""Between the last new request and SIGTERM; a service ends its requests itself."""


class Fleet:
    """All instances. Every method needs the account and region of the group in the calling thread's context."""

    def __init__(self, run_directory: Path) -> None:
        self._directory = run_directory / "instances"
        self._members: dict[str, list[Instance]] = {}
        self._locks: dict[str, threading.RLock] = {}
        self._not_before: dict[str, float] = {}
        self._replacements: dict[str, int] = {}
        """How many instances are still to be launched in the place of unhealthy ones, by group."""
        self._closed = threading.Event()
        self.health = TargetHealth(self._address_of)

    def install(self) -> None:
        """Start to check targets and to watch the groups."""
        require(_asg, "_asgs", "_reconcile_instances")
        require(_ec2, "_launch_templates", "_instances", "_subnets", "_tags")
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

    def launch(self, group: dict[str, Any], launch_template: LaunchTemplate, cause: str = "") -> Instance:
        """Launch an instance and register it with the group's target groups; it boots in a thread of its own.

        Args:
            group: the group's record.
            launch_template: what the instance starts.
            cause: as its activity gives it; "" if the group lacks an instance.
        """
        name = group["AutoScalingGroupName"]
        subnets = [subnet for subnet in group.get("VPCZoneIdentifier", "").split(",") if subnet]
        subnet = subnets[len(self.members(name)) % len(subnets)] if subnets else ""
        profile = instance_records.profile_of(launch_template.profile)
        identifier = instance_records.create_record(group, launch_template, subnet, profile["Arn"])
        cause = cause or scaling_activities.scales_out(len(self.members(name)))
        activity = scaling_activities.begin(group, f"Launching a new EC2 instance: {identifier}", cause)
        directory = self._directory / identifier
        directory.mkdir(parents=True)
        zone = (_ec2._subnets.get(subnet) or {}).get("AvailabilityZone") or f"{REGION}a"
        credentials = instance_records.credentials_of(profile, identifier)
        instance = Instance(identifier, zone, launch_template, credentials, directory)
        self._members.setdefault(name, []).append(instance)
        for arn in group.get("TargetGroupARNs", []):
            aws("elbv2").register_targets(TargetGroupArn=arn, Targets=[{"Id": identifier}])
        finish = functools.partial(scaling_activities.finish, activity)
        threading.Thread(target=instance.boot, args=(finish,), name=f"boot-{identifier}", daemon=True).start()
        self.show(group)
        return instance

    def terminate(self, group: dict[str, Any], instance: Instance, cause: str = "") -> None:
        """Take an instance out of its target groups, end its process and its records in EC2.

        Args:
            group: the group's record.
            instance: a member of the group.
            cause: as its activity gives it; "" if the group has an instance too many.
        """
        cause = cause or scaling_activities.scales_in(len(self.members(group["AutoScalingGroupName"])))
        activity = scaling_activities.begin(group, f"Terminating EC2 instance: {instance.identifier}", cause)
        instance.terminating = True
        self.show(group)
        for arn in group.get("TargetGroupARNs", []):
            with ignoring("TargetGroupNotFound"):
                aws("elbv2").deregister_targets(TargetGroupArn=arn, Targets=[{"Id": instance.identifier}])
        if instance.is_running() and group.get("TargetGroupARNs"):
            time.sleep(DRAIN_SECONDS)
        instance.stop()
        instance_records.end_record(instance.identifier)
        members = self._members.get(group["AutoScalingGroupName"], [])
        if instance in members:
            members.remove(instance)
        scaling_activities.finish(activity)
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
                "LifecycleState": instance.lifecycle_state,
                "HealthStatus": "Unhealthy" if instance.unhealthy_because else "Healthy",
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

    # -- health -------------------------------------------------------------------------------------------------------

    def set_health(self, identifier: str, *, is_healthy: bool, respects_grace: bool) -> bool:
        """Note what a user's health check found (SetInstanceHealth). The next look at the group acts on it.

        Args:
            identifier: the instance.
            is_healthy: what was found.
            respects_grace: whether a group's grace period holds for an unhealthy instance.

        Returns:
            Whether a group has such an instance.
        """
        for name, members in list(self._members.items()):
            for instance in list(members):
                if instance.identifier == identifier:
                    if is_healthy:
                        instance.unhealthy_because = ""
                    elif not (
                        respects_grace and self._observed(_asg._asgs[name], instance).is_in_grace(_asg._asgs[name])
                    ):
                        instance.unhealthy_because = SET_BY_USER
                    return True
        return False

    def _observed(self, group: dict[str, Any], instance: Instance) -> Observation:
        since = instance.in_service_since
        return Observation(
            is_running=instance_records.is_running(instance.identifier) and not instance.has_stopped(),
            seconds_in_service=None if since is None else time.monotonic() - since,
            target_states={self.health.state(arn, instance.identifier).state for arn in group["TargetGroupARNs"]},
        )

    # -- watching the groups ------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Look at every group again and again, also after a kept state's restart."""
        while not self._closed.wait(INTERVAL_SECONDS):
            with _core.request_scope(ACCOUNT, REGION):
                for name in list(_asg._asgs):
                    lock = self._locks.setdefault(name, threading.RLock())
                    if lock.acquire(blocking=False):
                        try:
                            self._look_at(name)
                        except Exception:  # the next look tries again; an exception would end all of them
                            logger.exception("looking at %s", name)
                        finally:
                            lock.release()

    def _look_at(self, name: str) -> None:
        group = _asg._asgs.get(name)
        if group is None or "TargetGroupARNs" not in group:
            return  # deleted, or not created by a stack
        if name not in self._members:
            self._forget_earlier_run(group)
        if not is_suspended(group, "HealthCheck"):
            for instance in self.members(name):
                instance.unhealthy_because = (
                    instance.unhealthy_because or self._observed(group, instance).fault(group) or ""
                )
        if not is_suspended(group, "ReplaceUnhealthy", "Terminate"):
            self._terminate_unhealthy(group)
        self._scale(group)

    def _terminate_unhealthy(self, group: dict[str, Any]) -> None:
        name = group["AutoScalingGroupName"]
        for instance in self.members(name):
            if instance.unhealthy_because:
                logger.warning("%s of %s is replaced: %s", instance.identifier, name, instance.unhealthy_because)
                self._not_before[name] = time.monotonic() + RETRY_AFTER_SECONDS if instance.failed else 0.0
                self._replacements[name] = self._replacements.get(name, 0) + 1
                self.terminate(group, instance, instance.unhealthy_because)

    def _scale(self, group: dict[str, Any]) -> None:
        """Bring a group to its desired capacity."""
        name = group["AutoScalingGroupName"]
        while len(self.members(name)) > self.desired(group) and not is_suspended(group, "Terminate"):
            self.terminate(group, self.members(name)[0])
        while (
            len(self.members(name)) < self.desired(group)
            and not is_suspended(group, "Launch")
            and time.monotonic() >= self._not_before.get(name, 0.0)
        ):
            replaces = self._replacements.get(name, 0) > 0
            cause = scaling_activities.REPLACES_UNHEALTHY if replaces else ""
            self.launch(group, self.launch_template_of(group), cause)
            self._replacements[name] = max(0, self._replacements.get(name, 0) - 1)
        if len(self.members(name)) >= self.desired(group):
            self._replacements.pop(name, None)

    def _forget_earlier_run(self, group: dict[str, Any]) -> None:
        """Remove the instances of an earlier run, whose records the kept state has."""
        member_ids = {instance.identifier for members in self._members.values() for instance in members}
        mark = {"Key": instance_records.GROUP_TAG, "Value": group["AutoScalingGroupName"]}
        for identifier in list(_ec2._instances):
            if identifier not in member_ids and mark in _ec2._tags.get(identifier, []):
                instance_records.end_record(identifier)
        for arn in group["TargetGroupARNs"]:
            targets = _alb._targets.get(arn, [])
            targets[:] = [target for target in targets if target["Id"] in member_ids]

    def _address_of(self, target: str, port: int) -> Address:
        for members in list(self._members.values()):
            for instance in members:
                if instance.identifier == target:
                    return "127.0.0.1", instance.port
        return target, port
