"""Gap: scheduled actions of Auto Scaling groups never happen. Here a thread looks for due ones.

An action with a start and no recurrence happens once and is deleted (ec2-auto-scaling-scheduled-scaling.html). One with a
recurrence happens in each minute that its cron expression names, in its time zone.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from typing import Any
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError

from local.ministack.api import aws

logger = logging.getLogger("local")

INTERVAL_SECONDS = 2.0

_SIZES = ("MinSize", "MaxSize", "DesiredCapacity")


def install() -> None:
    """Start the thread; it ends with the process."""
    threading.Thread(target=_watch, name="scheduled-actions", daemon=True).start()


def _watch() -> None:
    done: set[tuple[str, str]] = set()
    while True:
        time.sleep(INTERVAL_SECONDS)
        try:
            actions = aws("autoscaling").describe_scheduled_actions()["ScheduledUpdateGroupActions"]
            for action in actions:
                _look(action, dt.datetime.now(dt.UTC), done)
        except (BotoCoreError, ClientError, OSError) as error:
            logger.debug("scheduled actions: %s", error)  # the emulator starts or ends


def _look(action: dict[str, Any], now: dt.datetime, done: set[tuple[str, str]]) -> None:
    start, end = action.get("StartTime"), action.get("EndTime")
    if (start and now < start) or (end and now > end):
        return
    if not action.get("Recurrence"):
        if start:
            _scale(action)
            aws("autoscaling").delete_scheduled_action(
                AutoScalingGroupName=action["AutoScalingGroupName"], ScheduledActionName=action["ScheduledActionName"]
            )
        return
    local_time = now.astimezone(ZoneInfo(action.get("TimeZone") or "UTC"))
    occurrence = (action["ScheduledActionARN"], f"{local_time:%Y-%m-%d %H:%M}")
    if is_due(action["Recurrence"], local_time) and occurrence not in done:
        done.add(occurrence)
        _scale(action)


def _scale(action: dict[str, Any]) -> None:
    sizes = {size: action[size] for size in _SIZES if action.get(size) is not None}
    aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName=action["AutoScalingGroupName"], **sizes)


def is_due(recurrence: str, moment: dt.datetime) -> bool:
    """Return whether a cron expression of five fields names a minute. Lists, ranges and steps are understood."""
    values = (moment.minute, moment.hour, moment.day, moment.month, moment.isoweekday() % 7)
    fields = recurrence.split()
    return len(fields) == len(values) and all(
        _names(field, value, position) for position, (field, value) in enumerate(zip(fields, values, strict=True))
    )


def _names(field: str, value: int, position: int) -> bool:
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low, high = (0, 59) if span == "*" else (int(first), int(last or first))
        is_sunday = position == 4 and value == 0 and low <= 7 <= high
        if (low <= value <= high or is_sunday) and (value - low) % int(step or 1) == 0:
            return True
    return False
