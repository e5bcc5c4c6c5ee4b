"""What can be wrong with a plan file."""

from __future__ import annotations

from cfn.errors import UsageError


class PlanError(UsageError):
    """The plan file is missing, unreadable, or was changed by hand."""
