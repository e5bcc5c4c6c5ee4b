"""Grades of what is recorded, where a value has a meaning of its own."""

from __future__ import annotations

from typing import Any

from review.strength.measures import at
from review.strength.order import Protected, Rank
from review.strength.values import UNKNOWN, Unknown, items, number, text


def traffic(value: Any) -> Rank:
    """The traffic that a flow log records: accepted, rejected, or all."""
    kind = text(value or "ALL")
    if isinstance(kind, Unknown):
        return UNKNOWN
    return Protected(frozenset({"ACCEPT", "REJECT"} if kind.upper() == "ALL" else {kind.upper()}))


def cluster_logs(value: Any) -> Rank:
    """The logs of the control plane that are on: a list of mappings with a ``Type``."""
    listed = items(value)
    return UNKNOWN if isinstance(listed, Unknown) else Protected.of(at(item, "Type") for item in listed)


def is_monitored(value: Any) -> Rank:
    """Whether enhanced monitoring is on, at any interval."""
    seconds = number(value or 0)
    return seconds if isinstance(seconds, Unknown) else seconds > 0


def document_audit(value: Any) -> Rank:
    """The events that DocumentDB audits: disabled, enabled (which is ``ddl``), all, or a list.

    https://docs.aws.amazon.com/documentdb/latest/developerguide/event-auditing.html
    """
    words = items(value)
    if isinstance(words, Unknown):
        return UNKNOWN
    events = {str(word).lower() for word in words} - {"disabled", "none"}
    if "all" in events:
        return Protected(frozenset(), everything=True)
    return Protected(frozenset("ddl" if event == "enabled" else event for event in events))
