"""Following an operation: the whole tree, the first real failure, and patience with a bad connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.errors import AccessError
from deploy.execution.watch import Watch
from tests.deploy.support.aws import refusal, unreachable

ARN = "arn:aws:cloudformation:us-east-1:111122223333:stack"
ROOT, NET, DB = f"{ARN}/trading-dev/1", f"{ARN}/trading-dev-Network-X/2", f"{ARN}/trading-dev-Database-Y/3"
STACK = "AWS::CloudFormation::Stack"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Service:
    """A CloudFormation whose events appear turn by turn; one turn is one DescribeStacks."""

    def __init__(self, *turns: tuple[str, list[tuple[str, str, str, str, str, str]]]) -> None:
        self.turns = list(turns)
        self.events: dict[str, list[dict[str, Any]]] = {ROOT: [], NET: [], DB: []}
        self.status, self.count, self.page_size = "REVIEW_IN_PROGRESS", 0, 100
        self.polled_stacks: list[str] = []

    def happen(self, stack: str, logical: str, kind: str, physical: str, status: str, reason: str) -> None:
        self.count += 1
        event = {"EventId": f"e{self.count}", "StackId": stack, "LogicalResourceId": logical, "ResourceType": kind}
        event |= {"PhysicalResourceId": physical, "ResourceStatus": status, "ResourceStatusReason": reason}
        self.events[stack].insert(0, {**event, "Timestamp": START + timedelta(seconds=self.count)})

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        if self.turns:
            self.status, events = self.turns.pop(0)
            for event in events:
                self.happen(*event)
        return {"Stacks": [{"StackStatus": self.status}]}

    def describe_stack_events(self, **arguments: str) -> dict[str, Any]:
        self.polled_stacks.append(arguments["StackName"])
        events, start = self.events[arguments["StackName"]], int(arguments.get("NextToken", "0"))
        page = {"StackEvents": events[start : start + self.page_size]}
        more = start + self.page_size < len(events)
        return {**page, **({"NextToken": str(start + self.page_size)} if more else {})}


def own(stack: str, status: str, reason: str = "") -> tuple[str, str, str, str, str, str]:
    return stack, stack.split("/")[1], STACK, stack, status, reason


def watch(service: Any, say: Callable[[str], None] = lambda line: None, total: int = 4) -> Watch:
    seconds: Iterator[int] = iter(range(10_000))
    return Watch(service, ROOT, say, total=total, clock=lambda: next(seconds), sleep=lambda pause: None)


def success() -> Service:
    return Service(
        ("CREATE_IN_PROGRESS", [own(ROOT, "CREATE_IN_PROGRESS", "User Initiated")]),
        (
            "CREATE_IN_PROGRESS",
            [
                (ROOT, "Network", STACK, NET, "CREATE_IN_PROGRESS", ""),
                own(NET, "CREATE_IN_PROGRESS"),
                (NET, "Vpc", "AWS::EC2::VPC", "vpc-1", "CREATE_COMPLETE", ""),
                own(NET, "CREATE_COMPLETE"),
                (ROOT, "Network", STACK, NET, "CREATE_COMPLETE", ""),
            ],
        ),
        ("CREATE_COMPLETE", [own(ROOT, "CREATE_COMPLETE")]),
    )


def test_events_of_nested_stacks_are_shown_with_their_path_and_progress() -> None:
    lines: list[str] = []
    outcome = watch(success(), lines.append, total=2).follow()
    assert outcome.status == "CREATE_COMPLETE"
    assert any("[1/2] CREATE_COMPLETE      Network/Vpc  AWS::EC2::VPC" in line for line in lines)
    assert "[2/2]" in lines[-1]
    assert not [line for line in lines if "Network-X" in line], "a nested stack's own events are reported by its parent"


def test_every_page_of_events_is_read_and_none_twice() -> None:
    service = success()
    service.page_size = 1
    lines: list[str] = []
    watch(service, lines.append).follow()
    assert len(lines) == len(set(lines)) == 5


def test_settled_nested_stack_is_not_read_again() -> None:
    """Reading twelve nested stacks all the time would meet CloudFormation's throttling."""
    service = success()
    for _ in range(20):
        service.turns.insert(2, ("CREATE_IN_PROGRESS", []))
    watch(service).follow()
    assert service.polled_stacks.count(NET) <= 3
    assert service.polled_stacks.count(ROOT) > 20


