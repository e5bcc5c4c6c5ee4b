"""What a plan holds, as data: the change set, what is deployed, and what is to be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

HIDDEN = "****"
NO_CHANGES = re.compile(
    r"didn.t contain changes|no updates are to be performed|no changes to (be )?(deploy|perform)", re.IGNORECASE
)


@dataclass(frozen=True)
class Detail:
    """One reason for a change of a resource (ResourceChangeDetail), flat."""

    attribute: str
    name: str
    path: str
    requires_recreation: str
    evaluation: str
    source: str
    cause: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Change:
    """What the service says of one resource. ``child`` is the change set of a nested stack, when there is one."""

    action: str
    logical_id: str
    physical_id: str
    type: str
    replacement: str
    policy_action: str
    scope: tuple[str, ...]
    details: tuple[Detail, ...]
    child: ChangeSet | None


@dataclass(frozen=True)
class Finding:
    """One finding: the path of its stack, where in the template (or which resource), and the service's words.

    ``skipped`` is true where the service could not check, for want of a permission most often.
    """

    stack: str
    place: str
    reason: str
    skipped: bool = False

    def __str__(self) -> str:
        where = f"{self.stack} {self.place}".strip()
        return f"{where}: not checked: {self.reason}" if self.skipped else f"{where}: {self.reason}"


@dataclass(frozen=True)
class ChangeSet:
    """A described change set. ``parameters`` holds resolved values (those of SSM parameters too), ``warnings`` what the
    service's validation says of the whole tree; only the root's change set has them.
    """

    id: str
    stack_id: str
    status: str
    execution_status: str
    reason: str
    parameters: Mapping[str, str]
    changes: tuple[Change, ...]
    warnings: tuple[Finding, ...] = ()

    @property
    def unchanged(self) -> bool:
        """True when it failed for the one reason that is none: there is nothing to change."""
        if self.status != "FAILED":
            return False
        if NO_CHANGES.search(self.reason):
            return True
        children = [change.child for change in self.changes if change.child is not None]
        return bool(children) and all(child.unchanged for child in children)


@dataclass(frozen=True)
class Resource:
    """A deployed resource."""

    type: str
    physical_id: str
    status: str


@dataclass(frozen=True)
class Stack:
    """A deployed stack. ``parameters`` and ``outputs`` are what the service resolved; NoEcho values are ``****``."""

    id: str
    name: str
    status: str
    updated: str
    template: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    tags: Mapping[str, str]
    termination_protection: bool
    policy: str | None
    resources: Mapping[str, Resource]
    children: Mapping[str, Stack]

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Stack]]:
        """The stack and all nested ones, parents first, each with its path of logical ids."""
        yield path, self
        for logical_id, child in self.children.items():
            yield from child.walk((*path, logical_id))


@dataclass(frozen=True)
class PlannedTemplate:
    """A template of the plan: committed text, its SHA-256, and where the packaged one is."""

    sha256: str
    text: str
    url: str
    packaged_sha256: str


@dataclass(frozen=True)
class PlannedArtifact:
    """A packaged folder: the parameter that carries it, its key, its content's SHA-256 and its size in bytes."""

    name: str
    parameter: str
    key: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Plan:
    """What will be done, as data. ``kind`` is CREATE or UPDATE; ``deployed`` is None for a new stack."""

    format: int
    created: str
    platform: str
    environment: str
    region: str
    account: str
    partition: str
    url_suffix: str
    stack: str
    kind: str
    bucket: str
    root: str
    templates: Mapping[str, PlannedTemplate]
    artifacts: tuple[PlannedArtifact, ...]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    stack_policy: str | None
    termination_protection: bool
    change_set: ChangeSet
    deployed: Stack | None

    @property
    def unchanged(self) -> bool:
        """True when the service found nothing to change; that is a result, not an error."""
        return self.change_set.unchanged

    @property
    def pseudo(self) -> dict[str, str]:
        """The pseudo parameters, as both sides of a comparison see them."""
        return {
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": self.url_suffix,
            "AWS::StackName": self.stack,
        }
