"""When a review fails a command: the option ``--fail-on``, and the exit code that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from review.errors import ReviewError
from review.findings.codes import CODES
from review.findings.finding import Remark, Verdict
from review.judgement.reviewed import Review

LOOK_EXIT_CODE = 4
"""The exit code if nothing is blocked, but a finding fails the command."""
BLOCKED_EXIT_CODE = 5
"""The exit code if a finding fails the command whose verdict is blocked."""

_VERDICTS = {verdict.word: verdict for verdict in (Verdict.BLOCKED, Verdict.LOOK)}


@dataclass(frozen=True)
class FailOn:
    """Which findings fail a command.

    Attributes:
        text: The value of the option.
        verdict: The lightest verdict that fails; None if only codes decide.
        codes: The codes that fail, whatever their verdict.
    """

    text: str
    verdict: Verdict | None = None
    codes: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> FailOn:
        """Read ``blocked``, ``look``, which includes ``blocked``, or codes with commas between them.

        Raises:
            ReviewError: A word is neither a verdict nor a code.
        """
        if text in _VERDICTS:
            return cls(text, _VERDICTS[text])
        codes = frozenset(word.strip() for word in text.split(","))
        unknown = sorted(codes - CODES)
        if unknown:
            kinds = ", ".join(sorted({f"{code[:2]}xx" for code in CODES}))
            words = ", ".join(word or "an empty word" for word in unknown)
            what = f"--fail-on {text}: {words} is no verdict and no code of a finding."
            do = f"Give blocked, look, or codes such as R201,R103. docs/rules.md has all codes ({kinds})."
            raise ReviewError(what, do)
        return cls(text, codes=codes)

    def failures(self, review: Review) -> tuple[Remark, ...]:
        """The findings of the review that fail the command."""
        return tuple(finding for finding in review.findings if self._fails(finding))

    def _fails(self, finding: Remark) -> bool:
        return finding.code in self.codes or (self.verdict is not None and finding.verdict >= self.verdict)


def exit_code(review: Review, fail_on: FailOn | None) -> int:
    """The exit code that a review gives to a command.

    Returns:
        0 if no finding fails the command, 5 if a failing finding is blocked, otherwise 4.
    """
    failures = fail_on.failures(review) if fail_on is not None else ()
    if not failures:
        return 0
    blocked = any(finding.verdict is Verdict.BLOCKED for finding in failures)
    return BLOCKED_EXIT_CODE if blocked else LOOK_EXIT_CODE
