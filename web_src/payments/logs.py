"""JSON lines for CloudWatch Logs, from the service and from gunicorn.

A line has ``time`` (UTC), ``level``, ``message``, ``logger`` and the fields that a call adds. It never has a body, an account,
an amount or a secret. Of an exception it has the type and the origin, because the text of an exception can hold any of them.
"""

from __future__ import annotations

import json
import logging
import os
import re
import traceback
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from .cards import holds_card_number, mask_card_numbers
from .errors import ServiceError

FIELDS = "fields"  # the attribute of a log record that holds the fields of a call
MAX_FRAMES = 12
_ROOT = re.compile(r"(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON. Masks card numbers in all texts, also in those of other libraries."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            # gunicorn uses CRITICAL too. One word is enough to search for.
            "level": "ERROR" if record.levelno >= logging.ERROR else record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= describe(record.exc_info[1])
        return json.dumps(_masked(line), ensure_ascii=True, default=str)


def _masked(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _masked(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(member) for member in value]
    return value if value is None or isinstance(value, bool | int | float) else mask_card_numbers(str(value))


def describe(error: BaseException) -> dict[str, object]:
    """The type and origin of an exception, innermost frame last. Only the service's own errors show their text."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    where = [f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}" for frame in frames]
    description: dict[str, object] = {"exception": type(error).__name__, "where": where}
    return {**description, "reason": str(error)} if isinstance(error, ServiceError) else description


def fields(**values: object) -> dict[str, Mapping[str, object]]:
    """The value for ``extra`` in a logging call."""
    return {FIELDS: values}


def request_id(trace_header: str | None) -> str:
    """The root of X-Amzn-Trace-Id, which the load balancer logs too, or a new id if the root is missing or malformed.

    A client may send the header, and the load balancer keeps its root. So only a version, a time and an identifier in
    hexadecimal are accepted, and only without a card number in them.
    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    """
    match = _ROOT.search(trace_header or "")
    return match[1] if match and not holds_card_number(match[1]) else str(uuid.uuid4())


def configuration(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The configuration for ``logging.config.dictConfig``, by LOG_FILE (standard output if unset) and LOG_LEVEL.

    If logrotate has moved the file, WatchedFileHandler opens a new one at the next line, so that no line is lost.
    """
    path = environment.get("LOG_FILE", "")
    handler: dict[str, Any] = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}
    if path:
        handler = {"class": "logging.handlers.WatchedFileHandler", "filename": path, "encoding": "utf-8"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "payments.logs.JsonFormatter"}},
        "handlers": {"lines": {**handler, "formatter": "json"}},
        "root": {"level": environment.get("LOG_LEVEL") or "INFO", "handlers": ["lines"]},
        "loggers": {
            # gunicorn gives these loggers handlers of their own.
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": False},
            # At DEBUG the SDK logs its requests, and with an answer the value of the secret.
            **{name: {"level": "WARNING"} for name in ("botocore", "boto3", "urllib3")},
        },
    }
