"""Logs, metrics and traces through AWS Lambda Powertools.

Only names, counts, ids and durations are logged: never a payload, a token, a presigned URL or a credential.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics

Handler = Callable[[dict[str, Any], Any], Any]

# RFC 3339: Lambda's own JSON log format takes the level of a line only together with such a timestamp.
logger = Logger(utc=True, use_rfc3339=True)
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "Trading")


def count(name: str, value: float = 1) -> None:
    """Add to a count metric, sent as EMF when the invocation ends."""
    metrics.add_metric(name=name, unit="Count", value=value)


def observed(handler: Handler) -> Handler:
    """Wrap a handler with structured logs, metrics and, where the X-Ray daemon is there, a trace."""
    environment = os.environ.get("ENVIRONMENT")
    if environment:
        metrics.set_default_dimensions(environment=environment)
    wrapped: Handler = logger.inject_lambda_context(clear_state=True, log_event=False)(handler)
    wrapped = metrics.log_metrics(wrapped)
    if os.environ.get("AWS_XRAY_DAEMON_ADDRESS"):
        # Set by Lambda only; elsewhere there is nobody to send segments to, so the SDK is not even imported.
        from aws_lambda_powertools import Tracer

        wrapped = Tracer(auto_patch=False).capture_lambda_handler(capture_response=False, capture_error=False)(wrapped)

    @wraps(handler)
    def run(event: dict[str, Any], context: Any) -> Any:
        count("Invocations")
        return wrapped(event, context)

    return run
