"""JSON lines for CloudWatch Logs, from the service and from gunicorn alike.

A line has ``time`` (UTC), ``level``, ``message``, ``logger`` and what a call adds. Never a body, an account, an amount or
a secret; of an exception only its type and where it came from, because its text can hold any of them.
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

from .cards import holds_card_number, masked
from .errors import ServiceError

FIELDS = "fields"  # the attribute of a record that holds what a call adds
_ROOT = re.compile(r"(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")


class JsonFormatter(logging.Formatter):
    """One JSON object a line. What looks like a card number is masked in every text, whoever wrote it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            # gunicorn has CRITICAL too; whoever counts errors looks for one word.
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
        return {name: _masked(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) else masked(str(value))


def describe(error: BaseException) -> dict[str, object]:
    """Type and origin of an exception, innermost frame last; its text only where it is one of our own."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{'/'.join(PurePath(one.filename).parts[-2:])}:{one.lineno} {one.name}" for one in frames[-12:]]
    found: dict[str, object] = {"exception": type(error).__name__, "where": where}
    return {**found, "reason": str(error)} if isinstance(error, ServiceError) else found


def fields(**values: object) -> dict[str, Mapping[str, object]]:
    """``extra`` of a logging call."""
    return {FIELDS: values}


def request_id(trace_header: str | None) -> str:
    """The root of X-Amzn-Trace-Id, which the load balancer logs too, or a new id where that is missing or odd.

    A client may send the header, and the load balancer keeps its root: version, time and identifier in hexadecimal are taken,
    unless they hold what looks like a card number.
    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    """
    match = _ROOT.search(trace_header or "")
    return match[1] if match and not holds_card_number(match[1]) else str(uuid.uuid4())


def configuration(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """For ``logging.config.dictConfig``: to LOG_FILE where that is set, else to standard output; level from LOG_LEVEL.

    A file that logrotate has moved is opened anew with the next line (WatchedFileHandler), so that no line is lost.
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
            # gunicorn gives these handlers of their own.
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": False},
            # The SDK logs requests, with the secret's value among the answers, at DEBUG.
            **{name: {"level": "WARNING"} for name in ("botocore", "boto3", "urllib3")},
        },
    }
