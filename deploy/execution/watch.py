"""Follows a running operation through the whole nested tree: live events, progress, and the first real failure.

A parent's events name its nested stacks, so they are found while the operation runs. Throttling and lost connections are
waited out, because the operation runs in AWS and not here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cfn.text import visible
from cfn.types import AUTO_SCALING_GROUP, STACK
from deploy.errors import AccessError
from deploy.session import explain, is_passing
from review.plan.model import Stack, StackPath

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 5.0
PATIENCE_SECONDS = 1800  # how long a lost connection is waited out
FOLLOWERS = re.compile(r"cancell?ed|^Embedded stack|following resource\(s\) failed|^Rollback requested", re.IGNORECASE)
BEGINNINGS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})
EMBEDDED = re.compile(r"Embedded stack (arn:\S+:stack/\S+)")
# What a group's events report while its instances come and go: each signal, each batch of a rolling update.
INSTANCES = re.compile(r"signal|rolling update|batch|instance", re.IGNORECASE)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """One stack event.

    Attributes:
        path: The logical ids of its stack, from the root down.
    """

    path: StackPath
    id: str
    time: datetime
    stack_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str

    @property
    def is_own(self) -> bool:
        """Whether it is a stack's event about itself."""
        return self.physical_id == self.stack_id

    @property
    def name(self) -> str:
        """The logical ids of its resource from the root down, joined by slashes."""
        return "/".join(self.path if self.is_own else (*self.path, self.logical_id)) or self.logical_id

    @property
    def is_settled(self) -> bool:
        """Whether the resource is not in progress any more."""
        return not self.status.endswith("IN_PROGRESS")


@dataclass(frozen=True)
class Outcome:
    """How an operation ended.

    Attributes:
        elapsed_seconds: Its duration.
        failures: The events of failures, in the order in which they happened.
        skipped: The events of resources that were not deleted.
        deleted: The physical ids that CloudFormation reports as deleted.
    """

    status: str
    reason: str
    elapsed_seconds: float
    failures: tuple[Event, ...]
    skipped: tuple[Event, ...]
    deleted: frozenset[str]

    @property
    def root_cause(self) -> str:
        """The first resource that failed on its own, with the reason; not one that was cancelled because of it."""
        causes = [event for event in self.failures if not event.is_own and not FOLLOWERS.search(event.reason)]
        causes = [event for event in causes if event.type != STACK] or causes or list(self.failures)
        if not causes:
            return visible(self.reason) or "CloudFormation gives no reason"
        first = causes[0]
        text = visible(f"{first.name} ({first.type}) {first.status}: {first.reason or 'no reason is given'}")
        if first.type == AUTO_SCALING_GROUP and "signal" in first.reason.lower():
            # SignalResource carries no text, so the group can only count.
            text += "\n  Why an instance did not start is in the application's log group, stream <instance id>/boot."
        return text


