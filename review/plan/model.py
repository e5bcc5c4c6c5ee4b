"""What a plan holds, as data: the change set, the deployed stacks, and the templates and artifacts to deploy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from review.findings import general
from review.findings.finding import Remark

HIDDEN = "****"
"""What CloudFormation and the plan show of a NoEcho parameter."""
NO_CHANGES = re.compile(
    r"didn.t contain changes|no updates are to be performed|no changes to (be )?(deploy|perform)", re.IGNORECASE
)

StackPath = tuple[str, ...]
"""The logical ids of nested stacks from the root down; empty for the root."""


@dataclass(frozen=True)
class Detail:
    """One reason for the change of a resource: a ResourceChangeDetail, flat."""

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
    """One resource of a change set.

    Attributes:
        child: The change set of a nested stack, if CloudFormation created one.
    """

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
class ValidationFinding:
    """One finding of CloudFormation's validation of a change set.

    Attributes:
        stack: The path of its stack.
        place: Where in the template, or which resource.
        reason: CloudFormation's own words.
        skipped: Whether CloudFormation could not check, most often because a permission is missing.
    """

    stack: str
    place: str
    reason: str
    skipped: bool = False

    def __str__(self) -> str:
        return self.remark.sentence

    @property
    def remark(self) -> Remark:
        """The finding as the review prints it."""
        finding = general.VALIDATION_SKIPPED if self.skipped else general.VALIDATION_WARNS
        return finding.remark(place=f"{self.stack} {self.place}".strip(), reason=self.reason)


@dataclass(frozen=True)
class ChangeSet:
    """A described change set.

    Attributes:
        parameters: Resolved values, those of SSM parameters too.
        warnings: The findings of CloudFormation's validation in the whole tree; only the root's change set has them.
        incomplete: Why CloudFormation left out values of changes, in its words; empty if it shows all.
    """

    id: str
    stack_id: str
    status: str
    execution_status: str
    reason: str
    parameters: Mapping[str, str]
    changes: tuple[Change, ...]
    warnings: tuple[ValidationFinding, ...] = ()
    incomplete: str = ""

    @property
    def unchanged(self) -> bool:
        """Whether CloudFormation rejected the change set only because it contains no changes."""
        if self.status != "FAILED":
            return False
        if NO_CHANGES.search(self.reason):
            return True
        children = [change.child for change in self.changes if change.child is not None]
        return bool(children) and all(child.unchanged for child in children)

    def walk(self, path: StackPath = ()) -> Iterator[tuple[StackPath, Change]]:
        """All changes of the tree, parents first, each with the path of its stack."""
        for change in self.changes:
            yield path, change
            if change.child is not None:
                yield from change.child.walk((*path, change.logical_id))

    def tree(self, path: StackPath = ()) -> Iterator[tuple[StackPath, ChangeSet]]:
        """The change set and those of all nested stacks, parents first, each with the path of its stack."""
        yield path, self
        for change in self.changes:
            if change.child is not None:
                yield from change.child.tree((*path, change.logical_id))


@dataclass(frozen=True)
class Resource:
    """A deployed resource."""

    type: str
    physical_id: str
    status: str


@dataclass(frozen=True)
class Stack:
    """A deployed stack.

    Attributes:
        updated: When it last changed, as text.
        parameters: The values as CloudFormation resolved them; those of NoEcho parameters are ``****``. Without AWS
            (``offline``), a value that only CloudFormation knows is the function of the template.
        outputs: The values by output, as the parameters.
        policy: The stack policy as JSON, or None.
        children: The nested stacks by logical id.
    """

    id: str
    name: str
    status: str
    updated: str
    template: str
    parameters: Mapping[str, Any]
    outputs: Mapping[str, Any]
    tags: Mapping[str, str]
    termination_protection: bool
    policy: str | None
    resources: Mapping[str, Resource]
    children: Mapping[str, Stack]

    def walk(self, path: StackPath = ()) -> Iterator[tuple[StackPath, Stack]]:
        """The stack and all nested ones, parents first, each with its path."""
        yield path, self
        for logical_id, child in self.children.items():
            yield from child.walk((*path, logical_id))


@dataclass(frozen=True)
class PlannedTemplate:
    """A template of the plan: the committed text with its SHA-256, and the URL and SHA-256 of the packaged text."""

    sha256: str
    text: str
    url: str
    packaged_sha256: str


@dataclass(frozen=True)
class PlannedArtifact:
    """A packaged folder.

    Attributes:
        parameter: The parameter that carries its key.
        sha256: The SHA-256 of its content.
        size: Its size in bytes.
        sources: The digest of its sources, without the wheels.
    """

    name: str
    parameter: str
    key: str
    sha256: str
    size: int
    sources: str


@dataclass(frozen=True)
class Plan:
    """Everything that reviewing and executing a deployment needs.

    Attributes:
        kind: CREATE or UPDATE.
        root: The file name of the root template.
        deployed: The deployed stack, or None for a new one.
    """

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
    def is_offline(self) -> bool:
        """Whether the plan was made without AWS, so that CloudFormation's word is missing."""
        return not self.change_set.id

    @property
    def unchanged(self) -> bool:
        """Whether there is nothing to change; that is a result, not an error."""
        return self.change_set.unchanged

    @property
    def pseudo(self) -> dict[str, str]:
        """The pseudo parameters, the same for the deployed and the planned side."""
        return {
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": self.url_suffix,
            "AWS::StackName": self.stack,
        }
