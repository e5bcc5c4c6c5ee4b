"""Unhealthy instances are replaced as Auto Scaling does it: health check type, grace period, suspended processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from local.web import fleet
from local.web.instance_health import FAILED_BY_BALANCER, STOPPED, Observation
from tests.local.support.processes import descendants_of
from tests.local.support.stacks import Outcome, delete
from tests.local.support.waiting import eventually
from tests.local.support.web_site import deploy, edge, empty, group, health

pytestmark = [pytest.mark.emulator, pytest.mark.requirement("X-WEB-1")]

GROUP = "web-dev"
SETTLED_WITHIN_SECONDS = 60
LONG_GRACE_SECONDS = 600
SHORT_GRACE_SECONDS = 5
LONG_ENOUGH_TO_ACT_SECONDS = 3 * fleet.INTERVAL_SECONDS
"""For a wrong replacement to begin, which would be visible in the lifecycle state."""


@pytest.fixture(scope="module")
def stack(cloud: EmbeddedCloud) -> Iterator[Outcome]:
    cloud.client("s3").create_bucket(Bucket="web-artifacts")
    before = cloud.leftovers()
    outcome = deploy(cloud, "one")
    assert outcome.status == "CREATE_COMPLETE", outcome.failures
    yield outcome
    empty(cloud)
    assert delete(cloud, "site").status == "DELETE_COMPLETE"
    assert cloud.leftovers() == before


@pytest.fixture
def site(cloud: EmbeddedCloud, stack: Outcome) -> Outcome:
    """The site with two healthy instances, a group of type ELB with a long grace period, and nothing suspended."""
    cloud.client("autoscaling").resume_processes(AutoScalingGroupName=GROUP)
    configure(cloud, "ELB", LONG_GRACE_SECONDS)
    await_two_healthy(cloud)
    return stack


def configure(cloud: EmbeddedCloud, health_check_type: str, grace_seconds: int) -> None:
    cloud.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=GROUP, HealthCheckType=health_check_type, HealthCheckGracePeriod=grace_seconds
    )


def members(cloud: EmbeddedCloud) -> dict[str, tuple[str, str]]:
    """Lifecycle state and health of each instance."""
    return {
        entry["InstanceId"]: (entry["LifecycleState"], entry["HealthStatus"]) for entry in group(cloud)["Instances"]
    }


def await_two_healthy(cloud: EmbeddedCloud) -> set[str]:
    def settled() -> set[str]:
        shown = members(cloud)
        is_settled = health(cloud) == dict.fromkeys(shown, "healthy")
        return set(shown) if is_settled and list(shown.values()) == [("InService", "Healthy")] * 2 else set()

    return set(eventually(settled, SETTLED_WITHIN_SECONDS))


def await_gone(cloud: EmbeddedCloud, instance: str) -> None:
    eventually(lambda: instance not in members(cloud), SETTLED_WITHIN_SECONDS)


def break_one(cloud: EmbeddedCloud, site: Outcome) -> str:
    """Let one instance fail its health checks; return it once the target group calls it unhealthy."""
    assert edge(cloud, site, "/break", "POST").status == 200
    return str(
        eventually(lambda: next((target for target, state in health(cloud).items() if state == "unhealthy"), None), 30)
    )


def assert_stays(cloud: EmbeddedCloud, instance: str, status: str) -> None:
    time.sleep(LONG_ENOUGH_TO_ACT_SECONDS)
    assert members(cloud)[instance] == ("InService", status)


def activities(cloud: EmbeddedCloud, instance: str) -> list[dict[str, Any]]:
    """The activities since the instance's termination, the earliest first."""
    shown = cloud.client("autoscaling").describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"]
    (end,) = [
        number
        for number, activity in enumerate(shown)
        if activity["Description"].endswith(f"Terminating EC2 instance: {instance}")
    ]
    return list(reversed(shown[: end + 1]))


