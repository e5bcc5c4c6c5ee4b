"""The conditions that the root and its tiers share: whether a tier exists, or one of the root's outputs."""

from __future__ import annotations

from troposphere import Equals, Ref

from builders.contract import parameters
from builders.contract.template import RootCondition

MANAGES_CONFIG_RECORDER = RootCondition(
    "ManagesConfigRecorder",
    parameters.MANAGE_CONFIG_RECORDER,
    Equals(Ref(parameters.MANAGE_CONFIG_RECORDER.name), "true"),
)
"""This stack manages the account's recorder of AWS Config."""
