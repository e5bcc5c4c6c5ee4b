"""Grades of what can be reached, where more than one property decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from review.strength.measures import at, same_text
from review.strength.order import Granted, Protected, Rank
from review.strength.values import UNKNOWN, Unknown, is_empty, is_resolved, items, text, truth

_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def public_access_block(absent: bool) -> Any:
    """A grade of a block of public access: the blocks that are on.

    Args:
        absent: Whether a block is on that the template does not mention.
    """

    def blocks(value: Any) -> Rank:
        switches = {name: at(value, name) for name in _BLOCKS}
        truths = {name: truth(absent if switch is None else switch) for name, switch in switches.items()}
        if UNKNOWN in truths.values():
            return UNKNOWN
        return Protected(frozenset(name for name, is_on in truths.items() if is_on))

    return blocks


def is_closed_method(value: Any) -> Rank:
    """Whether a method or route asks its caller for anything: a signature, a token or a key.

    A browser sends OPTIONS without credentials before it calls from another origin, so such a method may be open:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html
    """
    if value is None or same_text(at(value, "HttpMethod") or "", "OPTIONS"):
        return True
    kind, key = at(value, "AuthorizationType"), at(value, "ApiKeyRequired")
    if not is_resolved(kind) or not is_resolved(key):
        return UNKNOWN
    return not same_text(kind or "NONE", "NONE") or truth(key or False) is True


def api_types(value: Any) -> Rank:
    """Whether an API is private."""
    types = items(value)
    if isinstance(types, Unknown) or not is_resolved(types):
        return UNKNOWN
    return [str(kind).upper() for kind in types] == ["PRIVATE"]


def is_closed_to_ssh(value: Any) -> Rank:
    """Whether the nodes of a group cannot be reached by SSH from everywhere.

    EKS opens port 22 to 0.0.0.0/0 if a key is given and no security group:
    https://docs.aws.amazon.com/eks/latest/APIReference/API_RemoteAccessConfig.html
    """
    if is_empty(value) or is_empty(at(value, "Ec2SshKey")):
        return True
    return not is_empty(at(value, "SourceSecurityGroups"))


def is_private_policy(value: Any) -> Rank:
    """Whether no rule of a network policy of OpenSearch Serverless has ``AllowFromPublic``."""
    if value is None:
        return True
    word = text(value)
    try:
        return UNKNOWN if isinstance(word, Unknown) else not _allows_public(json.loads(word))
    except ValueError:
        return UNKNOWN


def _allows_public(document: Any) -> bool:
    rules = document if isinstance(document, list) else [document]
    return any(isinstance(rule, Mapping) and truth(rule.get("AllowFromPublic", False)) is True for rule in rules)


def entries(value: Any) -> Rank:
    """The addresses of a prefix list."""
    listed = items(value)
    if isinstance(listed, Unknown):
        return UNKNOWN
    return Granted.of(at(entry, "Cidr") for entry in listed)


def attached_subnets(value: Any) -> Rank:
    """Whether a function or a build is in a VPC."""
    subnets = at(value, "SubnetIds") or at(value, "Subnets")
    return not is_empty(value) and not (isinstance(value, Mapping) and is_empty(subnets))