def assert_replaced(cloud: EmbeddedCloud, instance: str, cause: str) -> None:
    """The instance is terminated for this cause, then another one is launched, and nothing else happens."""
    await_gone(cloud, instance)
    configure(
        cloud, "ELB", LONG_GRACE_SECONDS
    )  # else the checks that failed during the boot would count for the new one
    now = await_two_healthy(cloud)
    terminated, launched = activities(cloud, instance)
    assert terminated["Cause"].endswith(cause)
    assert launched["Cause"].endswith(
        "an instance was launched in response to an unhealthy instance needing to be replaced."
    )
    assert launched["Description"].rpartition(" ")[2] in now
    assert terminated["StartTime"] <= terminated["EndTime"] <= launched["StartTime"] <= launched["EndTime"]
    assert [entry["StatusCode"] for entry in (terminated, launched)] == ["Successful", "Successful"]
    (record,) = cloud.client("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    assert record["Instances"][0]["State"]["Name"] == "terminated"
    assert group(cloud)["DesiredCapacity"] == 3, "of which two run here"


def test_the_load_balancers_checks_count_after_the_grace_period(cloud: EmbeddedCloud, site: Outcome) -> None:
    """The incident: an instance that was wedged for good was never replaced."""
    broken = break_one(cloud, site)
    assert_stays(cloud, broken, "Healthy")
    configure(cloud, "ELB", SHORT_GRACE_SECONDS)
    assert_replaced(cloud, broken, "in response to an ELB system health check failure.")


def test_the_load_balancers_checks_do_not_count_in_a_group_of_type_ec2(cloud: EmbeddedCloud, site: Outcome) -> None:
    configure(cloud, "EC2", 0)
    broken = break_one(cloud, site)
    assert_stays(cloud, broken, "Healthy")
    assert {edge(cloud, site, "/other").status for _ in range(6)} == {200}, "the other instance serves"
    configure(cloud, "ELB", SHORT_GRACE_SECONDS)
    assert_replaced(cloud, broken, "in response to an ELB system health check failure.")


@pytest.mark.parametrize("how", ["terminate_instances", "stop_instances"])
def test_an_instance_that_ec2_no_longer_runs_is_replaced_within_its_grace_period(
    cloud: EmbeddedCloud, site: Outcome, how: str
) -> None:
    instance = sorted(members(cloud))[0]
    getattr(cloud.client("ec2"), how)(InstanceIds=[instance])
    assert_replaced(cloud, instance, "in response to an EC2 health check indicating it has been terminated or stopped.")
    assert len(services(cloud)) == 2, "and its process has ended"


def test_an_instance_that_is_terminated_while_it_boots_leaves_no_process(cloud: EmbeddedCloud, site: Outcome) -> None:
    ec2, instance = cloud.client("ec2"), sorted(members(cloud))[0]
    ec2.terminate_instances(InstanceIds=[instance])
    for _ in range(2):
        (booting, *_) = eventually(
            lambda: [name for name, shown in members(cloud).items() if shown[0] == "Pending"], 30
        )
        ec2.terminate_instances(InstanceIds=[booting])
        await_gone(cloud, booting)
    await_two_healthy(cloud)
    assert len(services(cloud)) == 2


def services(cloud: EmbeddedCloud) -> list[str]:
    """The command lines of the services, without those of their guards."""
    return [line for line in descendants_of(cloud.guard_pid) if "-m standin" in line and "guard.py" not in line]


def test_a_users_health_check_respects_the_grace_period_unless_it_says_so(cloud: EmbeddedCloud, site: Outcome) -> None:
    autoscaling, instance = cloud.client("autoscaling"), sorted(members(cloud))[0]
    autoscaling.set_instance_health(InstanceId=instance, HealthStatus="Unhealthy")
    assert_stays(cloud, instance, "Healthy")
    autoscaling.set_instance_health(InstanceId=instance, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    assert_replaced(cloud, instance, "in response to a user health-check.")


def test_an_unhealthy_instance_stays_while_replacements_are_suspended(cloud: EmbeddedCloud, site: Outcome) -> None:
    autoscaling = cloud.client("autoscaling")
    first, second = sorted(members(cloud))
    autoscaling.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["ReplaceUnhealthy"])
    (process,) = group(cloud)["SuspendedProcesses"]
    assert process["ProcessName"] == "ReplaceUnhealthy"
    assert process["SuspensionReason"].startswith("User suspended at 20")
    for instance in (first, second):
        autoscaling.set_instance_health(InstanceId=instance, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    assert_stays(cloud, first, "Unhealthy")
    autoscaling.set_instance_health(InstanceId=second, HealthStatus="Healthy")
    autoscaling.resume_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["ReplaceUnhealthy"])
    assert_replaced(cloud, first, "in response to a user health-check.")
    assert second in members(cloud)


def test_health_is_not_checked_while_health_checks_are_suspended(cloud: EmbeddedCloud, site: Outcome) -> None:
    autoscaling = cloud.client("autoscaling")
    autoscaling.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["HealthCheck"])
    configure(cloud, "ELB", 0)
    broken = break_one(cloud, site)
    assert_stays(cloud, broken, "Healthy")
    autoscaling.resume_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["HealthCheck"])
    assert_replaced(cloud, broken, "in response to an ELB system health check failure.")


