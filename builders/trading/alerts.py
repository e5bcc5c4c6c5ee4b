"""The log filters of trading, whose matches cause alerts."""

from __future__ import annotations

from builders.contract import ports
from builders.tiers.alerts import FilterRow, function_filters
from builders.trading import facts

LOG_FILTERS = (
    *function_filters(*facts.FUNCTIONS),
    # While a paused database resumes, requests get 503. The alarms on 5xx report an outage that lasts longer.
    FilterRow(
        "ApiAccess",
        ports.API_ACCESS_LOG_GROUP,
        '{ $.status = "5*" }',
        while_pausing='{ $.status = "5*" && $.status != "503" }',
    ),
    FilterRow("ApiExecution", ports.API_EXECUTION_LOG_GROUP, '?"Execution failed" ?"Internal server error"'),
    # With the colon of PostgreSQL's severities: an audited statement that only contains such a word must not be mailed.
    FilterRow("Database", ports.DATABASE_LOG_GROUP, '?"ERROR:" ?"FATAL:" ?"PANIC:"'),
)
