"""The root that builders derive from the tiers."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from troposphere import GetAtt

from builders.assembly.emit import as_dict
from builders.assembly.root import assemble
from builders.contract.conditions import MANAGES_CONFIG_RECORDER
from builders.contract.parameters import ALLOWED_REGIONS
from builders.contract.template import ENVIRONMENT_SUFFIX, TierTemplate
from builders.platforms import PLATFORMS
from cfn.parameters import with_defaults
from tests.builders.support.conditions import deployed
from tests.builders.support.paths import PROJECT
from tests.builders.support.platforms import SUBNET, VPC, platform, tier
from tests.builders.support.resources import templates


def test_an_unused_offer_is_no_fault_and_no_output() -> None:
    unused = assemble(platform(tier("a", exports=(VPC,), offers=(SUBNET,)), tier("b", uses=(VPC,))))
    assert list(as_dict(unused.templates["a"])["Outputs"]) == ["VpcId"]
    used = assemble(platform(tier("a", offers=(SUBNET,)), tier("b", uses=(SUBNET,))))
    assert list(as_dict(used.templates["a"])["Outputs"]) == ["SubnetId"]
    output = assemble(platform(tier("a", offers=(SUBNET,)), outputs=(SUBNET,)))
    assert list(as_dict(output.templates["root"])["Outputs"]) == ["SubnetId"]


def test_root_passes_what_tiers_produce_and_what_people_decide() -> None:
    root = as_dict(
        assemble(platform(tier("web", uses=(VPC, ALLOWED_REGIONS)), tier("network", exports=(VPC,)))).templates["root"]
    )
    assert root["Resources"]["Web"]["Properties"]["Parameters"] == {
        "AllowedRegions": {"Fn::Join": [",", {"Ref": "AllowedRegions"}]},
        "EnvironmentSuffix": {"Ref": "EnvironmentSuffix"},
        "VpcId": GetAtt("Network", "Outputs.VpcId").to_dict(),
    }


def test_a_nested_stack_and_an_output_exist_under_the_conditions_of_their_tier() -> None:
    built = assemble(
        platform(
            tier("a", at_times=(VPC,)),
            tier("b", exports=(SUBNET,), condition=MANAGES_CONFIG_RECORDER),
            outputs=(VPC, SUBNET),
        )
    ).templates
    root = as_dict(built["root"])
    assert root["Conditions"] == {"ManagesConfigRecorder": {"Fn::Equals": [{"Ref": "ManageConfigRecorder"}, "true"]}}
    assert [root["Resources"][title].get("Condition") for title in "AB"] == [None, "ManagesConfigRecorder"]
    assert {output["Condition"] for output in root["Outputs"].values()} == {"ManagesConfigRecorder"}
    of_tier = as_dict(built["a"])
    assert of_tier["Conditions"] == root["Conditions"]
    assert of_tier["Outputs"]["VpcId"]["Condition"] == "ManagesConfigRecorder"
    assert "ManageConfigRecorder" in root["Parameters"]


@pytest.mark.requirement("A-8")
@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_no_nested_stack_is_empty(name: str, environment: str) -> None:
    """Regression: compliance was a nested stack without any resource wherever AWS Config is kept elsewhere."""
    file = json.loads((PROJECT / "params" / name / f"{environment}.json").read_text("utf-8"))
    built = templates(name)
    values = with_defaults(built["root"], file["Parameters"])
    for title, stack in deployed(built["root"], **values).items():
        tier_name = stack["Properties"]["TemplateURL"].removesuffix(".yaml")
        passed = {name: values[name] for name in built[tier_name]["Parameters"] if name in values}
        assert deployed(built[tier_name], **passed), f"{title} has no resource"


@pytest.mark.parametrize("name", PLATFORMS)
def test_sibling_values_are_plain_strings_without_constraint(name: str) -> None:
    """While CloudFormation creates a nested change set, it checks a placeholder in place of each value."""
    assembly = assemble(PLATFORMS[name])
    for tier_name, uses in assembly.uses.items():
        for port in uses:
            if port in assembly.producers:
                parameter = assembly.templates[tier_name].parameters[port].to_dict()
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

    assembly = assemble(PLATFORMS[name])

    def check(key: str, argument: object) -> None:
        if key in ("Fn::Select", "Fn::Split"):
            assert not [port for port in assembly.producers if f"'Ref': '{port}'" in str(argument)]

    for template in assembly.templates.values():
        walk(as_dict(template), check)


def test_parameters_are_sorted_so_that_edits_do_not_move_them() -> None:
    for template in assemble(PLATFORMS["trading"]).templates.values():
        if isinstance(template, TierTemplate):
            assert list(template.parameters) == sorted(template.parameters)
            assert ENVIRONMENT_SUFFIX.name in template.parameters
