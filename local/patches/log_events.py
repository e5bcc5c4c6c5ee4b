"""Gaps behind log events.

The emulator compares subscription filters by the words in their pattern, stores metric filters without applying them,
takes any event for a match of a JSON pattern, and does not read the embedded metric format. Here patterns mean the same as
on AWS, and both kinds of metrics reach CloudWatch (CloudWatch_Embedded_Metric_Format_Specification.html).

It also accepts a subscription filter whose function CloudWatch Logs may not invoke, accepts events older than 14 days
(API_PutLogEvents), and keeps events for ever.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from local.ministack.internals import emulator_module, require, wrap
from local.ministack.permissions import service_may
from local.patches.filter_patterns import PatternError, compile_pattern

logger = logging.getLogger("local")

_logs = emulator_module("services.cloudwatch_logs")
_cloudwatch = emulator_module("services.cloudwatch")
_lambda = emulator_module("services.lambda_svc")
_core = emulator_module("core.responses")

OLDEST_MILLISECONDS = 14 * 24 * 3600 * 1000
"""CloudWatch Logs rejects older events."""

Answer = tuple[int, dict[str, str], bytes]
Request = Callable[[dict[str, Any]], Answer]


def install() -> None:
    """Close all of them."""
    require(_logs, "_metric_filters", "_fanout_to_subscription_filters")
    require(_cloudwatch, "record_metric")
    require(_lambda, "function_policy_for_arn")
    wrap(_logs, "_subscription_pattern_matches", lambda original: _matches)
    wrap(_logs, "_compile_filter_pattern", _with_json_patterns)
    wrap(_logs, "_put_subscription_filter", _with_permission)
    wrap(_logs, "_put_log_events", _without_old_events)
    for reading in ("_get_log_events", "_filter_log_events"):
        wrap(_logs, reading, _without_expired_events)
    wrap(_logs, "_fanout_to_subscription_filters", _with_metrics)


def _matches(pattern: str | None, message: str | None) -> bool:
    try:
        return compile_pattern(pattern or "")(message or "")
    except PatternError as error:
        logger.warning("%s", error)
        return False


def _with_json_patterns(original: Callable[[str], Callable[[str], bool]]) -> Callable[[str], Callable[[str], bool]]:
    def compiled(pattern: str) -> Callable[[str], bool]:
        if not (pattern or "").strip().startswith("{"):
            return original(pattern)
        return lambda message: _matches(pattern, message)

    return compiled


def _with_permission(original: Request) -> Request:
    """Reject a function that CloudWatch Logs may not invoke (SubscriptionFilters.html)."""

    def put(data: dict[str, Any]) -> Answer:
        destination = str(data.get("destinationArn", ""))
        group = _logs._log_groups.get(data.get("logGroupName"))
        if ":lambda:" in destination and group is not None:
            policy, *_ = _lambda.function_policy_for_arn(destination) or (None,)
            source = str(group.get("arn") or _logs._make_group_arn(data["logGroupName"]))
            sources = (source, f"{source.removesuffix(':*')}:*", source.removesuffix(":*"))
            service = (f"logs.{_core.get_region()}.amazonaws.com", "logs.amazonaws.com")
            action = "lambda:InvokeFunction"
            if not any(
                service_may(name, action, destination, policy=policy, source=arn) for name in service for arn in sources
            ):
                answer: Answer = _core.error_response_json(
                    "InvalidParameterException",
                    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
                    "your function.",
                    400,
                )
                return answer
        return original(data)

    return put


def _without_old_events(original: Request) -> Request:
    def put(data: dict[str, Any]) -> Answer:
        oldest = time.time() * 1000 - OLDEST_MILLISECONDS
        events = data.get("logEvents") or []
        young = [event for event in events if event.get("timestamp", oldest) >= oldest]
        answer = original({**data, "logEvents": young})
        if len(young) == len(events) or answer[0] >= 400:
            return answer
        status, headers, body = answer
        last = max(number for number, event in enumerate(events) if event not in young)
        rejected = {"rejectedLogEventsInfo": {"tooOldLogEventEndIndex": last}}
        return status, headers, json.dumps({**json.loads(body), **rejected}).encode()

    return put


def _without_expired_events(original: Request) -> Request:
    """Delete what is older than the group's retention before it is read (Working-with-log-groups-and-streams.html)."""

    def read(data: dict[str, Any]) -> Answer:
        group = _logs._log_groups.get(_logs._resolve_log_group_name(data)) or {}
        if group.get("retentionInDays"):
            oldest = time.time() * 1000 - int(group["retentionInDays"]) * 24 * 3600 * 1000
            with _logs._log_events_lock:
                for stream in group["streams"].values():
                    stream["events"][:] = [event for event in stream["events"] if event["timestamp"] >= oldest]
        return original(data)

    return read


def _with_metrics(original: Callable[..., None]) -> Callable[..., None]:
    def deliver(group: str, stream: str, events: list[dict[str, Any]]) -> None:
        original(group, stream, events)
        filters = [entry for key, entry in list(_logs._metric_filters.items()) if key[0] == group]
        for event in events:
            message = str(event.get("message", ""))
            for entry in filters:
                if _matches(entry["filterPattern"], message):
                    _record_filter(entry, message)
            for namespace, name, value, unit, dimensions in _embedded(message):
                _cloudwatch.record_metric(namespace, name, value, unit, dimensions)

    return deliver


def _record_filter(entry: dict[str, Any], message: str) -> None:
    for transformation in entry["metricTransformations"]:
        value = _metric_value(str(transformation.get("metricValue", "1")), message)
        if value is not None:
            _cloudwatch.record_metric(
                transformation["metricNamespace"],
                transformation["metricName"],
                value,
                transformation.get("unit", "None"),
            )


def _metric_value(declared: str, message: str) -> float | None:
    """Return a declared number, or the number that a selector ($.name) finds in a JSON message; None if neither."""
    try:
        if declared.startswith("$."):
            return float(json.loads(message)[declared[2:]])
        return float(declared)
    except (ValueError, KeyError, TypeError):
        return None


def _embedded(message: str) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    """Yield the metrics of an event in the embedded metric format: namespace, name, value, unit and dimensions."""
    if '"_aws"' not in message:
        return
    try:
        document = json.loads(message)
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(document[name]) for name in names if name in document}
            for metric in directive.get("Metrics", []):
                values = document.get(metric["Name"])
                for value in values if isinstance(values, list) else [values]:
                    if isinstance(value, int | float):
                        yield directive["Namespace"], metric["Name"], value, metric.get("Unit", "None"), dimensions
