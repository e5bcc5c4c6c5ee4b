"""StartInstanceRefresh, which the emulator calls successful without replacing an instance.

Here every instance of the group gets a successor of the group's launch template version, one after the other. The old
one ends when the successor is healthy in the target groups. A successor that does not become healthy fails the refresh
and ends; CancelInstanceRefresh stops before the next instance (asg-instance-refresh.html).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from local.host.settings import ACCOUNT, REGION
from local.ministack.internals import emulator_module, wrap_action
from local.web import scaling_activities
from local.web.fleet import Fleet
from local.web.instances import HEALTH_TIMEOUT_SECONDS

logger = logging.getLogger("local.web")

_asg = emulator_module("services.autoscaling")
_core = emulator_module("core.responses")


def install(fleet: Fleet) -> None:
    """Let StartInstanceRefresh replace the instances of groups whose instances run."""

    def starting(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def start(parameters: Any) -> Any:
            answer = original(parameters)
            group = _asg._asgs.get(_asg._p(parameters, "AutoScalingGroupName"))
            if answer[0] == 200 and group is not None and "TargetGroupARNs" in group:
                refresh = group["InstanceRefreshes"][0]
                refresh.update(Status="InProgress", StatusReason="", PercentageComplete=0)
                threading.Thread(target=_refresh, args=(fleet, group, refresh), daemon=True).start()
            return answer

        return start

    wrap_action(_asg, "StartInstanceRefresh", starting)


def _refresh(fleet: Fleet, group: dict[str, Any], refresh: dict[str, Any]) -> None:
    with _core.request_scope(ACCOUNT, REGION), fleet.locked(group["AutoScalingGroupName"]):
        try:
            _replace_all(fleet, group, refresh)
        except Exception as error:  # whatever it is, the refresh must not stay in progress
            logger.exception("instance refresh of %s", group["AutoScalingGroupName"])
            refresh.update(Status="Failed", StatusReason=str(error)[:500])
        refresh["EndTime"] = _core.now_iso()


def _replace_all(fleet: Fleet, group: dict[str, Any], refresh: dict[str, Any]) -> None:
    old = fleet.members(group["AutoScalingGroupName"])
    launch_template = fleet.launch_template_of(group)
    for number, instance in enumerate(old, start=1):
        if refresh["Status"] != "InProgress":  # cancelled
            return
        successor = fleet.launch(group, launch_template, scaling_activities.REPLACES_BY_REFRESH)
        if not fleet.wait_in_service(group, successor, HEALTH_TIMEOUT_SECONDS):
            fleet.terminate(group, successor, scaling_activities.REPLACED_BY_REFRESH)
            refresh.update(Status="Failed", StatusReason=f"{successor.identifier} did not become healthy")
            return
        fleet.terminate(group, instance, scaling_activities.REPLACED_BY_REFRESH)
        refresh["PercentageComplete"] = 100 * number // len(old)
    refresh.update(Status="Successful", StatusReason="", PercentageComplete=100)
