"""Dashboards: widgets in the order in which a request or a record passes through the platform.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troposphere import Sub

from builders.contract import ports
from builders.contract.template import TierTemplate

COLUMNS = 3
WIDTH, HEIGHT = 8, 6
"""Size of one widget in the dashboard's grid of 24 columns."""


@dataclass(frozen=True)
class Line:
    """One metric in a widget.

    Attributes:
        namespace: the metric's namespace.
        metric: the metric's name.
        dimensions: name → value, in the order of the dashboard's body.
        statistic: ``Sum``, ``Average`` …, or a percentile such as ``p99``.
        right: whether the line uses the right axis, because its unit differs from that of the other lines.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    right: bool = False

    def as_list(self) -> list[Any]:
        """The metric in the form of the dashboard's body."""
        options = {"stat": self.statistic, **({"yAxis": "right"} if self.right else {})}
        named = [word for dimension in self.dimensions.items() for word in dimension]
        return [self.namespace, self.metric, *named, options]


@dataclass(frozen=True)
class Widget:
    """A graph: its title and its lines."""

    title: str
    lines: Sequence[Line]


def dashboard_body(widgets: Sequence[Widget]) -> Sub:
    """The body of the dashboard. CloudFormation fills in the names at deployment."""
    placed = [_placed(widget, *divmod(place, COLUMNS)) for place, widget in enumerate(widgets)]
    return Sub(json.dumps({"start": "-PT3H", "widgets": placed}))


def function_lines(template: TierTemplate, name: str) -> list[Line]:
    """Invocations, errors, throttles and duration of a function, by its folder in lambda_src."""
    function = {"FunctionName": template.placeholder(ports.function_name(name))}
    return [
        *(Line("AWS/Lambda", metric, function, "Sum") for metric in ("Invocations", "Errors", "Throttles")),
        Line("AWS/Lambda", "Duration", function, "p99", right=True),
    ]


def firewall_widget(title: str, acl: Mapping[str, str]) -> Widget:
    """The requests that a web ACL allows and blocks, by the dimensions of its metrics."""
    return Widget(title, [Line("AWS/WAFV2", metric, acl, "Sum") for metric in ("AllowedRequests", "BlockedRequests")])


def _placed(widget: Widget, row: int, column: int) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": column * WIDTH,
        "y": row * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": widget.title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "period": 60,
            "metrics": [line.as_list() for line in widget.lines],
        },
    }
