"""Actions of Auto Scaling that the emulator lacks: health, suspended processes and activities of the running groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from local.ministack.internals import add_action, emulator_module, require, wrap_action
from local.web import suspension
from local.web.fleet import Fleet

_asg = emulator_module("services.autoscaling")

MOST_ACTIVITIES = 100
"""In one answer (MaxRecords, API_DescribeScalingActivities)."""


def install(fleet: Fleet) -> None:
    """Add the actions."""
    require(_asg, "_asgs", "_p", "_parse_member_list", "_xml", "_error", "_member_xml")
    add_action(_asg, "SetInstanceHealth", lambda parameters: _set_health(fleet, parameters))
    add_action(_asg, "SuspendProcesses", lambda parameters: _change(parameters, "SuspendProcesses", suspension.suspend))
    add_action(_asg, "ResumeProcesses", lambda parameters: _change(parameters, "ResumeProcesses", suspension.resume))
    wrap_action(_asg, "DescribeScalingActivities", lambda original: _activities)
    wrap_action(_asg, "SetDesiredCapacity", _within_bounds)


def _set_health(fleet: Fleet, parameters: Any) -> Any:
    """Note what a health check of the user found; the next look at the group replaces an unhealthy instance."""
    identifier, status = _asg._p(parameters, "InstanceId"), _asg._p(parameters, "HealthStatus")
    if status not in ("Healthy", "Unhealthy"):
        return _invalid("Valid instance health states are: [Healthy, Unhealthy].")
    respects_grace = _asg._p(parameters, "ShouldRespectGracePeriod") != "false"
    if not fleet.set_health(identifier, is_healthy=status == "Healthy", respects_grace=respects_grace):
        return _invalid(f"Instance Id not found - No managed instance found for instance ID: {identifier}")
    return _asg._xml(200, "SetInstanceHealthResponse", "")


def _change(parameters: Any, action: str, change: Any) -> Any:
    group = _asg._asgs.get(_asg._p(parameters, "AutoScalingGroupName"))
    if group is None:
        return _invalid("AutoScalingGroup name not found - null")
    names = _asg._parse_member_list(parameters, "ScalingProcesses") or suspension.PROCESSES
    unknown = sorted(set(names) - set(suspension.PROCESSES))
    if unknown:
        return _invalid(f"The process type {unknown[0]} is not valid")
    change(group, names)
    return _asg._xml(200, f"{action}Response", "")


def _within_bounds(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Reject a desired capacity beyond the sizes of the group (API_SetDesiredCapacity)."""

    def set_capacity(parameters: Any) -> Any:
        group = _asg._asgs.get(_asg._p(parameters, "AutoScalingGroupName"))
        desired = int(_asg._p(parameters, "DesiredCapacity") or 0)
        if group is not None and desired > int(group["MaxSize"]):
            return _invalid(
                f"New SetDesiredCapacity value {desired} is above max value {group['MaxSize']} for the group."
            )
        if group is not None and desired < int(group["MinSize"]):
            return _invalid(
                f"New SetDesiredCapacity value {desired} is below min value {group['MinSize']} for the group."
            )
        return original(parameters)

    return set_capacity


def _activities(parameters: Any) -> Any:
    """Answer DescribeScalingActivities: the latest first, a page at a time."""
    name, wanted = _asg._p(parameters, "AutoScalingGroupName"), _asg._parse_member_list(parameters, "ActivityIds")
    groups = [group for group in list(_asg._asgs.values()) if name in ("", group["AutoScalingGroupName"])]
    found = [
        activity
        for group in groups
        for activity in list(group.get("Activities", []))
        if not wanted or activity["ActivityId"] in wanted
    ]
    found.sort(key=lambda activity: activity["StartTime"], reverse=True)
    first = int(_asg._p(parameters, "NextToken") or 0)
    end = first + min(int(_asg._p(parameters, "MaxRecords") or MOST_ACTIVITIES), MOST_ACTIVITIES)
    token = f"<NextToken>{end}</NextToken>" if end < len(found) else ""
    members = f"<Activities>{_asg._member_xml(found[first:end])}</Activities>"
    result = f"<DescribeScalingActivitiesResult>{members}{token}</DescribeScalingActivitiesResult>"
    return _asg._xml(200, "DescribeScalingActivitiesResponse", result)


def _invalid(message: str) -> Any:
    return _asg._error("ValidationError", escape(message))
