"""Logs, metrics and traces through AWS Lambda Powertools.

Only names, counts, ids and durations are logged: never a payload, a token, a presigned URL or a credential.
"""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable
from functools import cache, wraps
from importlib.util import find_spec
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from .errors import ConfigurationError, CustomResourceError, DatabaseUnavailableError

if TYPE_CHECKING:
    from aws_lambda_powertools import Tracer

Handler = Callable[[dict[str, Any], Any], Any]

# RFC 3339: Lambda's own JSON log format takes the level of a line only together with such a timestamp.
logger = Logger(utc=True, use_rfc3339=True)
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "Trading")

# Own errors whose texts name settings, resources and servers only. The others may answer to what a client sent, or quote
# what a library says of it, such as a MigrationError the row in PostgreSQL's way.
_TEXT_WITHOUT_DATA = (ConfigurationError, CustomResourceError, DatabaseUnavailableError)


def describe(error: BaseException) -> dict[str, object]:
    """An exception for the log: its type, its code, where it came from (innermost last), and the same of its cause.

    Not its text, which ``Logger.exception`` and ``exc_info`` would write, and ``log_alerts`` would mail: a client's data
    may be in it (a KeyError's is the key, DuckDB's quotes the line, PostgreSQL's the row). Where there can be none in it,
    it is ``reason``.
    """
    frames = traceback.extract_tb(error.__traceback__)
    found: dict[str, object] = {
        "exception_name": type(error).__name__,
        "where": [f"{'/'.join(PurePath(f.filename).parts[-2:])}:{f.lineno} {f.name}" for f in frames[-12:]],
    }
    if code := _code(error):
        found["code"] = code
    if isinstance(error, _TEXT_WITHOUT_DATA):
        found["reason"] = str(error)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found if cause is None else {**found, "cause": describe(cause)}


def _code(error: BaseException) -> str:
    """AWS's error code, PostgreSQL's SQLSTATE or the system's name of an error; ``""`` where there is none.

    Several faults share one exception's name (a botocore ClientError tells by its code alone what is wrong).
    """
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    if isinstance(error, OSError):
        return errno.errorcode.get(error.errno or 0, "")
    return str(getattr(error, "sqlstate", None) or "")


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
