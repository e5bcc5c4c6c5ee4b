"""Scaling activities: what Auto Scaling did with the instances of a group, and why (API_DescribeScalingActivities).

They are part of the group's record in the emulator, the latest first, and are kept with it.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

MOST_KEPT = 100
"""Of one group. The service keeps those of six weeks."""

# The service's words; "View the reason for health check failures" (replace-unhealthy-instance.html) and
# "Troubleshoot unhealthy instances" (ts-as-healthchecks.html) quote them.
REPLACES_UNHEALTHY = "an instance was launched in response to an unhealthy instance needing to be replaced."
REPLACES_BY_REFRESH = "an instance was launched in response to an instance refresh."
REPLACED_BY_REFRESH = "an instance was taken out of service in response to an instance refresh."
USER_REQUEST = "an instance was taken out of service in response to a user request."


def scales_out(before: int) -> str:
    """Return why a group of ``before`` instances gets one more."""
    return _capacity("started", "increasing", before, before + 1)


def scales_in(before: int) -> str:
    """Return why a group of ``before`` instances loses one."""
    return _capacity("taken out of service", "shrinking", before, before - 1)


def _capacity(what: str, direction: str, before: int, after: int) -> str:
    difference = "a difference between desired and actual capacity"
    return f"an instance was {what} in response to {difference}, {direction} the capacity from {before} to {after}."


def begin(group: dict[str, Any], description: str, cause: str) -> dict[str, Any]:
    """Add an activity that has just begun to a group's record and return it."""
    now = _now()
    activity: dict[str, Any] = {
        "ActivityId": str(uuid.uuid4()),
        "AutoScalingGroupName": group["AutoScalingGroupName"],
        "Description": description,
        "Cause": f"At {now[:19]}Z {cause}",
        "StartTime": now,
        "StatusCode": "InProgress",
        "Progress": 50,
        "Details": "{}",
        "AutoScalingGroupARN": group["AutoScalingGroupARN"],
    }
    activities = group.setdefault("Activities", [])
    activities.insert(0, activity)
    del activities[MOST_KEPT:]
    return activity


def finish(activity: dict[str, Any]) -> None:
    """Note that an activity has succeeded."""
    activity.update(EndTime=_now(), StatusCode="Successful", Progress=100)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
