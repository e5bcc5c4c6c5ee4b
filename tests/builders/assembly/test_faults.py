"""Faults of a platform: each message names the port and the tiers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders.assembly.root import assemble
from builders.contract.conditions import MANAGES_CONFIG_RECORDER
from builders.contract.errors import ContractError
from builders.contract.parameters import LOG_RETENTION
from builders.contract.platform import Tier
from builders.contract.rules import ZONES_DIFFER
from builders.contract.template import Port, RootParameter
from tests.builders.support.platforms import SUBNET, VPC, platform, tier


def faults(*tiers: Tier, outputs: tuple[Port, ...] = ()) -> tuple[str, ...]:
    with pytest.raises(ContractError) as error:
        assemble(platform(*tiers, outputs=outputs))
    return error.value.faults


def test_a_port_without_producer_names_the_tier_that_uses_it() -> None:
    assert faults(tier("web", uses=(VPC,))) == (
        "Tier web uses port VpcId, but no tier exports it and it is not a root parameter. "
        "Export it from a tier, or stop using it.",
    )


def test_a_port_that_one_tier_exports_twice_is_reported_with_the_others() -> None:
    """Regression: troposphere raised `duplicate key`, with a traceback and without the tier's name."""
    assert faults(tier("a", exports=(VPC, VPC)), tier("b", uses=(VPC, SUBNET))) == (
        "Tier a exports port VpcId twice. Remove one of the two exports.",
        "Tier b uses port SubnetId, but no tier exports it and it is not a root parameter. "
        "Export it from a tier, or stop using it.",
    )


def test_a_port_with_two_producers_names_both() -> None:
    assert faults(tier("a", exports=(VPC,)), tier("b", exports=(VPC,)), tier("c", uses=(VPC,))) == (
        "Tiers a and b both export port VpcId. Remove one of the two exports.",
    )


def test_defaults_and_rules_about_parameters_that_no_tier_uses_are_faults() -> None:
    sample = replace(platform(tier("a")), defaults={LOG_RETENTION: 7}, rules=(ZONES_DIFFER,))
    with pytest.raises(ContractError) as error:
        assemble(sample)
    assert error.value.faults == (
        "Platform sample sets a default for root parameter LogRetentionDays, but no tier uses it. Remove the default.",
        *(
            f"Rule ZonesDiffer of platform sample reads root parameter ZoneIndex{zone}, but no tier uses it. Remove the rule."
            for zone in "ABC"
        ),
    )


def test_an_unused_port_is_a_fault() -> None:
    (fault,) = faults(tier("a", exports=(VPC,)))
    assert fault.startswith("Tier a exports port VpcId, but no tier uses it and it is not an output of the root.")


def test_a_root_output_without_producer_is_a_fault() -> None:
    assert faults(tier("a"), outputs=(VPC,)) == (
        "Port VpcId is an output of sample, but no tier exports it. Export it from a tier, or remove the output.",
    )


def test_a_circle_is_reported_with_its_ports() -> None:
    (fault,) = faults(tier("a", uses=(VPC,), exports=(SUBNET,)), tier("b", uses=(SUBNET,), exports=(VPC,)))
    assert fault == (
        "Tiers depend on each other in a circle: a uses VpcId of b, b uses SubnetId of a. "
        "Move one of these values to another tier."
    )


def test_a_tier_does_not_use_its_own_port() -> None:
    (fault,) = faults(tier("a", uses=(VPC,), exports=(VPC,)))
    assert fault == "Tier a exports port VpcId and uses it itself. Pass the object instead."


def test_a_root_parameter_outside_the_groups_is_a_fault() -> None:
    stray = RootParameter("Stray", "Not in a group.", label="Stray", constraint="Anything.")
    assert faults(tier("a", uses=(stray,))) == (
        "Tier a uses root parameter Stray, but no group in builders/contract/parameters.py contains it. "
        "Create it through a group.",
    )


def test_a_port_that_exists_at_times_is_an_output_of_the_root_and_no_tier_uses_it() -> None:
    """CloudFormation would fail at the reference to an output that the nested stack does not have."""
    (fault,) = faults(tier("a", at_times=(VPC,)), tier("b", uses=(VPC,)), outputs=(VPC,))
    assert fault == (
        "Tier b uses port VpcId, but tier a exports it under the condition ManagesConfigRecorder only. "
        "Export a value that always exists."
    )
    (fault,) = faults(tier("a", exports=(VPC,), condition=MANAGES_CONFIG_RECORDER), tier("b", uses=(VPC,)))
    assert "tier a exports it under the condition ManagesConfigRecorder only" in fault


def test_all_faults_are_reported_together() -> None:
    assert len(faults(tier("a", uses=(SUBNET,), exports=(VPC,)), tier("b", exports=(VPC,)))) == 3
