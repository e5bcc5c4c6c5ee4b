"""What a pack reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


class PacksError(Exception):
    """A pack cannot run, or a list of decisions cannot be read."""


@dataclass(frozen=True, order=True)
class Subject:
    """What a rule judged.

    Attributes:
        template: ``trading/api``.
        resource: The logical id.
    """

    template: str
    resource: str

    def __str__(self) -> str:
        return f"{self.template}:{self.resource}"


@dataclass(frozen=True, order=True)
class Finding:
    """A rule that a resource does not meet.

    Attributes:
        rule: The pack's own id.
        subject: The resource.
        form: The form of the template in which the rule failed, such as ``prod``.
        message: The pack's own sentence.
    """

    rule: str
    subject: Subject
    form: str
    message: str = field(compare=False)


@dataclass(frozen=True)
class PackReport:
    """The result of a run.

    Attributes:
        pack: The name of the pack, as in the page: ``checkov``.
        key: The key of its suppressions in a resource's metadata: ``cdk_nag``.
        rules: Every rule that ran.
        other_rules: Rules that the pack has and that did not run, so that nothing is known of their findings.
        findings: What failed, whether it is suppressed or not.
    """

    pack: str
    key: str
    rules: frozenset[str]
    other_rules: frozenset[str]
    findings: tuple[Finding, ...]


def unique(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in their order, each rule once for a resource and a form."""
    return tuple(sorted(set(findings)))
