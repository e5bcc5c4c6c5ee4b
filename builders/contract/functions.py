"""The functions of lambda_src. Timeouts, artifact keys, alarms and queues follow from this one table."""

from __future__ import annotations

TIMEOUT_SECONDS = {
    # Lambda's maximum, for buckets with many versions and migrations over many rows.
    "housekeeping": 900,
    "migrate": 900,
    "migrate_mysql": 900,
    # For one of the four steps of a rotation.
    "rotate_secret": 60,
    # API Gateway times out after 29 seconds; the function behind it should respond first.
    "ingest": 28,
    # The work takes a minute. The rest is for waiting until other batches of the same symbols are complete.
    "process": 300,
    "query": 28,
    "sessions": 28,
    # For one log file.
    "balancer_logs": 120,
    "log_alerts": 30,
}
"""Folder in lambda_src → the function's timeout. The console shows the artifact keys in this order."""

TIMEOUTS_PER_VISIBILITY = 6
"""A queue hides a received message for this many timeouts of the function that reads it, in case the function crashes.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""


def visibility_timeout_seconds(function: str) -> int:
    """The visibility timeout of the queue that the function reads; ``process`` shortens it for a message that failed."""
    return TIMEOUTS_PER_VISIBILITY * TIMEOUT_SECONDS[function]
