"""Logs, metrics and traces through AWS Lambda Powertools.

The functions log names, counts, ids and durations, and never a payload, a token, a presigned URL or a credential.
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

# RFC 3339, because Lambda's own JSON log format reads a line's level only if the line has such a timestamp.
logger = Logger(utc=True, use_rfc3339=True)
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "Trading")

# Our errors whose texts name only settings, resources and servers. The texts of the others may contain a client's data,
# directly or in a library's words: a MigrationError quotes PostgreSQL, which quotes the row.
_TEXT_WITHOUT_DATA = (ConfigurationError, CustomResourceError, DatabaseUnavailableError)


def describe(error: BaseException) -> dict[str, object]:
    """An exception for the log: its type, its code, its frames (innermost last) and the same of its cause.

    The text is left out, because it may contain a client's data: a KeyError's is the key, DuckDB's quotes the line,
    PostgreSQL's the row. ``Logger.exception`` and ``exc_info`` would write it, and ``log_alerts`` would mail it. Only a
    text that cannot contain such data is included, as ``reason``.
    """
    frames = traceback.extract_tb(error.__traceback__)
    described: dict[str, object] = {
        "exception_name": type(error).__name__,
        "where": [f"{'/'.join(PurePath(f.filename).parts[-2:])}:{f.lineno} {f.name}" for f in frames[-12:]],
    }
    if code := _code(error):
        described["code"] = code
    if isinstance(error, _TEXT_WITHOUT_DATA):
        described["reason"] = str(error)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return described if cause is None else {**described, "cause": describe(cause)}


def _code(error: BaseException) -> str:
    """AWS's error code, PostgreSQL's SQLSTATE or the system's name of an error; ``""`` if the error has none.

    Several faults share one exception name. Only the code of a botocore ClientError identifies the fault.
    """
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    if isinstance(error, OSError):
        return errno.errorcode.get(error.errno or 0, "")
    return str(getattr(error, "sqlstate", None) or "")


def count(name: str, value: float = 1) -> None:
    """Add to a count metric. Powertools writes it as EMF when the invocation ends."""
    metrics.add_metric(name=name, unit="Count", value=value)


@cache
def tracer() -> Tracer | None:
    """X-Ray's tracer, or None without its daemon (only Lambda with active tracing has it) or its SDK in the package.

    Without a tracer Lambda still records the function's own segment. The tracer adds the handler and each AWS call.
    """
    if not os.environ.get("AWS_XRAY_DAEMON_ADDRESS") or find_spec("aws_xray_sdk") is None:
        return None
    from aws_lambda_powertools import Tracer

    return Tracer(auto_patch=False)


def trace_aws_calls() -> None:
    """Let the tracer record the calls of botocore. Call it on first use of botocore, which it imports."""
    xray = tracer()
    if xray is not None:
        xray.patch(["botocore"])


def observed(handler: Handler) -> Handler:
    """Wrap a handler with structured logs, metrics and, if a tracer exists, a trace."""
    environment = os.environ.get("ENVIRONMENT")
    if environment:
        metrics.set_default_dimensions(environment=environment)
    wrapped: Handler = logger.inject_lambda_context(clear_state=True, log_event=False)(handler)
    wrapped = metrics.log_metrics(wrapped)
    xray = tracer()
    if xray is not None:
        # Neither the response nor the text of an exception, because both may contain clients' data.
        wrapped = xray.capture_lambda_handler(capture_response=False, capture_error=False)(wrapped)

    @wraps(handler)
    def run(event: dict[str, Any], context: Any) -> Any:
        count("Invocations")
        return wrapped(event, context)

    return run
