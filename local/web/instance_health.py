"""When Auto Scaling takes an instance for unhealthy ("About the health checks for your Auto Scaling group").

Each group has EC2's checks: an instance that is not running is unhealthy at once, also in its grace period. A group of type
ELB also has the load balancer's, which its target groups' thresholds decide. They count only after HealthCheckGracePeriod,
which begins when the instance is InService (health-check-grace-period.html). Grace periods are not shortened here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

STOPPED = "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped."
FAILED_BY_BALANCER = "an instance was taken out of service in response to an ELB system health check failure."
SET_BY_USER = "an instance was taken out of service in response to a user health-check."


@dataclass(frozen=True)
class Observation:
    """What is known about an instance at one look.

    Attributes:
        is_running: whether EC2 shows it as running, and its process runs.
        seconds_in_service: since it is InService; None if it is not yet.
        target_states: its states in the group's target groups.
    """

    is_running: bool
    seconds_in_service: float | None
    target_states: Collection[str]

    def fault(self, group: dict[str, Any]) -> str | None:
        """Return why the instance is unhealthy, as its activity gives the cause; None if it is not."""
        if not self.is_running:
            return STOPPED
        checked_by_balancer = "ELB" in group["HealthCheckType"].split(",")
        if checked_by_balancer and "unhealthy" in self.target_states and not self.is_in_grace(group):
            return FAILED_BY_BALANCER
        return None

    def is_in_grace(self, group: dict[str, Any]) -> bool:
        """Return whether the group still waits with checks other than EC2's."""
        seconds = self.seconds_in_service
        return seconds is None or seconds < group["HealthCheckGracePeriod"]
