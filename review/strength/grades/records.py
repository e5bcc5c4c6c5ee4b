"""Grades of what is recorded, where a value has a meaning of its own."""

from __future__ import annotations

from typing import Any

from review.strength.measures import at
from review.strength.order import Protected, Rank, Watched
from review.strength.values import UNKNOWN, Unknown, canonical, items, number, text, truth

EVERY_TYPE = Watched(frozenset(), all_but=True)
"""All resource types."""


def recorded_types(value: Any) -> Rank:
    """The resource types that a recorder records: all, all but some, or a list.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-config-configurationrecorder-recordinggroup.html
    """
    everything = truth(at(value, "AllSupported") or False)
    listed = items(at(value, "ResourceTypes"))
    excluded = items(at(value, "ExclusionByResourceTypes/ResourceTypes"))
    if isinstance(everything, Unknown) or isinstance(listed, Unknown) or isinstance(excluded, Unknown):
        return UNKNOWN
    if excluded:
        return Watched(frozenset(map(canonical, excluded)), all_but=True)
    return EVERY_TYPE if value is None or everything else Watched(frozenset(map(canonical, listed)))


_EVENTS = {"All": ("read", "write"), "ReadOnly": ("read",), "WriteOnly": ("write",)}


def logged_events(value: Any) -> Rank:
    """The events that the selectors of a trail log: management events, and those of data by resource.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html: without a selector, all management
    events.
    """
    selectors = items(value)
    if isinstance(selectors, Unknown):
        return UNKNOWN
    events = [_selected(selector) for selector in selectors or [{}]]
    return UNKNOWN if None in events else Protected(frozenset(event for some in events if some for event in some))


def _selected(selector: Any) -> set[str] | None:
    """The events of one selector; None if they are not known."""
    kinds, management = text(at(selector, "ReadWriteType") or "All"), at(selector, "IncludeManagementEvents")
    with_management = truth(True if management is None else management)
    resources = items(at(selector, "DataResources"))
    if kinds not in _EVENTS or isinstance(with_management, Unknown) or isinstance(resources, Unknown):
        return None
    subjects = ["management"] if with_management else []
    for resource in resources:
        values = items(at(resource, "Values"))
        if isinstance(values, Unknown):
            return None
        subjects += [f"{at(resource, 'Type')} {canonical(item)}" for item in values]
    return {f"{subject} {kind}" for subject in subjects for kind in _EVENTS[str(kinds)]}


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
