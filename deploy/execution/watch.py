"""Follows a running operation through the whole nested tree: live events, progress, and the first real failure.

Nested stacks become known through their parent's events, so nothing has to be guessed. Throttling and a lost
connection are waited out: the operation runs in AWS, not here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cfn.types import AUTO_SCALING_GROUP, STACK
from deploy.errors import AccessError
from deploy.session import explain, is_passing
from review.model import Stack

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
PATIENCE_SECONDS = 1800  # how long a lost connection is waited out
FOLLOWERS = re.compile(r"cancell?ed|^Embedded stack|following resource\(s\) failed|^Rollback requested", re.IGNORECASE)
BEGINNINGS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})
EMBEDDED = re.compile(r"Embedded stack (arn:\S+:stack/\S+)")
# What a group tells in its events while its instances come and go: each signal, each batch of a rolling update.
INSTANCES = re.compile(r"signal|rolling update|batch|instance", re.IGNORECASE)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """One stack event. ``path`` holds logical ids from the root down; ``own`` marks a stack's event about itself."""

    path: tuple[str, ...]
    id: str
    time: datetime
    stack_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str

    @property
    def own(self) -> bool:
        return self.physical_id == self.stack_id

    @property
    def name(self) -> str:
        return "/".join(self.path if self.own else (*self.path, self.logical_id)) or self.logical_id

    @property
    def settled(self) -> bool:
        return not self.status.endswith("IN_PROGRESS")


@dataclass(frozen=True)
class Outcome:
    """How an operation ended. ``elapsed`` is seconds; ``failures`` are in the order in which they happened;
    ``deleted`` holds the physical ids of what the service says it deleted.
    """

    status: str
    reason: str
    elapsed: float
    failures: tuple[Event, ...]
    skipped: tuple[Event, ...]
    deleted: frozenset[str]

    @property
    def root_cause(self) -> str:
        """The first resource that failed by itself, with the service's reason: not one that was cancelled for it."""
        causes = [one for one in self.failures if not one.own and not FOLLOWERS.search(one.reason)]
        causes = [one for one in causes if one.type != STACK] or causes or list(self.failures)
        if not causes:
            return self.reason or "the service gives no reason"
        first = causes[0]
        said = f"{first.name} ({first.type}) {first.status}: {first.reason or 'no reason given'}"
        if first.type == AUTO_SCALING_GROUP and "signal" in first.reason.lower():
            # SignalResource carries no text, so the group can only count.
            said += "\n  Why an instance did not start is in the application's log group, stream <instance id>/boot."
        return said