def test_events_from_before_are_not_shown_again() -> None:
    """A nested stack's last events can be younger than the root's last one."""
    service = success()
    service.happen(NET, "Vpc", "AWS::EC2::VPC", "vpc-1", "CREATE_FAILED", "an older failure")
    follower = watch(service)
    follower.begin([NET])
    assert follower.follow().failures == ()


def test_old_status_is_not_mistaken_for_the_end() -> None:
    """Right after ExecuteChangeSet the stack may still show the status of the last operation."""
    service = success()
    service.turns.insert(0, ("UPDATE_COMPLETE", []))
    assert watch(service).follow().status == "CREATE_COMPLETE"


def failure(
    first: str = "Embedded stack ... was not successfully created: The following resource(s) failed",
) -> Service:
    return Service(
        ("CREATE_IN_PROGRESS", [own(ROOT, "CREATE_IN_PROGRESS")]),
        (
            "ROLLBACK_IN_PROGRESS",
            [
                (ROOT, "Network", STACK, NET, "CREATE_IN_PROGRESS", ""),
                (ROOT, "Database", STACK, DB, "CREATE_IN_PROGRESS", ""),
                (DB, "Cluster", "AWS::RDS::DBCluster", "c", "CREATE_FAILED", "The engine version does not exist"),
                (NET, "Nat", "AWS::EC2::NatGateway", "n", "CREATE_FAILED", "Resource creation cancelled"),
                (DB, "Instance", "AWS::RDS::DBInstance", "", "CREATE_FAILED", "Resource creation cancelled"),
                (ROOT, "Database", STACK, DB, "CREATE_FAILED", first),
            ],
        ),
        ("ROLLBACK_COMPLETE", [own(ROOT, "ROLLBACK_COMPLETE")]),
    )


def test_signals_and_batches_of_instances_are_printed() -> None:
    """A rolling update takes many minutes; without its reasons all of its events look the same."""
    group, lines = "AWS::AutoScaling::AutoScalingGroup", list[str]()
    reasons = ("Resource creation Initiated", "Received SUCCESS signal with UniqueId i-1", "")
    events = [(ROOT, "Group", group, "web", "CREATE_IN_PROGRESS", reason) for reason in reasons]
    events.append((ROOT, "Queue", "AWS::SQS::Queue", "q", "CREATE_IN_PROGRESS", "Received SUCCESS signal"))
    service = Service(("CREATE_IN_PROGRESS", [own(ROOT, "CREATE_IN_PROGRESS")]), ("CREATE_COMPLETE", events))
    watch(service, lines.append).follow()
    assert [line.split(group)[1] for line in lines if group in line] == [
        "",
        "  Received SUCCESS signal with UniqueId i-1",
        "",
    ]
    assert next(line for line in lines if "Queue" in line).endswith("AWS::SQS::Queue")


def test_group_without_signals_names_the_log_of_the_instances() -> None:
    reason = "Received 1 FAILURE signal(s) out of 2. Unable to satisfy 100% MinSuccessfulInstancesPercent requirement"
    failed = (ROOT, "Group", "AWS::AutoScaling::AutoScalingGroup", "web", "UPDATE_FAILED", reason)
    service = Service(("UPDATE_ROLLBACK_COMPLETE", [own(ROOT, "UPDATE_IN_PROGRESS"), failed]))
    cause = watch(service).follow().root_cause
    assert f"UPDATE_FAILED: {reason}\n" in cause
    assert "stream <instance id>/boot" in cause


def test_root_cause_is_the_first_resource_that_failed_on_its_own() -> None:
    outcome = watch(failure()).follow()
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert (
        outcome.root_cause == "Database/Cluster (AWS::RDS::DBCluster) CREATE_FAILED: The engine version does not exist"
    )


