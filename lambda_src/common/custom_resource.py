"""Answers of a custom resource to CloudFormation. Each request gets exactly one answer, whatever happens.

Protocol: "Custom resource request and response reference", CloudFormation User Guide. The answer is a PUT to the
presigned ResponseURL. That URL is a secret as long as it is valid, so it is never logged.
"""

from __future__ import annotations

import json
import os
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .errors import CustomResourceError, FunctionError
from .observe import count, describe, logger

RESPONSE_LIMIT_BYTES = 4096  # CloudFormation's limit for the whole answer
REASON_LIMIT = 1000
TIME_RESERVE_SECONDS = 8.0  # reserved for answering FAILED before Lambda ends the function
ATTEMPTS = 5


@dataclass(frozen=True)
class Outcome:
    """The result of a provider. ``no_echo`` hides ``data`` from describe calls and events."""

    physical_id: str
    data: Mapping[str, str] = field(default_factory=dict)
    no_echo: bool = False


@dataclass(frozen=True)
class Provider:
    """One custom resource type.

    Attributes:
        physical_id: Names the resource from its properties, before anything is done.
        upsert: Serves Create and Update. It must be idempotent, because CloudFormation may send either twice.
        delete: Gets the properties of the deleted resource, and must accept that the resource is already deleted.
    """

    physical_id: Callable[[Mapping[str, Any]], str]
    upsert: Callable[[Mapping[str, Any]], Mapping[str, str]]
    delete: Callable[[Mapping[str, Any]], None]


def handle(event: Mapping[str, Any], context: Any, providers: Mapping[str, Provider]) -> dict[str, Any]:
    """Run the provider of the event's ResourceType and send the answer. Never raises.

    Returns:
        The answer that was sent, for tests and for a direct invocation.
    """
    reply = _Reply(event)
    watchdog = _watchdog(reply, context)
    try:
        reply.send("SUCCESS", _run(event, providers))
    except FunctionError as error:
        logger.error("custom resource failed", extra={**_identity(event), **describe(error)})
        reply.send("FAILED", Outcome(_failed_id(event)), str(error))
    except Exception as error:  # noqa: BLE001 - without an answer the stack would hang until its timeout
        logger.error("custom resource failed unexpectedly", extra={**_identity(event), **describe(error)})
        reply.send("FAILED", Outcome(_failed_id(event)), f"{type(error).__name__}: {error}")
    finally:
        if watchdog is not None:
            watchdog.cancel()
    return reply.sent


def text_property(properties: Mapping[str, Any], name: str) -> str:
    """A non-empty string property. Raises CustomResourceError."""
    value = properties.get(name)
    if not isinstance(value, str) or not value:
        raise CustomResourceError(f"property {name} must be a non-empty string")
    return value


def list_property(properties: Mapping[str, Any], name: str) -> list[str]:
    """A list of strings. Raises CustomResourceError."""
    value = properties.get(name)
    if not isinstance(value, list) or not all(isinstance(element, str) and element for element in value):
        raise CustomResourceError(f"property {name} must be a list of strings")
    return value


def _run(event: Mapping[str, Any], providers: Mapping[str, Provider]) -> Outcome:
    kind = str(event.get("ResourceType"))
    provider = providers.get(kind)
    request = event.get("RequestType")
    if request == "Delete" and _never_created(event):
        return Outcome(_failed_id(event))
    if provider is None:
        raise CustomResourceError(f"resource type {kind} is not served by this function")
    properties = event.get("ResourceProperties") or {}
    logger.info("custom resource", extra=_identity(event))
    if request == "Delete":
        provider.delete(properties)
        return Outcome(str(event["PhysicalResourceId"]))
    if request not in ("Create", "Update"):
        raise CustomResourceError(f"request type {request} is unknown")
    physical_id = provider.physical_id(properties)
    return Outcome(physical_id, provider.upsert(properties))


class _Reply:
    """Sends one answer and drops a second one, which the watchdog or the worker may attempt."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._event = event
        self._lock = threading.Lock()
        self.sent: dict[str, Any] = {}

    def send(self, status: str, outcome: Outcome, reason: str = "") -> None:
        with self._lock:
            if self.sent:
                return
            self.sent = self._body(status, outcome, reason)
            body = json.dumps(self.sent).encode()
            if len(body) > RESPONSE_LIMIT_BYTES:
                self.sent = self._body("FAILED", Outcome(outcome.physical_id), "the answer is longer than 4096 bytes")
                body = json.dumps(self.sent).encode()
            count("CustomResourceFailed" if self.sent["Status"] == "FAILED" else "CustomResourceSucceeded")
            _put(str(self._event.get("ResponseURL") or ""), body)

    def _body(self, status: str, outcome: Outcome, reason: str) -> dict[str, Any]:
        return {
            "Status": status,
            "Reason": reason.encode("ascii", "replace").decode()[:REASON_LIMIT],
            "PhysicalResourceId": outcome.physical_id,
            "StackId": self._event.get("StackId", ""),
            "RequestId": self._event.get("RequestId", ""),
            "LogicalResourceId": self._event.get("LogicalResourceId", ""),
            "NoEcho": outcome.no_echo,
            "Data": dict(outcome.data),
        }


def _watchdog(reply: _Reply, context: Any) -> threading.Timer | None:
    """A timer that answers FAILED shortly before Lambda ends the function, which would send no answer."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return None
    event = reply._event
    seconds = max(remaining() / 1000 - TIME_RESERVE_SECONDS, 0.5)
    reason = "the function ran out of time; the operation can be retried"
    timer = threading.Timer(seconds, lambda: reply.send("FAILED", Outcome(_failed_id(event)), reason))
    timer.daemon = True
    timer.start()
    return timer


def _put(url: str, body: bytes) -> None:
    if urlsplit(url).scheme not in ("https", "http"):
        logger.error("no usable ResponseURL; the answer is returned only")
        return
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})
    context = _tls_context()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=5, context=context):
                return
        except (urllib.error.URLError, OSError) as error:
            status = getattr(error, "code", None)
            logger.warning("answer not delivered", extra={"attempt": attempt, "status": status or type(error).__name__})
        if attempt < ATTEMPTS:
            time.sleep(min(0.2 * 2**attempt, 2.0))
    logger.error("answer could not be delivered; the stack will time out")


def _tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    bundle = os.environ.get("AWS_CA_BUNDLE")
    if bundle:
        context.load_verify_locations(bundle)
    return context


def _never_created(event: Mapping[str, Any]) -> bool:
    """Whether the Create failed, so that nothing exists to delete. Its id is then our own marker, or missing."""
    physical_id = str(event.get("PhysicalResourceId") or "")
    return not physical_id or physical_id.startswith("failed:")


def _failed_id(event: Mapping[str, Any]) -> str:
    """The existing id, because another id would mean a replacement; a marker if the creation failed."""
    return str(event.get("PhysicalResourceId") or f"failed:{event.get('LogicalResourceId', '')}")


def _identity(event: Mapping[str, Any]) -> dict[str, object]:
    return {
        "resource_type": event.get("ResourceType"),
        "request_type": event.get("RequestType"),
        "logical_id": event.get("LogicalResourceId"),
    }
