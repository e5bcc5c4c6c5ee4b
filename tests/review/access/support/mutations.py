"""Edits of policies: rewrites that keep the meaning, edits that narrow it, edits that broaden it.

Each edit yields a policy for every statement that it fits.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Policy = dict[str, Any]
Statement = dict[str, Any]
Edit = Callable[[Policy], Iterator[Policy]]

_NEGATED = re.compile(r"(String|Arn|Numeric|Date)Not|^NotIp")
_OTHER_ACCOUNT = "555555555555"


def listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]


def _each(policy: Policy, change: Callable[[Statement], Statement | list[Statement] | None]) -> Iterator[Policy]:
    """The policy with one statement changed, for each statement that the change fits."""
    for position, statement in enumerate(policy["Statement"]):
        changed = change(copy.deepcopy(statement))
        if changed is not None:
            statements = list(policy["Statement"])
            statements[position : position + 1] = changed if isinstance(changed, list) else [changed]
            yield {**policy, "Statement": statements}


def _of(effect: str, change: Callable[[Statement], Statement | list[Statement] | None]) -> Edit:
    return lambda policy: _each(policy, lambda found: change(found) if found["Effect"] == effect else None)


def _of_both(change: Callable[[Statement], Statement | list[Statement] | None]) -> Edit:
    return lambda policy: _each(policy, change)


# ---- the same meaning -----------------------------------------------------------------------------------------------


def _reordered(policy: Policy) -> Iterator[Policy]:
    statements = [{key: value for key, value in each.items() if key != "Sid"} for each in policy["Statement"]]
    yield {**policy, "Statement": statements[::-1]}


def _split(element: str) -> Callable[[Statement], list[Statement] | None]:
    def split(statement: Statement) -> list[Statement] | None:
        values = listed(statement.get(element, []))
        return [{**statement, element: value} for value in values] if len(values) > 1 else None

    return split


def _other_lists(statement: Statement) -> Statement | None:
    """Lists of one value as the value, and values as lists."""
    changed = dict(statement)
    for element in ("Action", "NotAction", "Resource"):
        if element in changed:
            value = changed[element]
            changed[element] = [value] if isinstance(value, str) else value[0] if len(value) == 1 else value
    return changed if changed != statement else None


def _other_case(statement: Statement) -> Statement:
    element = "Action" if "Action" in statement else "NotAction"
    changed = {**statement, element: [action.swapcase() for action in listed(statement[element])]}
    if "Condition" in statement:
        changed["Condition"] = {
            operator: {key.upper(): values for key, values in keys.items()}
            for operator, keys in statement["Condition"].items()
        }
    return changed


def _other_operators(statement: Statement) -> Statement | None:
    conditions: dict[str, Any] = {}
    for operator, keys in statement.get("Condition", {}).items():
        texts = [value for values in keys.values() for value in listed(values)]
        name = {"ArnEquals": "ArnLike", "ArnLike": "ArnEquals"}.get(operator, operator)
        if operator == "StringEquals" and not any(set("*?") & set(text) for text in texts):
            name = "StringLike"
        if _NEGATED.search(operator) and not operator.endswith("IfExists"):
            name = f"{operator}IfExists"
        conditions.setdefault(name, {}).update(keys)
    return {**statement, "Condition": conditions} if conditions != statement.get("Condition", {}) else None


def _with_redundant_copy(statement: Statement) -> list[Statement]:
    narrower = {**statement, "Condition": _and_condition(statement, "StringEquals", "aws:PrincipalTag/team", "red")}
    if "Action" in statement:
        narrower["Action"] = listed(statement["Action"])[:1]
    return [narrower, statement]


def _and_condition(statement: Statement, operator: str, key: str, value: str) -> dict[str, Any]:
    conditions = dict(statement.get("Condition", {}))
    return {**conditions, operator: {**conditions.get(operator, {}), key: value}}


def _other_account_form(statement: Statement) -> Statement | None:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return None
    accounts = listed(principal.get("AWS", []))
    changed = [re.sub(r"^arn:aws:iam::(\d{12}):root$", r"\1", account) for account in accounts]
    return {**statement, "Principal": {**principal, "AWS": changed}} if changed != accounts else None


SAME: Mapping[str, Edit] = {
    "reordered without Sids": _reordered,
    "one statement for each action": _of_both(_split("Action")),
    "one statement for each resource": _of_both(_split("Resource")),
    "lists for single values": _of_both(_other_lists),
    "another case of actions and keys": _of_both(_other_case),
    "equal operators": _of_both(_other_operators),
    "a redundant copy": _of_both(_with_redundant_copy),
    "account ids for root ARNs": _of_both(_other_account_form),
}


# ---- narrower -------------------------------------------------------------------------------------------------------


def _without_one(element: str) -> Callable[[Statement], Statement | None]:
    def without(statement: Statement) -> Statement | None:
        values = listed(statement.get(element, []))
        return {**statement, element: values[:-1]} if len(values) > 1 else None

    return without


def _narrower_wildcard(statement: Statement) -> Statement | None:
    for element in ("Action", "Resource"):
        values = listed(statement.get(element, []))
        narrowed = [value[:-1] + "Narrow*" if len(value) > 1 and value.endswith("*") else value for value in values]
        if narrowed != values:
            return {**statement, element: narrowed}
    return None


def _with_denial(policy: Policy) -> Iterator[Policy]:
    allowed = next((each for each in policy["Statement"] if each["Effect"] == "Allow" and "Action" in each), None)
    if allowed is not None:
        denial = {**allowed, "Effect": "Deny", "Action": listed(allowed["Action"])[:1]}
        yield {**policy, "Statement": [*policy["Statement"], denial]}


NARROWER: Mapping[str, Edit] = {
    "without an Allow": _of("Allow", lambda statement: []),
    "without an action": _of("Allow", _without_one("Action")),
    "without a resource": _of("Allow", _without_one("Resource")),
    "with a condition": _of(
        "Allow",
        lambda found: {**found, "Condition": _and_condition(found, "StringEquals", "aws:PrincipalTag/team", "red")},
    ),
    "with a Deny": _with_denial,
    "a narrower wildcard": _of("Allow", _narrower_wildcard),
}


# ---- broader --------------------------------------------------------------------------------------------------------


def _denies_less(statement: Statement) -> Statement | None:
    """A Deny of some actions only."""
    if "Action" not in statement:
        return {**statement, "NotAction": [*listed(statement["NotAction"]), "ec2:RunInstances"]}
    actions = listed(statement["Action"])
    fewer = [action[:-1] + "Get*" if action.endswith("*") else f"{action}Once" for action in actions]
    return {**statement, "Action": fewer}


def _with_exception(statement: Statement) -> Statement | None:
    if statement.get("Principal") != "*":
        return None
    rest = {key: value for key, value in statement.items() if key != "Principal"}
    return {**rest, "NotPrincipal": {"Service": "cloudformation.amazonaws.com"}}


def _without_condition(statement: Statement) -> Statement | None:
    return {key: value for key, value in statement.items() if key != "Condition"} if "Condition" in statement else None


def _without_key(statement: Statement) -> Statement | None:
    """Without the last condition key, if another one stays."""
    conditions = copy.deepcopy(statement.get("Condition", {}))
    places = [(operator, key) for operator, keys in conditions.items() for key in keys]
    if len(places) < 2:
        return None
    operator, key = places[-1]
    del conditions[operator][key]
    return {**statement, "Condition": {name: keys for name, keys in conditions.items() if keys}}


def _with_value(statement: Statement) -> Statement | None:
    for operator in ("StringEquals", "ArnLike", "ArnEquals"):
        for key, values in statement.get("Condition", {}).get(operator, {}).items():
            value = "arn:aws:s3:::another" if operator.startswith("Arn") else "another"
            keys = {**statement["Condition"][operator], key: [*listed(values), value]}
            return {**statement, "Condition": {**statement["Condition"], operator: keys}}
    return None


def _with_if_exists(statement: Statement) -> Statement | None:
    conditions = statement.get("Condition", {})
    for operator in conditions:
        positive = not _NEGATED.search(operator) and operator != "Null" and not operator.endswith("IfExists")
        if positive and f"{operator}IfExists" not in conditions:
            renamed = {f"{name}IfExists" if name == operator else name: keys for name, keys in conditions.items()}
            return {**statement, "Condition": renamed}
    return None


def _all_of_service(statement: Statement) -> Statement | None:
    actions = listed(statement.get("Action", []))
    broader = sorted({f"{action.split(':')[0]}:*" for action in actions if action != "*"})
    return {**statement, "Action": broader} if broader and broader != actions else None


def _with_principal(statement: Statement) -> Statement | None:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return None
    return {**statement, "Principal": {**principal, "AWS": [*listed(principal.get("AWS", [])), _OTHER_ACCOUNT]}}


def _with_allow(policy: Policy) -> Iterator[Policy]:
    first = policy["Statement"][0]
    added: Statement = {"Effect": "Allow", "Action": "organizations:LeaveOrganization"}
    added |= {"Resource": "*"} if "Resource" in first else {}
    added |= {"Principal": {"AWS": _OTHER_ACCOUNT}} if "Principal" in first else {}
    yield {**policy, "Statement": [*policy["Statement"], added]}


def _set(element: str, value: str) -> Callable[[Statement], Statement | None]:
    return lambda found: {**found, element: value} if found.get(element, value) not in (value, [value]) else None


BROADER: Mapping[str, Edit] = {
    "without a Deny": _of("Deny", lambda statement: []),
    "a condition on a Deny": _of(
        "Deny",
        lambda found: {**found, "Condition": _and_condition(found, "StringEquals", "aws:PrincipalTag/team", "red")},
    ),
    "a Deny of fewer actions": _of("Deny", _denies_less),
    "a Deny with an exception": _of("Deny", _with_exception),
    "without conditions": _of("Allow", _without_condition),
    "without a condition key": _of("Allow", _without_key),
    "one more value": _of("Allow", _with_value),
    "IfExists": _of("Allow", _with_if_exists),
    "all actions of the service": _of("Allow", _all_of_service),
    "all actions": _of("Allow", _set("Action", "*")),
    "all resources": _of("Allow", _set("Resource", "*")),
    "all principals": _of("Allow", _set("Principal", "*")),
    "another account": _of("Allow", _with_principal),
    "one more Allow": _with_allow,
}
