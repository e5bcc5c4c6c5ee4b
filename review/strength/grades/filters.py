"""Grades of web ACLs, firewalls and countries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from review.strength.measures import at
from review.strength.order import Granted, Opaque, Rank, Served
from review.strength.values import UNKNOWN, Unknown, canonical, is_function, items, text

_ACTIONS = {"Allow": 0, "Count": 2, "Captcha": 3, "Challenge": 3, "Monetize": 3, "Block": 4}


_NO_RULE = 1


def rule_action(value: Any) -> Rank:
    """What a rule of a web ACL does: a rule that allows is weaker than no rule, one that counts hardly more than none."""
    if value is None:
        return _NO_RULE
    action, override = at(value, "Action"), at(value, "OverrideAction")
    if is_function(action) or is_function(override):
        return UNKNOWN
    if isinstance(action, Mapping):
        return next((_ACTIONS[name] for name in _ACTIONS if name in action), UNKNOWN)
    return _ACTIONS["Count"] if isinstance(override, Mapping) and "Count" in override else _ACTIONS["Block"]


def default_action(value: Any) -> Rank:
    """Whether a web ACL blocks what no rule decides."""
    return isinstance(value, Mapping) and "Block" in value


def overridden_rules(value: Any) -> Rank:
    """The rules of a group that no longer do what the group says, except those that block."""
    listed = items(value)
    if isinstance(listed, Unknown):
        return UNKNOWN
    return Granted.of(at(rule, "Name") for rule in listed if "Block" not in (at(rule, "ActionToUse") or {}))


EVERYWHERE = Served(frozenset(), all_but=True)
"""All countries."""


def countries(value: Any) -> Rank:
    """The countries that a distribution serves: an allow list, or all but those of a deny list."""
    kind = text(at(value, "RestrictionType") or "none")
    listed = items(at(value, "Locations"))
    if isinstance(kind, Unknown) or isinstance(listed, Unknown):
        return UNKNOWN
    if kind == "none":
        return EVERYWHERE
    return Served(frozenset(map(canonical, listed)), all_but=kind == "blacklist")


def packet_action(value: Any) -> Rank:
    """What happens to a packet that no stateless rule matches: it passes, goes to the stateful rules, or is dropped."""
    actions = items(value)
    if isinstance(actions, Unknown):
        return UNKNOWN
    order = {"aws:pass": 0, "aws:forward_to_sfe": 1, "aws:drop": 2}
    return min((order[name] for name in map(canonical, actions) if name in order), default=UNKNOWN)


def statement_kind(value: Any) -> Rank:
    """What kind of statement a rule of a web ACL has. Two kinds have no order."""
    return Opaque(" ".join(sorted(value)) if isinstance(value, Mapping) and value else None)