@dataclass
class Watch:
    """Follows one root stack.

    Attributes:
        cloudformation: The client.
        stack_id: The root stack.
        say: Prints a line.
        total: How many resources are expected to settle.
        clock: Returns seconds.
        sleep: Waits some seconds.
    """

    cloudformation: Any
    stack_id: str
    say: Callable[[str], None]
    total: int = 0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _since: datetime = LONG_AGO
    _known_events: set[str] = field(default_factory=set)
    _paths: dict[str, StackPath] = field(default_factory=dict)
    _active: set[str] = field(default_factory=set)
    _settled: set[tuple[str, str]] = field(default_factory=set)
    _failures: list[Event] = field(default_factory=list)
    _skipped: list[Event] = field(default_factory=list)
    _deleted: set[str] = field(default_factory=set)
    _unprinted: list[Event] = field(default_factory=list)
    _root_events: int = 0

    def begin(self, nested: Iterable[str] = ()) -> None:
        """Note the events that exist before the operation starts, of the nested stacks too.

        A nested stack's last event can be younger than its parent's, so a moment in time would not separate them.
        """
        for stack_id in (self.stack_id, *nested):
            events = self.cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
            self._known_events.update(event["EventId"] for event in events)

    def resume(self) -> None:
        """Go back to the beginning of the operation that runs now."""
        for event in self._events(self.stack_id):
            if event.is_own and event.status in BEGINNINGS:
                self._since = event.time
                return

    def follow(self) -> Outcome:
        """Print events until the stack has settled.

        Raises:
            AccessError: AWS stays out of reach.
        """
        started, lost_since, pause_seconds = self.clock(), None, FIRST_PAUSE_SECONDS
        self._paths = {self.stack_id: ()}
        self._active = {self.stack_id}
        while True:
            try:
                status, reason = self._status()
                has_news = self._poll(started)
                lost_since = None
            except (ClientError, BotoCoreError) as error:
                lost_since = self._wait_for_connection(error, started, lost_since)
                continue
            # Right after the call the status may still be the previous one: only an event shows that it began.
            if not status.endswith("IN_PROGRESS") and self._root_events:
                self._active = set(self._paths)
                self._poll(started)
                return self._outcome(status, reason, started)
            pause_seconds = FIRST_PAUSE_SECONDS if has_news else min(pause_seconds * 1.5, LONGEST_PAUSE_SECONDS)
            self.sleep(pause_seconds)

    def _wait_for_connection(
        self, error: ClientError | BotoCoreError, started: float, lost_since: float | None
    ) -> float:
        """Wait after a lost connection; gives when it was lost. Raises AccessError if waiting longer does not help."""
        if not is_passing(error):
            raise self._unreachable(error) from error
        if lost_since is None:
            lost_since = self.clock()
            self.say(f"{self._elapsed(started)}  AWS cannot be reached ({error}); the operation goes on, retrying")
        if self.clock() - lost_since > PATIENCE_SECONDS:
            raise self._unreachable(error) from error
        self.sleep(LONGEST_PAUSE_SECONDS)
        return lost_since

    def _unreachable(self, error: Exception) -> AccessError:
        explained = explain(error)
        do = f"{explained.do} The operation goes on in AWS meanwhile; repeat the command to follow it.".strip()
        return AccessError(explained.what, do)

    def _status(self) -> tuple[str, str]:
        # By id, so that CloudFormation answers for a deleted stack too.
        stack = self.cloudformation.describe_stacks(StackName=self.stack_id)["Stacks"][0]
        return str(stack["StackStatus"]), str(stack.get("StackStatusReason", ""))

    def _outcome(self, status: str, reason: str, started: float) -> Outcome:
        return Outcome(
            status=status,
            reason=reason,
            elapsed_seconds=self.clock() - started,
            failures=tuple(sorted(self._failures, key=_time)),
            skipped=tuple(self._skipped),
            deleted=frozenset(self._deleted),
        )

    # ---- events -----------------------------------------------------------------------------------------------------

    def _poll(self, started: float) -> bool:
        """Read and print the new events of all active stacks; gives whether there were any."""
        polled: set[str] = set()
        while todo := self._active - polled:  # an event may name a nested stack, which is read in the same turn
            for stack_id in sorted(todo, key=lambda stack_id: len(self._paths[stack_id])):
                polled.add(stack_id)
                for event in self._new_events(stack_id):
                    self._unprinted.append(event)  # kept if the next read fails, and printed in the next turn
                    self._track_stacks(event)
        events, self._unprinted = sorted(self._unprinted, key=_time), []
        for event in events:
            self._count(event)
            if not event.is_own or event.stack_id == self.stack_id:  # a parent reports its nested stack's own events
                self.say(self._line(event, started))
        return bool(events)

    def _new_events(self, stack_id: str) -> list[Event]:
        """New events, oldest first. Pages are newest first, so reading stops at the first known event."""
        events = []
        for event in self._events(stack_id):
            if event.id in self._known_events or event.time < self._since:
                break  # all older ones are known as well
            self._known_events.add(event.id)
            events.append(event)
        return events[::-1]

    def _events(self, stack_id: str) -> Iterator[Event]:
        path = self._paths.get(stack_id, ())
        token: str | None = None
        while True:
            more = {"NextToken": token} if token else {}
            page = self.cloudformation.describe_stack_events(StackName=stack_id, **more)
            for event in page["StackEvents"]:
                yield Event(
                    path=path,
                    id=event["EventId"],
                    time=event["Timestamp"],
                    stack_id=event["StackId"],
                    logical_id=event.get("LogicalResourceId", ""),
                    physical_id=event.get("PhysicalResourceId", ""),
                    type=event.get("ResourceType", ""),
                    status=event.get("ResourceStatus", ""),
                    reason=event.get("ResourceStatusReason", ""),
                )
            token = page.get("NextToken")
            if not token:
                return

    def _track_stacks(self, event: Event) -> None:
        """Keep track of the stacks that are at work."""
        if event.stack_id == self.stack_id:
            self._root_events += 1
        if event.type != STACK:
            return
        # A nested stack that failed early may be named only in the reason of its failure.
        for stack_id in EMBEDDED.findall(event.reason):
            self._track(event, stack_id)
        if not event.is_own:
            self._track(event, event.physical_id)
        elif event.is_settled and event.stack_id != self.stack_id:
            self._active.discard(event.stack_id)

    def _track(self, event: Event, stack_id: str) -> None:
        if stack_id.startswith("arn:") and (stack_id not in self._paths or not event.is_settled):
            self._paths[stack_id] = (*event.path, event.logical_id)
            self._active.add(stack_id)

    def _count(self, event: Event) -> None:
        if event.status.endswith("_FAILED"):
            self._failures.append(event)
        if event.status == "DELETE_SKIPPED":
            self._skipped.append(event)
        if event.status == "DELETE_COMPLETE":
            self._deleted.add(event.physical_id)
        if event.is_settled and not event.is_own:
            self._settled.add((event.stack_id, event.logical_id))

    # ---- lines ------------------------------------------------------------------------------------------------------

    def _line(self, event: Event, started: float) -> str:
        total = max(self.total, len(self._settled))
        count = f"[{len(self._settled):>{len(str(total))}}/{total}]"
        of_instances = event.type == AUTO_SCALING_GROUP and INSTANCES.search(event.reason)
        has_reason = event.reason and (event.status.endswith("_FAILED") or of_instances)
        reason = f"  {event.reason}" if has_reason else ""
        return visible(f"{self._elapsed(started)} {count} {event.status:<20} {event.name}  {event.type}{reason}")

    def _elapsed(self, started: float) -> str:
        seconds = int(self.clock() - started)
        return f"{seconds // 60:>3}:{seconds % 60:02}"


def _time(event: Event) -> datetime:
    return event.time


def count_resources(stack: Stack) -> int:
    """How many resources the tree has."""
    return sum(len(nested.resources) for _, nested in stack.walk())
