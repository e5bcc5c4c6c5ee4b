"""Ports and the derived root: every fault of the contract is an error that names the port and the tiers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from troposphere import GetAtt, Ref
from troposphere.sns import Topic

from builders.assembly.emit import as_dict
from builders.assembly.root import assemble
from builders.contract.errors import ContractError
from builders.contract.parameters import ALLOWED_REGIONS, LOG_RETENTION
from builders.contract.platform import Platform, Tier
from builders.contract.rules import ZONES_DIFFER
from builders.contract.template import ENVIRONMENT_SUFFIX, Port, RootParameter, TierTemplate
from builders.platforms import PLATFORMS

VPC, SUBNET = Port("VpcId", "The VPC."), Port("SubnetId", "A subnet.")


def tier(
    name: str, *, uses: tuple[Port, ...] = (), exports: tuple[Port, ...] = (), offers: tuple[Port, ...] = ()
) -> Tier:
    def build(platform: str) -> TierTemplate:
        template = TierTemplate(platform, name)
        topic = template.add(Topic(f"{name.capitalize()}Topic", TopicName=template.named(name)))
        for port in uses:
            template.use(port)
        for port in exports:
            template.export(port, Ref(topic))
        for port in offers:
            template.offer(port, Ref(topic))
        return template

    return Tier(name, build)


def platform(*tiers: Tier, outputs: tuple[Port, ...] = ()) -> Platform:
    return Platform("sample", "A sample.", tiers, outputs)


def faults(*tiers: Tier, outputs: tuple[Port, ...] = ()) -> tuple[str, ...]:
    with pytest.raises(ContractError) as error:
        assemble(platform(*tiers, outputs=outputs))
    return error.value.faults


def test_a_port_without_producer_names_the_tier_that_uses_it() -> None:
    assert faults(tier("web", uses=(VPC,))) == (
        "Port VpcId is used by tier web but no tier produces it, and it is no root parameter",
    )


def test_a_port_that_one_tier_exports_twice_is_told_with_the_others() -> None:
    """It was troposphere's `duplicate key`, with a traceback and without the tier's name."""
    assert faults(tier("a", exports=(VPC, VPC)), tier("b", uses=(VPC, SUBNET))) == (
        "Port VpcId is exported twice by tier a: one of them must go",
        "Port SubnetId is used by tier b but no tier produces it, and it is no root parameter",
    )


def test_a_port_with_two_producers_names_both() -> None:
    assert faults(tier("a", exports=(VPC,)), tier("b", exports=(VPC,)), tier("c", uses=(VPC,))) == (
        "Port VpcId is produced by both a and b: one of them must go",
    )


def test_what_is_offered_may_be_left_and_is_then_no_output() -> None:
    made = assemble(platform(tier("a", exports=(VPC,), offers=(SUBNET,)), tier("b", uses=(VPC,))))
    assert list(as_dict(made.templates["a"])["Outputs"]) == ["VpcId"]
    taken = assemble(platform(tier("a", offers=(SUBNET,)), tier("b", uses=(SUBNET,))))
    assert list(as_dict(taken.templates["a"])["Outputs"]) == ["SubnetId"]
    given = assemble(platform(tier("a", offers=(SUBNET,)), outputs=(SUBNET,)))
    assert list(as_dict(given.templates["root"])["Outputs"]) == ["SubnetId"]


def test_defaults_and_rules_about_parameters_that_no_tier_uses_are_faults() -> None:
    made = replace(platform(tier("a")), defaults={LOG_RETENTION: 7}, rules=(ZONES_DIFFER,))
    with pytest.raises(ContractError) as error:
        assemble(made)
    assert error.value.faults == (
        "sample gives root parameter LogRetentionDays a default, but no tier uses it: take the default out",
        *(
            f"Rule ZonesDiffer of sample looks at root parameter ZoneIndex{zone}, but no tier uses it: take the rule out"
            for zone in "ABC"
        ),
    )


def test_a_port_that_nobody_uses_is_a_fault() -> None:
    (fault,) = faults(tier("a", exports=(VPC,)))
    assert fault.startswith("Port VpcId of tier a is used by no tier and is no output of the root")


def test_a_root_output_without_producer_is_a_fault() -> None:
    assert faults(tier("a"), outputs=(VPC,)) == ("Port VpcId is an output of the root but no tier produces it",)


def test_a_circle_is_told_with_its_ports() -> None:
    (fault,) = faults(tier("a", uses=(VPC,), exports=(SUBNET,)), tier("b", uses=(SUBNET,), exports=(VPC,)))
    assert fault == "The tiers go round in a circle: a uses VpcId of b, b uses SubnetId of a"


def test_a_tier_does_not_use_its_own_port() -> None:
    (fault,) = faults(tier("a", uses=(VPC,), exports=(VPC,)))
    assert fault == "Port VpcId is produced and used by the same tier a: pass the object instead"


def test_a_root_parameter_outside_the_groups_is_a_fault() -> None:
    stray = RootParameter("Stray", "Not in a group.", label="Stray", constraint="Anything.")
    assert faults(tier("a", uses=(stray,))) == (
        "Root parameter Stray is used by tier a but stands in no group of builders/contract/parameters.py",
    )


def test_all_faults_are_told_together() -> None:
    assert len(faults(tier("a", uses=(SUBNET,), exports=(VPC,)), tier("b", exports=(VPC,)))) == 3


def test_root_passes_what_tiers_produce_and_what_people_decide() -> None:
    root = as_dict(
        assemble(platform(tier("web", uses=(VPC, ALLOWED_REGIONS)), tier("network", exports=(VPC,)))).templates["root"]
    )
    assert root["Resources"]["Web"]["Properties"]["Parameters"] == {
        "AllowedRegions": {"Fn::Join": [",", {"Ref": "AllowedRegions"}]},
        "EnvironmentSuffix": {"Ref": "EnvironmentSuffix"},
        "VpcId": GetAtt("Network", "Outputs.VpcId").to_dict(),
    }


@pytest.mark.parametrize("name", PLATFORMS)
def test_sibling_values_are_plain_strings_without_constraint(name: str) -> None:
    """While a nested change set is made, CloudFormation checks a placeholder in their place."""
    templates = assemble(PLATFORMS[name])
    for tier_name, uses in templates.uses.items():
        for port in uses:
            if port in templates.producers:
                parameter = templates.templates[tier_name].parameters[port].to_dict()
                assert set(parameter) == {"Type", "Description"}
                assert parameter["Type"] == "String"


@pytest.mark.parametrize("name", PLATFORMS)
def test_sibling_values_are_never_taken_apart(name: str) -> None:
    def walk(value: object, visit: Callable[[str, object], None]) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                visit(key, item)
                walk(item, visit)
        elif isinstance(value, list):
            for item in value:
                walk(item, visit)

    templates = assemble(PLATFORMS[name])

    def refuse(key: str, argument: object) -> None:
        if key in ("Fn::Select", "Fn::Split"):
            assert not [port for port in templates.producers if f"'Ref': '{port}'" in str(argument)]

    for template in templates.templates.values():
        walk(as_dict(template), refuse)


def test_parameters_stand_in_an_order_that_edits_do_not_move() -> None:
    for template in assemble(PLATFORMS["trading"]).templates.values():
        if isinstance(template, TierTemplate):
            assert list(template.parameters) == sorted(template.parameters)
            assert ENVIRONMENT_SUFFIX.name in template.parameters
