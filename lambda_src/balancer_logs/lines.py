"""Converts one line of an Application Load Balancer's access log to JSON.

Format: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html, "Access log
entries": fields with a space between them, some in double quotes, ``-`` for an empty one. New fields come only at the end.

The part of a URL behind the question mark is dropped, also from malformed lines, because it may be personal.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

# A quote ends a field only before a space or the end, because a field may contain a quote that a client sent.
_FIELD = re.compile(r'(?:"(?P<quoted>(?:[^"\\]|\\.|"(?![ ]|\Z))*)"|(?P<plain>[^ "][^ ]*))(?=[ ]|\Z)', re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/@?#]*@)?(?P<host>[^/?#]*)(?P<path>[^?#]*)")
_QUERY = re.compile(r'[?][^\s"]*')

_NAMES = (
    "type",
    "time",
    "balancer",
    "client",
    "target",
    "requestSeconds",
    "targetSeconds",
    "responseSeconds",
    "elbStatus",
    "targetStatus",
    "receivedBytes",
    "sentBytes",
    "request",
    "userAgent",
    "tlsCipher",
    "tlsProtocol",
    "targetGroup",
    "traceId",
    "domain",
    "certificate",
    "rulePriority",
    "requestTime",
    "actions",
    "redirectUrl",
    "errorReason",
    "targets",
    "targetStatuses",
    "classification",
    "classificationReason",
    "connectionTraceId",
)
REQUIRED = _NAMES.index("userAgent") + 1
"""The number of fields that a line must have. The balancer has always written these; it got the later ones over time."""

_SECONDS = frozenset({"requestSeconds", "targetSeconds", "responseSeconds"})
_INTEGERS = frozenset({"elbStatus", "targetStatus", "receivedBytes", "sentBytes", "rulePriority"})
_URLS = frozenset({"redirectUrl"})


@dataclass(frozen=True, slots=True)
class Line:
    """The event of one line. ``timestamp_ms`` is None if the line has no readable time."""

    message: str
    timestamp_ms: int | None
    malformed: bool


def convert(text: str) -> Line:
    """The event of any line. A line in another format keeps its text, and ``malformed`` has the reason."""
    try:
        timestamp_ms, values = _parse(text)
    except ValueError as error:
        return malformed(text, str(error))
    return Line(_dump(values), timestamp_ms, malformed=False)


def malformed(text: str, reason: str) -> Line:
    """The event of a malformed line: its text, without query strings, and the reason."""
    return Line(_dump({"malformed": reason, "line": without_queries(text)}), None, malformed=True)


def without_queries(text: str) -> str:
    """The text without the characters between a question mark and the next space or quote."""
    return _QUERY.sub("?", text)


def _parse(text: str) -> tuple[int, dict[str, object]]:
    fields = _fields(text)
    if len(fields) < REQUIRED:
        raise ValueError(f"{len(fields)} fields instead of at least {REQUIRED}")
    values: dict[str, object] = {}
    for name, field in zip(_NAMES, fields, strict=False):
        values |= _request(field) if name == "request" else {name: _value(name, field)}
    timestamp_ms = _timestamp(fields[_NAMES.index("time")])
    new_fields = fields[len(_NAMES) :]
    if new_fields:
        values["more"] = [without_queries(field) for field in new_fields]
    return timestamp_ms, {name: value for name, value in values.items() if value is not None or name == "targetStatus"}


def _fields(text: str) -> list[str]:
    fields: list[str] = []
    position = 0
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None:
            raise ValueError(f"field {len(fields) + 1} has no end")
        quoted = match["quoted"]
        fields.append(match["plain"] if quoted is None else quoted)
        position = match.end() + 1  # the space
    return fields


def _value(name: str, field: str) -> object:
    if name in _SECONDS:
        seconds = float(_number(name, field))
        return None if seconds < 0 else seconds  # -1 means that the request did not reach this stage
    if field == "-":
        return None
    if name in _INTEGERS:
        number = _number(name, field)
        if "." in number:
            raise ValueError(f"{name} is not a whole number")
        return int(number)
    return without_queries(field) if name in _URLS else field


def _number(name: str, field: str) -> str:
    if not _NUMBER.fullmatch(field):
        raise ValueError(f"{name} is not a number")
    return field


def _timestamp(field: str) -> int:
    try:
        moment = datetime.fromisoformat(field)
    except ValueError:
        raise ValueError("time is not ISO 8601") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    milliseconds = int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    if milliseconds < 0:
        raise ValueError("time is before 1970")  # CloudWatch Logs rejects it
    return milliseconds


def _request(field: str) -> dict[str, object]:
    """Method, host, path and protocol of ``GET https://host:443/path?query HTTP/1.1``.

    Of a malformed request the balancer writes the known parts, for example ``- http://host:80- -``. A request with fewer
    than three parts is kept as a whole.
    """
    method, _, rest = field.partition(" ")
    url, _, protocol = rest.rpartition(" ")
    match = _URL.match(url)
    if not url or match is None:
        return {"request": without_queries(field)}
    values = {
        "method": method,
        "host": match["host"],
        "path": match["path"] or ("-" if match["host"] in ("", "-") else "/"),
        "protocol": protocol,
    }
    return {name: value for name, value in values.items() if value not in ("-", "")}


def _dump(values: dict[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
