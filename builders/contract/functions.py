"""The functions of lambda_src: the one table from which timeouts, artifact keys, alarms and queues follow."""

from __future__ import annotations

TIMEOUT_SECONDS = {
    # Lambda's longest, for buckets with many versions and migrations over many rows.
    "housekeeping": 900,
    "migrate": 900,
    "migrate_mysql": 900,
    # For one of the four steps of a rotation.
    "rotate_secret": 60,
    # API Gateway gives up after 29 seconds, and a function behind it should answer first.
    "ingest": 28,
    # A minute of work; the rest is for waiting until other batches of the same symbols are done.
    "process": 300,
    "query": 28,
    "sessions": 28,
    # For one log file.
    "balancer_logs": 120,
    "log_alerts": 30,
}
"""Folder in lambda_src → the function's timeout; in the order in which the console shows the artifact keys."""

QUEUE_HIDES_TIMEOUTS = 6
"""A queue hides a message for so many timeouts of the function that reads it, in case the function dies.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""


def visibility_timeout_seconds(function: str) -> int:
    """The visibility timeout of the queue that the function reads; ``process`` shortens it for a message that failed."""
    return QUEUE_HIDES_TIMEOUTS * TIMEOUT_SECONDS[function]
