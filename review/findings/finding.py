"""What a finding is: its code, its sentence, its verdict, and whether it weakens or strengthens something."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum


class Verdict(IntEnum):
    """What a reviewer has to do about a finding or a plan, ordered by weight."""

    FINE = 0
    """Nothing."""
    LOOK = 1
    """Look at it before the execution."""
    BLOCKED = 2
    """Name the resource, or the change is not executed."""

    @property
    def word(self) -> str:
        """The verdict in lower case, as the options and the JSON write it."""
        return self.name.lower()


class Direction(StrEnum):
    """Whether a change makes the platform weaker or stronger."""

    WEAKER = "weaker"
    STRONGER = "stronger"


class Label(StrEnum):
    """The word for a change of strength: of permissions and networks ``broader``, of everything else ``weaker``."""

    WEAKER = "weaker"
    BROADER = "broader"
    STRONGER = "stronger"
    NARROWER = "narrower"

    @property
    def direction(self) -> Direction:
        """Broader is weaker, and narrower is stronger."""
        return Direction.WEAKER if self in (Label.WEAKER, Label.BROADER) else Direction.STRONGER

    @property
    def opposite(self) -> Label:
        """The label of the reversed change."""
        return _OPPOSITES[self]


_OPPOSITES = {
    Label.WEAKER: Label.STRONGER,
    Label.STRONGER: Label.WEAKER,
    Label.BROADER: Label.NARROWER,
    Label.NARROWER: Label.BROADER,
}


@dataclass(frozen=True)
class Remark:
    """A finding on one resource or on the plan, as the review prints it.

    Attributes:
        code: The code of the finding.
        sentence: Its sentence, with the values of this resource.
        verdict: What a reviewer has to do about it.
        label: Whether the change weakens or strengthens something; None if it does neither.
    """

    code: str
    sentence: str
    verdict: Verdict = Verdict.FINE
    label: Label | None = None

    def __str__(self) -> str:
        return f"{self.sentence} ({self.code})"

    def of_new_stack(self) -> Remark | None:
        """The finding on a stack that is new; None if it does not count there.

        Nothing of a new stack is weaker than before. What would be blocked in an update is what the reviewer should know of
        a new stack, too.
        """
        return replace(self, verdict=Verdict.LOOK) if self.verdict is Verdict.BLOCKED else None


@dataclass(frozen=True)
class ReviewFinding:
    """One finding of the review.

    Attributes:
        code: Its stable code.
        sentence: What the review prints, with ``{names}`` for values.
        reason: What it means for the deployment, and why.
        verdict: What a reviewer has to do about it.
        possible_verdict: The verdict if the change is only possible; None if the verdict is the same.
        label: Whether the change weakens or strengthens something; None if it does neither.
        possible: The sentence if the change is only possible; None if the sentence is the same.
        reverse: The sentence if the change goes the other way, with the opposite label; None if there is no such finding.
        source_url: The page of AWS on which it rests, or "".
        comes_with: The codes of findings that always accompany this one.
    """

    code: str
    sentence: str
    reason: str
    verdict: Verdict = Verdict.FINE
    possible_verdict: Verdict | None = None
    label: Label | None = None
    possible: str | None = None
    reverse: str | None = None
    source_url: str = ""
    comes_with: tuple[str, ...] = ()

    def remark(self, *, certain: bool = True, **values: str) -> Remark:
        """The finding with the values of one resource.

        Args:
            certain: Whether the change is certain.
            values: The values by their name in the sentence.
        """
        sentence = self.sentence if certain or self.possible is None else self.possible
        verdict = self.verdict if certain or self.possible_verdict is None else self.possible_verdict
        return Remark(self.code, sentence.format(**values), verdict, self.label)

    def reversed_remark(self, **values: str) -> Remark:
        """The finding on a change that goes the other way: a reviewer has to do nothing about it.

        Raises:
            ValueError: The finding has no reverse.
        """
        if self.reverse is None or self.label is None:
            raise ValueError(f"{self.code} has no reverse")
        return Remark(self.code, self.reverse.format(**values), Verdict.FINE, self.label.opposite)

    @property
    def forms(self) -> tuple[str, ...]:
        """Its sentences, with ``<name>`` for each value."""
        sentences = (self.sentence, self.possible, self.reverse)
        return tuple(re.sub(r"\{(\w+)\}", r"<\1>", sentence) for sentence in sentences if sentence is not None)