def test_without_launches_an_unhealthy_instance_goes_and_its_replacement_comes_later(
    cloud: EmbeddedCloud, site: Outcome
) -> None:
    autoscaling, instance = cloud.client("autoscaling"), sorted(members(cloud))[0]
    autoscaling.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"])
    autoscaling.set_instance_health(InstanceId=instance, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    eventually(lambda: len(members(cloud)) == 1, 30)
    time.sleep(LONG_ENOUGH_TO_ACT_SECONDS)
    assert len(members(cloud)) == 1
    autoscaling.resume_processes(AutoScalingGroupName=GROUP)
    assert group(cloud).get("SuspendedProcesses") == []
    assert_replaced(cloud, instance, "in response to a user health-check.")


def test_activities_tell_of_the_groups_capacity_and_come_in_pages(cloud: EmbeddedCloud, site: Outcome) -> None:
    autoscaling = cloud.client("autoscaling")
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=1)
    autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=1)
    eventually(lambda: len(members(cloud)) == 1, 30)
    autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=3)
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=2)
    await_two_healthy(cloud)
    difference = "in response to a difference between desired and actual capacity"
    pages = autoscaling.get_paginator("describe_scaling_activities").paginate(
        AutoScalingGroupName=GROUP, PaginationConfig={"PageSize": 1, "MaxItems": 2}
    )
    causes = [activity["Cause"] for page in pages for activity in page["Activities"]]
    assert [cause.partition("Z ")[2] for cause in causes] == [
        f"an instance was started {difference}, increasing the capacity from 1 to 2.",
        f"an instance was taken out of service {difference}, shrinking the capacity from 2 to 1.",
    ]


def test_unknown_instances_states_and_processes_are_rejected(cloud: EmbeddedCloud, site: Outcome) -> None:
    autoscaling = cloud.client("autoscaling")
    with pytest.raises(autoscaling.exceptions.ClientError, match="No managed instance found"):
        autoscaling.set_instance_health(InstanceId="i-0123456789abcdef0", HealthStatus="Unhealthy")
    with pytest.raises(autoscaling.exceptions.ClientError, match="Valid instance health states"):
        autoscaling.set_instance_health(InstanceId=sorted(members(cloud))[0], HealthStatus="Ill")
    with pytest.raises(autoscaling.exceptions.ClientError, match="process type Sleep is not valid"):
        autoscaling.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Sleep"])


@pytest.mark.parametrize(
    ("observed", "health_check_type", "grace", "cause"),
    [
        (Observation(True, 10, {"healthy"}), "ELB", 5, None),
        (Observation(True, 10, {"healthy", "unhealthy"}), "ELB", 5, FAILED_BY_BALANCER),
        (Observation(True, 10, {"unhealthy"}), "EC2,ELB", 5, FAILED_BY_BALANCER),
        (Observation(True, 10, {"unhealthy"}), "EC2", 5, None),
        (Observation(True, 10, {"unhealthy"}), "ELB", 11, None),
        (Observation(True, 10, {"initial"}), "ELB", 5, None),
        (Observation(True, None, {"unhealthy"}), "ELB", 0, None),
        (Observation(False, 10, {"healthy"}), "EC2", 600, STOPPED),
        (Observation(False, None, set()), "ELB", 600, STOPPED),
    ],
)
def test_an_instance_is_unhealthy_by_type_and_grace_period(
    observed: Observation, health_check_type: str, grace: int, cause: str | None
) -> None:
    assert observed.fault({"HealthCheckType": health_check_type, "HealthCheckGracePeriod": grace}) == cause
