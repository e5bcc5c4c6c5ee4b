"""Gaps of SQS and SNS.

- SQS lacks StartMessageMoveTask and ListMessageMoveTasks, and does not apply a redrive allow policy.
- SNS confirms subscriptions by email without anybody, and accepts subjects of any length.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from local.ministack.internals import emulator_module, require, wrap

_sqs = emulator_module("services.sqs")
_sns = emulator_module("services.sns")
_core = emulator_module("core.responses")

SUBJECT_CHARACTERS = 100
"""The longest subject (API_Publish)."""

_MEMBER = re.compile(r"<SubscriptionArn>([^<]*)</SubscriptionArn>(?=.*?<Protocol>(email(?:-json)?)</Protocol>)")
_tasks: dict[str, list[dict[str, Any]]] = {}
"""The finished move tasks by the ARN of their source, the newest first."""


def install() -> None:
    """Add the actions and the checks."""
    require(_sqs, "_HANDLERS", "_Err", "_queue_by_arn", "_queues")
    require(_sns, "_topics", "_error", "_p")
    _sqs._HANDLERS["StartMessageMoveTask"] = _start_move
    _sqs._HANDLERS["ListMessageMoveTasks"] = _list_moves
    for action in ("CreateQueue", "SetQueueAttributes"):
        _sqs._HANDLERS[action] = _respecting_allow_policy(_sqs._HANDLERS[action])
    wrap(_sns, "_publish", _with_short_subject)
    wrap(_sns, "_list_subscriptions_by_topic", _with_pending)


# -- SQS --------------------------------------------------------------------------------------------------------------


def _redrive_policy(queue: dict[str, Any]) -> dict[str, Any]:
    try:
        policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    except ValueError:
        return {}
    return policy if isinstance(policy, dict) else {}


def _sources(arn: str) -> list[dict[str, Any]]:
    """The queues whose dead letters go to a queue."""
    return [queue for queue in _sqs._queues.values() if _redrive_policy(queue).get("deadLetterTargetArn") == arn]


def _start_move(data: dict[str, Any], url: str) -> dict[str, Any]:
    """Move all messages at once (API_StartMessageMoveTask)."""
    arn = data.get("SourceArn", "")
    dead, sources = _sqs._queue_by_arn(arn), _sources(arn)
    if dead is None:
        raise _sqs._Err(
            "ResourceNotFoundException", "The resource that you specified for the SourceArn does not exist.", 404
        )
    if not sources:
        raise _sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.", 400)
    target = _sqs._queue_by_arn(data["DestinationArn"]) if data.get("DestinationArn") else None
    moved = _move(dead, sources, target)
    task = {
        "TaskHandle": _core.new_uuid(),
        "Status": "COMPLETED",
        "SourceArn": arn,
        "ApproximateNumberOfMessagesMoved": moved,
        "ApproximateNumberOfMessagesToMove": moved,
        "StartedTimestamp": int(time.time() * 1000),
        **({"DestinationArn": data["DestinationArn"]} if data.get("DestinationArn") else {}),
    }
    _tasks.setdefault(arn, []).insert(0, task)
    return {"TaskHandle": task["TaskHandle"]}


def _move(dead: dict[str, Any], sources: list[dict[str, Any]], target: dict[str, Any] | None) -> int:
    by_arn = {queue["attributes"].get("QueueArn"): queue for queue in sources}
    now, messages, dead["messages"] = time.time(), dead["messages"], []
    for message in messages:
        came_from = message.get("sys", {}).get("DeadLetterQueueSourceArn")
        queue = target or by_arn.get(came_from) or sources[0]
        attributes = {key: value for key, value in message.get("sys", {}).items() if key != "DeadLetterQueueSourceArn"}
        fresh = {"receipt_handle": None, "visible_at": now, "receive_count": 0, "first_receive_at": None}
        queue["messages"].append({**message, **fresh, "sys": attributes})
    _sqs.esm_wake.set()
    return len(messages)


def _list_moves(data: dict[str, Any], url: str) -> dict[str, Any]:
    finished = [
        {name: value for name, value in task.items() if name != "TaskHandle"}  # only a running task has a handle
        for task in _tasks.get(data.get("SourceArn", ""), [])
    ]
    return {"Results": finished[: int(data.get("MaxResults") or 1)]}


def _respecting_allow_policy(original: Callable[..., Any]) -> Callable[..., Any]:
    """Reject a redrive policy whose dead-letter queue does not allow the source (sqs-dead-letter-queues.html)."""

    def act(data: dict[str, Any], url: str) -> Any:
        attributes = data.get("Attributes") or {}
        if attributes.get("RedrivePolicy"):
            _check_allowed(attributes["RedrivePolicy"], data.get("QueueName") or str(data.get("QueueUrl", url)))
        return original(data, url)

    return act


def _check_allowed(redrive: str, queue: str) -> None:
    try:
        target = json.loads(redrive)["deadLetterTargetArn"]
        dead = _sqs._queue_by_arn(target)
        policy = json.loads((dead or {"attributes": {}})["attributes"].get("RedriveAllowPolicy") or "{}")
    except (ValueError, KeyError, TypeError):
        return  # the emulator rejects it with its own words
    name = queue.rpartition("/")[2]
    permission = policy.get("redrivePermission", "allowAll")
    named = [arn.rpartition(":")[2] for arn in policy.get("sourceQueueArns", [])]
    if permission == "denyAll" or (permission == "byQueue" and name not in named):
        raise _sqs._Err(
            "InvalidParameterValue",
            f"Value {redrive} for parameter RedrivePolicy is invalid. Reason: The dead letter queue does not allow this source.",
            400,
        )


# -- SNS --------------------------------------------------------------------------------------------------------------


def _with_short_subject(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def publish(params: Any) -> Any:
        if len(_sns._p(params, "Subject") or "") > SUBJECT_CHARACTERS:
            return _sns._error("InvalidParameter", "Invalid parameter: Subject", 400)
        return original(params)

    return publish


def _with_pending(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Show subscriptions by email as pending: nobody confirms them here (sns-email-notifications.html)."""

    def subscriptions(params: Any) -> Any:
        status, headers, body = original(params)
        members = body.decode().split("</member>")
        shown = [_MEMBER.sub("<SubscriptionArn>PendingConfirmation</SubscriptionArn>", member) for member in members]
        return status, headers, "</member>".join(shown).encode()

    return subscriptions