@dataclass
class Watch:
    """Follows one root stack. ``say`` prints a line; ``total`` is how many resources are expected to settle."""

    cloudformation: Any
    stack_id: str
    say: Callable[[str], None]
    total: int = 0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _since: datetime = LONG_AGO
    _seen: set[str] = field(default_factory=set)
    _stacks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _active: set[str] = field(default_factory=set)
    _done: set[tuple[str, str]] = field(default_factory=set)
    _failures: list[Event] = field(default_factory=list)
    _skipped: list[Event] = field(default_factory=list)
    _deleted: set[str] = field(default_factory=set)
    _fresh: list[Event] = field(default_factory=list)
    _root_events: int = 0

    def begin(self, nested: Iterable[str] = ()) -> None:
        """Remember where the history of events stands before the operation starts, in the nested stacks too.

        A nested stack's last events can be younger than its parent's, so a moment in time would not do.
        """
        for stack_id in (self.stack_id, *nested):
            events = self.cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
            self._seen.update(event["EventId"] for event in events)

    def resume(self) -> None:
        """Go back to where the operation that is running now began."""
        for event in self._events(self.stack_id, ()):
            if event.own and event.status in BEGINNINGS:
                self._since = event.time
                return

    def follow(self) -> Outcome:
        """Print events until the stack has settled. Raises AccessError when AWS stays out of reach."""
        started, lost_since, pause = self.clock(), None, FIRST_PAUSE
        self._stacks = {self.stack_id: ()}
        self._active = {self.stack_id}
        while True:
            try:
                status, reason = self._status()
                moved = self._poll(started)
                lost_since = None
            except (ClientError, BotoCoreError) as error:
                if not is_passing(error):
                    raise self._left_alone(error) from error
                if lost_since is None:
                    lost_since = self.clock()
                    self.say(
                        f"{self._elapsed(started)}  AWS cannot be reached ({error}); the operation goes on, retrying"
                    )
                if self.clock() - lost_since > PATIENCE_SECONDS:
                    raise self._left_alone(error) from error
                self.sleep(LONGEST_PAUSE)
                continue
            # Right after the call the status may still be the one from before: only an event shows that it began.
            if not status.endswith("IN_PROGRESS") and self._root_events:
                self._active = set(self._stacks)
                self._poll(started)
                elapsed = self.clock() - started
                failures = tuple(sorted(self._failures, key=_time))
                return Outcome(status, reason, elapsed, failures, tuple(self._skipped), frozenset(self._deleted))
            pause = FIRST_PAUSE if moved else min(pause * 1.5, LONGEST_PAUSE)
            self.sleep(pause)

    def _left_alone(self, error: Exception) -> AccessError:
        told = explain(error)
        do = f"{told.do} The operation goes on in AWS meanwhile; repeat the command to follow it.".strip()
        return AccessError(told.what, do)

    def _status(self) -> tuple[str, str]:
        # By id, so that a deleted stack still answers.
        stack = self.cloudformation.describe_stacks(StackName=self.stack_id)["Stacks"][0]
        return str(stack["StackStatus"]), str(stack.get("StackStatusReason", ""))

    def _poll(self, started: float) -> bool:
        asked: set[str] = set()
        while todo := self._active - asked:  # an event may make a nested stack known, which is asked in the same turn
            for stack_id in sorted(todo, key=lambda one: len(self._stacks[one])):
                asked.add(stack_id)
                for event in self._news(stack_id):
                    self._fresh.append(event)  # kept if the next read fails, and told in the turn that succeeds
                    self._note(event)
        fresh, self._fresh = sorted(self._fresh, key=_time), []
        for event in fresh:
            self._count(event)
            if not event.own or event.stack_id == self.stack_id:  # a nested stack's own are told by its parent
                self.say(self._line(event, started))
        return bool(fresh)

    def _news(self, stack_id: str) -> list[Event]:
        """Events not seen yet, oldest first. Pages are newest first, so reading stops at the first known one."""
        found = []
        for event in self._events(stack_id, self._stacks[stack_id]):
            if event.id in self._seen or event.time < self._since:
                break  # all older ones are known as well
            self._seen.add(event.id)
            found.append(event)
        return found[::-1]

    def _events(self, stack_id: str, path: tuple[str, ...]) -> Iterator[Event]:
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

    def _note(self, event: Event) -> None:
        """Keep track of which stacks are at work."""
        if event.stack_id == self.stack_id:
            self._root_events += 1
        if event.type != STACK:
            return
        # One that failed early may be named only in the reason of its failure.
        for stack_id in EMBEDDED.findall(event.reason):
            self._know(event, stack_id)
        if event.own:
            if event.settled and event.stack_id != self.stack_id:
                self._active.discard(event.stack_id)
        else:
            self._know(event, event.physical_id)

    def _know(self, event: Event, stack_id: str) -> None:
        if stack_id.startswith("arn:") and (stack_id not in self._stacks or not event.settled):
            self._stacks[stack_id] = (*event.path, event.logical_id)
            self._active.add(stack_id)

    def _count(self, event: Event) -> None:
        if event.status.endswith("_FAILED"):
            self._failures.append(event)
        if event.status == "DELETE_SKIPPED":
            self._skipped.append(event)
        if event.status == "DELETE_COMPLETE":
            self._deleted.add(event.physical_id)
        if event.settled and not event.own:
            self._done.add((event.stack_id, event.logical_id))

    def _line(self, event: Event, started: float) -> str:
        total = max(self.total, len(self._done))
        count = f"[{len(self._done):>{len(str(total))}}/{total}]"
        told = event.status.endswith("_FAILED") or (event.type == AUTO_SCALING_GROUP and INSTANCES.search(event.reason))
        reason = f"  {event.reason}" if event.reason and told else ""
        return f"{self._elapsed(started)} {count} {event.status:<20} {event.name}  {event.type}{reason}"

    def _elapsed(self, started: float) -> str:
        seconds = int(self.clock() - started)
        return f"{seconds // 60:>3}:{seconds % 60:02}"


def _time(event: Event) -> datetime:
    return event.time


def expected(stack: Stack) -> int:
    """How many resources a deletion of the tree has to settle."""
    return sum(len(one.resources) for _, one in stack.walk())
