"""The root template. Its parameters and attributes follow from which tier exports what another tier uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from troposphere import Export, GetAtt, Join, Output, Ref, Sub, Template
from troposphere.cloudformation import Stack

from builders.assembly import naming
from builders.assembly.faults import Contract
from builders.contract import console, parameters, rules
from builders.contract.errors import ContractError
from builders.contract.names import Names, name_text, pascal
from builders.contract.platform import NamingTier, Platform, Tier
from builders.contract.template import ENVIRONMENT_SUFFIX, Port, RootCondition, RootParameter, TierTemplate
from builders.parts import tagging
from builders.parts.suppressions import suppress_explicit_names

ROOT = "root"
Entry = TypeVar("Entry", Stack, Output)


@dataclass(frozen=True)
class Assembly:
    """A platform's templates, and the ports between them.

    Attributes:
        platform: the platform.
        templates: file name without extension → template; ``root`` first, then one for each tier.
        producers: port name → name of the tier that exports it.
        uses: tier name → the ports that it uses, by name.
    """

    platform: Platform
    templates: Mapping[str, Template]
    producers: Mapping[str, str]
    uses: Mapping[str, Mapping[str, Port]]


def assemble(platform: Platform, extension: str = "yaml") -> Assembly:
    """Builds every tier, checks the contract and derives the root.

    Raises:
        ContractError: the tiers do not fit together; it reports all faults at once.
        NamingError: a name lacks the suffix, or can exceed the limit of its service.
    """
    tiers = _build_tiers(platform)
    _withdraw_unused_offers(platform, tiers)
    contract = Contract(platform, tiers)
    faults = contract.find_faults()
    if faults:
        raise ContractError(platform.name, faults)
    for template in tiers.values():
        template.parameters = {
            port.name: template.parameters[port.name] for port in _sorted(template.record.uses.values())
        }
        tagging.tag_everything(template)
        suppress_explicit_names(template)
        naming.check_names(template)
    root = _root(platform, tiers, contract, extension)
    return Assembly(
        platform=platform,
        templates={ROOT: root, **tiers},
        producers=contract.producers,
        uses={name: template.record.uses for name, template in tiers.items()},
    )


def _build_tiers(platform: Platform) -> dict[str, TierTemplate]:
    """Builds every tier. Those that list names are built again when all names are known."""
    tiers = {
        tier.name: tier.build(platform.name, Names()) if isinstance(tier, NamingTier) else tier.build(platform.name)
        for tier in platform.tiers
    }
    names = naming.names_of(tiers.values())
    named = {tier.name: tier.build(platform.name, names) for tier in platform.tiers if isinstance(tier, NamingTier)}
    return {**tiers, **named}


def _withdraw_unused_offers(platform: Platform, tiers: Mapping[str, TierTemplate]) -> None:
    used = {port for template in tiers.values() for port in template.record.uses}
    used |= {port.name for port in platform.outputs}
    for template in tiers.values():
        template.withdraw(sorted(template.record.offers - used))


def logical_id(tier: str) -> str:
    """Logical id of a tier's nested stack in the root: ``market_data`` → ``MarketData``."""
    return pascal(tier)


def _root(platform: Platform, tiers: Mapping[str, TierTemplate], contract: Contract, extension: str) -> Template:
    root = Template(Description=platform.description)
    root.set_version("2010-09-09")
    used = {name for template in tiers.values() for name in template.record.uses} | platform.own_parameters()
    shown = [p for p in console.in_console_order(parameters.GROUPS) if p.name in used or p == ENVIRONMENT_SUFFIX]
    root.set_metadata({**console.interface(parameters.GROUPS, shown), **rules.order_metadata({p.name for p in shown})})
    for parameter in shown:
        root.add_parameter(parameter.in_root(platform.defaults.get(parameter)))
    for rule in platform.rules:
        root.add_rule(rule.name, rule.declare())
    for tier in platform.tiers:
        nested = _nested_stack(tier, tiers[tier.name], contract.producers, extension)
        root.add_resource(_under(root, tier.condition, nested))
    for port in platform.outputs:
        output = _root_output(platform, port, contract.producers[port.name])
        root.add_output(_under(root, contract.condition_of(port.name), output))
    return root


def _under(root: Template, condition: RootCondition | None, entry: Entry) -> Entry:
    """The nested stack or output, which exists under the condition only. The root declares the condition once."""
    if condition:
        root.conditions[condition.name] = condition.expression
        entry.Condition = condition.name
    return entry


def _nested_stack(
    tier: Tier | NamingTier, template: TierTemplate, producers: Mapping[str, str], extension: str
) -> Stack:
    return Stack(
        logical_id(tier.name),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
        TemplateURL=f"{tier.name}.{extension}",
        Parameters={port.name: _value(port, producers) for port in _sorted(template.record.uses.values())},
        Tags=tagging.as_tags(tagging.standard_tags()),
    )


def _sorted(ports: Iterable[Port]) -> list[Port]:
    """Ports by name, so that parameters do not move when a builder mentions a port earlier."""
    return sorted(ports, key=lambda port: port.name)


def _value(port: Port, producers: Mapping[str, str]) -> Any:
    if port.name in producers:
        return GetAtt(logical_id(producers[port.name]), f"Outputs.{port.name}")
    if isinstance(port, RootParameter) and port.type == "CommaDelimitedList":
        return Join(",", Ref(port.name))
    return Ref(port.name)


def _root_output(platform: Platform, port: Port, producer: str) -> Output:
    return Output(
        port.name,
        Description=port.description,
        Value=GetAtt(logical_id(producer), f"Outputs.{port.name}"),
        Export=Export(Sub(name_text(platform.name, port.name))),
    )
