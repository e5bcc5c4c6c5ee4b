"""The result of a review, as data: what each resource, section, parameter and setting does, with its findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cfn.types import STACK
from review.comparison.difference import Difference
from review.comparison.replacement import Replacement
from review.comparison.sections import SectionChange
from review.findings import general
from review.findings.finding import Remark, Verdict
from review.judgement.judgement import Certainty
from review.plan.model import Plan, StackPath, ValidationFinding

_LOSSES = (general.REMOVED_WITH_DATA.code, general.REPLACED_BY_EMPTY.code)
_INSTANCES = tuple(
    finding.code
    for finding in (
        general.GROUP_REPLACED,
        general.INSTANCE_REFRESH,
        general.ROLLING_WITH_SIGNALS,
        general.ROLLING_WITHOUT_SIGNALS,
        general.INSTANCES_STAY,
    )
)


@dataclass(frozen=True)
class ReviewedResource:
    """One resource of the tree that the plan changes, or that CloudFormation lists as changed.

    Attributes:
        action: Add, Modify, Remove, Import or Dynamic.
        before: The deployed entry in the template, resolved; None if the resource does not exist.
        after: The planned entry, resolved; None if the resource does not remain.
        findings: What the change means, the heaviest verdict first.
        replaced_by: The properties whose change replaces it.
    """

    path: StackPath
    logical_id: str
    type: str
    physical_id: str
    action: str
    certainty: Certainty
    replacement: Replacement
    differences: tuple[Difference, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    findings: tuple[Remark, ...]
    iam: bool
    network: bool
    replaced_by: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its logical ids from the root down, joined by slashes."""
        return "/".join((*self.path, self.logical_id))

    @property
    def verdict(self) -> Verdict:
        """The heaviest verdict of its findings."""
        return max((finding.verdict for finding in self.findings), default=Verdict.FINE)

    @property
    def obstacles(self) -> tuple[Remark, ...]:
        """Why executing the change would fail."""
        return self._group("R1")

    @property
    def losses(self) -> tuple[Remark, ...]:
        """The findings that it loses data."""
        return tuple(finding for finding in self.findings if finding.code in _LOSSES)

    @property
    def instances(self) -> tuple[Remark, ...]:
        """What happens to running instances."""
        return tuple(finding for finding in self.findings if finding.code in _INSTANCES)

    @property
    def graded(self) -> tuple[Remark, ...]:
        """The findings that no chapter of their own lists: not obstacles, losses, instances and notes."""
        listed = {*self.obstacles, *self.losses, *self.instances}
        return tuple(finding for finding in self.findings if finding not in listed)

    @property
    def notes(self) -> tuple[Remark, ...]:
        """Why it was judged so."""
        return self._group("R3")

    def _group(self, prefix: str) -> tuple[Remark, ...]:
        return tuple(finding for finding in self.findings if finding.code.startswith(prefix))


@dataclass(frozen=True)
class ValueChange:
    """A parameter, tag or setting that changes; None stands for no value."""

    name: str
    before: str | None
    after: str | None
    findings: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Review:
    """What a plan does.

    Attributes:
        title: What is reviewed, in one line.
        sections: What changes in the templates beside the resources.
        service_is_whole: Whether CloudFormation gave a change set for every nested stack that it changes.
    """

    plan: Plan
    title: str
    changes: tuple[ReviewedResource, ...]
    sections: tuple[SectionChange, ...]
    parameters: tuple[ValueChange, ...]
    artifacts: tuple[ValueChange, ...]
    settings: tuple[ValueChange, ...]
    service_is_whole: bool

    def of(self, certainty: Certainty) -> tuple[ReviewedResource, ...]:
        """The changes of one certainty."""
        return tuple(change for change in self.changes if change.certainty is certainty)

    @property
    def real(self) -> tuple[ReviewedResource, ...]:
        """All changes that are not noise, without the nested stacks themselves."""
        return tuple(
            change for change in self.changes if change.certainty is not Certainty.NOISE and change.type != STACK
        )

    @property
    def replaced(self) -> tuple[ReviewedResource, ...]:
        """The resources that are or may be replaced."""
        return tuple(change for change in self.real if change.replacement is not Replacement.NO)

    @property
    def obstacles(self) -> tuple[ReviewedResource, ...]:
        """The changes that CloudFormation will reject while it executes, with the rollback that follows."""
        return tuple(change for change in self.real if change.obstacles)

    @property
    def warnings(self) -> tuple[ValidationFinding, ...]:
        """The findings of CloudFormation's validation, which may reject these while it executes."""
        return self.plan.change_set.warnings

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """The findings on the plan as a whole: what is missing, and what CloudFormation's validation found."""
        if self.plan.unchanged:
            return ()
        return (*self.gaps, *(warning.remark for warning in self.warnings))

    @property
    def gaps(self) -> tuple[Remark, ...]:
        """What is missing in CloudFormation's answers: change sets of nested stacks, or values of changes."""
        missing = (general.NO_NESTED_CHANGE_SETS.remark(),) if self.lacks_change_sets else ()
        incomplete = (
            general.VALUES_MISSING.remark(stack="/".join(path) or self.plan.stack, reason=part.incomplete)
            for path, part in self.plan.change_set.tree()
            if part.incomplete
        )
        return (*missing, *incomplete)

    @property
    def lacks_change_sets(self) -> bool:
        """Whether an update has to be judged without the change sets of nested stacks."""
        return not self.service_is_whole and self.plan.kind == "UPDATE" and not self.plan.is_offline

    @property
    def losses(self) -> tuple[ReviewedResource, ...]:
        """The changes that lose data."""
        return tuple(change for change in self.real if change.losses)

    @property
    def findings(self) -> Iterator[Remark]:
        """All findings of everything that may happen, on resources first."""
        for part in (self.real, self.sections, self.settings):
            for change in part:
                yield from change.findings
        yield from self.remarks

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes at all, not even what only the templates say."""
        return not (self.changes or self.sections or self.parameters or self.artifacts or self.settings)

    @property
    def blocked(self) -> tuple[str, ...]:
        """The names of all that is blocked; each must be allowed by its name before the plan is executed."""
        named: list[tuple[str, Iterable[Remark]]] = [(change.name, change.findings) for change in self.real]
        named += [(section.label, section.findings) for section in self.sections]
        named += [(setting.name, setting.findings) for setting in self.settings]
        named += [(remark.code, [remark]) for remark in self.remarks]
        return tuple(name for name, found in named if any(remark.verdict is Verdict.BLOCKED for remark in found))

    @property
    def verdict(self) -> Verdict:
        """The heaviest verdict of all findings."""
        return max((finding.verdict for finding in self.findings), default=Verdict.FINE)
