"""Suspended processes of Auto Scaling groups (SuspendProcesses, ResumeProcesses).

Launch, Terminate, HealthCheck and ReplaceUnhealthy have an effect here, the other processes do not run here anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
"""All of them ("Types of processes", as-suspend-resume-processes.html)."""


def suspend(group: dict[str, Any], names: Iterable[str]) -> None:
    """Suspend processes of a group; those that are suspended already keep their reason."""
    reason = f"User suspended at {datetime.now(UTC).isoformat(timespec='seconds').replace('+00:00', 'Z')}"
    suspended = group.setdefault("SuspendedProcesses", {})
    for name in names:
        suspended.setdefault(name, reason)


def resume(group: dict[str, Any], names: Iterable[str]) -> None:
    """Resume processes of a group."""
    for name in names:
        group.get("SuspendedProcesses", {}).pop(name, None)


def is_suspended(group: dict[str, Any], *names: str) -> bool:
    """Return whether one of the processes is suspended."""
    return any(name in group.get("SuspendedProcesses", {}) for name in names)
