"""Dashboards: one widget per station of the platform's way, in reading order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from troposphere import Sub

from builders.contract import ports
from builders.contract.template import Port, TierTemplate

WIDTH, HEIGHT = 8, 6
"""Of one widget, in the dashboard's grid of 24 columns."""

Series = Sequence[Any]
Station = tuple[str, list[Series]]
"""A widget: its title, and its metrics as CloudWatch takes them."""


def dashboard_body(stations: Sequence[Station]) -> Sub:
    """The body as CloudWatch takes it, with names filled in at deployment.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    widgets = [
        _widget(title, series, column=place % 3, row=place // 3) for place, (title, series) in enumerate(stations)
    ]
    return Sub(json.dumps({"start": "-PT3H", "widgets": widgets}))


def function_series(template: TierTemplate, name: str) -> list[Series]:
    of = ["FunctionName", value(template, ports.function_name(name))]
    return [
        ["AWS/Lambda", "Invocations", *of, {"stat": "Sum"}],
        ["AWS/Lambda", "Errors", *of, {"stat": "Sum"}],
        ["AWS/Lambda", "Throttles", *of, {"stat": "Sum"}],
        ["AWS/Lambda", "Duration", *of, {"stat": "p99", "yAxis": "right"}],
    ]


def value(template: TierTemplate, port: Port) -> str:
    template.use(port)
    return f"${{{port.name}}}"


def _widget(title: str, series: list[Series], *, column: int, row: int) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": column * WIDTH,
        "y": row * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "period": 60,
            "metrics": series,
        },
    }
