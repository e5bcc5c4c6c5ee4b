"""Logs, metrics and traces through AWS Lambda Powertools.

Only names, counts, ids and durations are logged: never a payload, a token, a presigned URL or a credential.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from functools import cache, wraps
from importlib.util import find_spec
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

if TYPE_CHECKING:
    from aws_lambda_powertools import Tracer

Handler = Callable[[dict[str, Any], Any], Any]

# RFC 3339: Lambda's own JSON log format takes the level of a line only together with such a timestamp.
logger = Logger(utc=True, use_rfc3339=True)
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "Trading")


def describe(error: BaseException) -> dict[str, object]:
    """An unexpected exception for the log: its type and where it came from, innermost last, and the same of its cause.

    Not its text, which ``Logger.exception`` would write: a client's data may be in it (a KeyError's is the key).
    """
    frames = traceback.extract_tb(error.__traceback__)
    found: dict[str, object] = {
        "exception_name": type(error).__name__,
        "where": [f"{'/'.join(PurePath(f.filename).parts[-2:])}:{f.lineno} {f.name}" for f in frames[-12:]],
    }
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found if cause is None else {**found, "cause": describe(cause)}


def count(name: str, value: float = 1) -> None:
    """Add to a count metric, sent as EMF when the invocation ends."""
    metrics.add_metric(name=name, unit="Count", value=value)


@cache
def tracer() -> Tracer | None:
    """X-Ray's tracer where the daemon is (Lambda with active tracing) and its SDK is packaged; else None.

    Without it Lambda still records the function's own segment; the tracer adds the handler and each AWS call.
    """
    if not os.environ.get("AWS_XRAY_DAEMON_ADDRESS") or find_spec("aws_xray_sdk") is None:
        return None
    from aws_lambda_powertools import Tracer

    return Tracer(auto_patch=False)


def trace_aws_calls() -> None:
    """Let the tracer see the calls of botocore; on its first use, so that it is not imported before."""
    found = tracer()
    if found is not None:
        found.patch(["botocore"])


def observed(handler: Handler) -> Handler:
    """Wrap a handler with structured logs, metrics and, where there is one, a trace."""
    environment = os.environ.get("ENVIRONMENT")
    if environment:
        metrics.set_default_dimensions(environment=environment)
    wrapped: Handler = logger.inject_lambda_context(clear_state=True, log_event=False)(handler)
    wrapped = metrics.log_metrics(wrapped)
    found = tracer()
    if found is not None:
        # Neither the response nor the text of an exception: both may hold data of clients.
        wrapped = found.capture_lambda_handler(capture_response=False, capture_error=False)(wrapped)

    @wraps(handler)
    def run(event: dict[str, Any], context: Any) -> Any:
        count("Invocations")
        return wrapped(event, context)

    return run
