"""The option ``--fail-on``, for every command that has a review."""

from __future__ import annotations

from argparse import Namespace

from deploy.console import progress
from review.judgement.fail_on import FailOn, exit_code
from review.judgement.reviewed import Review


def fail_on_of(arguments: Namespace) -> FailOn | None:
    """The option's value; None if it is not given.

    Raises:
        ReviewError: The value names an unknown code.
    """
    return FailOn.parse(arguments.fail_on) if arguments.fail_on is not None else None


def report_failures(review: Review, fail_on: FailOn | None) -> int:
    """Name the findings that fail the command on stderr; gives the exit code, 0 if there are none."""
    code = exit_code(review, fail_on)
    if code and fail_on is not None:
        codes = ", ".join(sorted({finding.code for finding in fail_on.failures(review)}))
        progress(f"--fail-on {fail_on.text}: the review has {codes} (exit code {code}).")
    return code
