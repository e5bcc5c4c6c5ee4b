"""Errors of the plan file."""

from __future__ import annotations

from cfn.errors import ActionableError


class ReviewError(ActionableError):
    """A plan cannot be reviewed; nothing was called."""

    exit_code = 2


class PlanError(ReviewError):
    """The plan file is missing, unreadable, or was changed by hand."""
