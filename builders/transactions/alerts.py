"""The log filters of transactions, whose matches cause alerts."""

from __future__ import annotations

from builders.contract import ports
from builders.tiers.alerts import FilterRow, function_filters
from builders.transactions import facts

LOG_FILTERS = (
    *function_filters(*facts.FUNCTIONS),
    FilterRow("Application", ports.APPLICATION_LOG_GROUP, facts.APPLICATION_ERRORS),
    FilterRow("Database", ports.DATABASE_ERROR_LOG_GROUP, '"[ERROR]"'),
)
