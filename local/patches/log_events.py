"""Gaps behind log events.

The emulator compares subscription filters by the words in their pattern, stores metric filters without applying them, and
does not read the embedded metric format. Here patterns mean the same as on AWS, and both kinds of metrics reach
CloudWatch (CloudWatch_Embedded_Metric_Format_Specification.html).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

from local.ministack.internals import emulator_module, require, wrap
from local.patches.filter_patterns import PatternError, compile_pattern

logger = logging.getLogger("local")

_logs = emulator_module("services.cloudwatch_logs")
_cloudwatch = emulator_module("services.cloudwatch")


def install() -> None:
    """Close all of them."""
    require(_logs, "_metric_filters", "_fanout_to_subscription_filters")
    require(_cloudwatch, "record_metric")
    wrap(_logs, "_subscription_pattern_matches", lambda original: _matches)
    wrap(_logs, "_fanout_to_subscription_filters", _with_metrics)


def _matches(pattern: str | None, message: str | None) -> bool:
    try:
        return compile_pattern(pattern or "")(message or "")
    except PatternError as error:
        logger.warning("%s", error)
        return False


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
