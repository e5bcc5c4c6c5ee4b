"""The conditions that the root and its tiers share: whether a tier exists, or one of the root's outputs."""

from __future__ import annotations

from troposphere import Equals, Join, Not, Ref

from builders.contract import parameters
from builders.contract.principals import NOBODY
from builders.contract.template import RootCondition, RootParameter


def _named(name: str, principals: RootParameter) -> RootCondition:
    listed = Join(",", Ref(principals.name))
    return RootCondition(name, principals, Not(Equals(listed, NOBODY)))


MANAGES_CONFIG_RECORDER = RootCondition(
    "ManagesConfigRecorder",
    parameters.MANAGE_CONFIG_RECORDER,
    Equals(Ref(parameters.MANAGE_CONFIG_RECORDER.name), "true"),
)
"""This stack manages the account's recorder of AWS Config."""
HAS_ANALYSTS = _named("HasAnalysts", parameters.ANALYSTS)
"""Somebody may assume the analysts' role."""
HAS_API_CLIENTS = _named("HasApiClients", parameters.API_CLIENTS)
"""Somebody may assume the role of the API's clients."""