@pytest.mark.requirement("REV-1")
def test_reason_of_an_event_is_text_on_its_line() -> None:
    """A resource provider's own words come with an event, and could write over the lines above."""
    reason = "no\x1b[2K\nUPDATE_COMPLETE  Database/Cluster"
    failed = (ROOT, "Third", "Desk::Party::Resource", "x", "CREATE_FAILED", reason)
    lines: list[str] = []
    service = Service(("ROLLBACK_COMPLETE", [own(ROOT, "CREATE_IN_PROGRESS"), failed]))
    outcome = watch(service, lines.append).follow()
    shown = r"no\x1b[2K\nUPDATE_COMPLETE  Database/Cluster"
    assert lines[-1].endswith(f"CREATE_FAILED        Third  Desk::Party::Resource  {shown}")
    assert outcome.root_cause == f"Third (Desk::Party::Resource) CREATE_FAILED: {shown}"


def test_nested_stack_known_only_from_the_reason_of_its_failure_is_read() -> None:
    """A child failed before its parent had its id, so only the parent's reason names it."""
    service = Service(
        ("CREATE_IN_PROGRESS", [own(ROOT, "CREATE_IN_PROGRESS")]),
        (
            "ROLLBACK_COMPLETE",
            [
                (DB, "Cluster", "AWS::RDS::DBCluster", "c", "CREATE_FAILED", "no such version"),
                (ROOT, "Database", STACK, "", "CREATE_FAILED", f"Embedded stack {DB} was not successfully created: x"),
                own(ROOT, "ROLLBACK_COMPLETE"),
            ],
        ),
    )
    assert "no such version" in watch(service).follow().root_cause


def test_failure_of_the_root_alone_still_has_a_reason() -> None:
    service = Service(
        (
            "ROLLBACK_COMPLETE",
            [own(ROOT, "CREATE_FAILED", "Validation failed"), own(ROOT, "ROLLBACK_COMPLETE")],
        )
    )
    assert "Validation failed" in watch(service).follow().root_cause


@pytest.mark.parametrize(
    "fault",
    [
        unreachable(),
        refusal("Throttling", "Rate exceeded"),
        refusal("ServiceUnavailable", status=503),
    ],
)
def test_lost_connection_and_throttling_are_waited_out(fault: Exception) -> None:
    service, lines = success(), list[str]()
    describe, faults = service.describe_stacks, [fault, fault, fault]

    def sometimes(**arguments: str) -> dict[str, Any]:
        if faults:
            raise faults.pop()
        return describe(**arguments)

    service.describe_stacks = sometimes  # type: ignore[method-assign]
    assert watch(service, lines.append).follow().status == "CREATE_COMPLETE"
    assert len([line for line in lines if "cannot be reached" in line]) == 1


def test_connection_lost_in_the_middle_of_a_read_loses_no_event() -> None:
    """An event that was read before a fault was not printed, because that turn was lost."""
    service, lines = success(), list[str]()
    read, faults = service.describe_stack_events, [unreachable()]

    def sometimes(**arguments: str) -> dict[str, Any]:
        if arguments["StackName"] == NET and faults:
            raise faults.pop()
        return read(**arguments)

    service.describe_stack_events = sometimes  # type: ignore[method-assign]
    watch(service, lines.append, total=2).follow()
    shown = [line for line in lines if "cannot be reached" not in line]
    assert len(shown) == 5


def test_connection_that_stays_lost_ends_with_what_to_do() -> None:
    class Gone(Service):
        def describe_stacks(self, **_: str) -> dict[str, Any]:
            raise unreachable()

    with pytest.raises(AccessError, match="The operation goes on in AWS meanwhile; repeat the command to follow it"):
        watch(Gone()).follow()


def test_expired_credentials_say_that_the_operation_goes_on() -> None:
    class Expired(Service):
        def describe_stacks(self, **_: str) -> dict[str, Any]:
            raise refusal("ExpiredToken")

    with pytest.raises(AccessError, match=r"credentials have expired.*goes on in AWS"):
        watch(Expired()).follow()


def test_running_operation_can_be_joined() -> None:
    """A second terminal, or a repeated command, shows the operation from its beginning."""
    service = success()
    service.happen(ROOT, "Old", "AWS::S3::Bucket", "b", "CREATE_FAILED", "an older failure")
    describe = service.describe_stacks
    describe(StackName=ROOT)  # the operation has begun
    lines: list[str] = []
    follower = watch(service, lines.append)
    follower.resume()
    assert follower.follow().failures == ()
    assert "CREATE_IN_PROGRESS   trading-dev" in lines[0]
