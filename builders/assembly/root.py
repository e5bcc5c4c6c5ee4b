"""The root template, derived: which tier produces what another uses decides every parameter and attribute of the root."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from troposphere import Export, GetAtt, Join, Output, Ref, Sub, Template
from troposphere.cloudformation import Stack

from builders.assembly import naming
from builders.contract import console, rules
from builders.contract.errors import ContractError
from builders.contract.platform import Platform
from builders.contract.template import ENVIRONMENT_SUFFIX, Port, RootParameter, TierTemplate
from builders.parts import tagging

ROOT = "root"


@dataclass(frozen=True)
class TemplateSet:
    """A platform's templates: ``root`` first, then one per tier, by file name without extension."""

    platform: Platform
    templates: Mapping[str, Template]
    producers: Mapping[str, str]
    """Port name → name of the tier that exports it."""
    uses: Mapping[str, Mapping[str, Port]]
    """Tier name → the ports it uses."""


def assemble(platform: Platform, extension: str = "yaml") -> TemplateSet:
    """Builds every tier, checks the contract and derives the root.

    Raises:
        ContractError: ports unproduced, produced twice, never used, or going round in a circle; all faults at once.
        NamingError: a name without suffix, or one that could pass its service's limit.
    """
    tiers = {tier.name: tier.build(platform.name) for tier in platform.tiers}
    _withdraw_unused_offers(platform, tiers)
    producers = _check_contract(platform, tiers)
    for template in tiers.values():
        template.parameters = {
            port.name: template.parameters[port.name] for port in _sorted(template.record.uses.values())
        }
        tagging.tag_everything(template)
        naming.check_names(template)
    root = _root(platform, tiers, producers, extension)
    return TemplateSet(
        platform=platform,
        templates={ROOT: root, **tiers},
        producers=producers,
        uses={name: template.record.uses for name, template in tiers.items()},
    )


def _withdraw_unused_offers(platform: Platform, tiers: Mapping[str, TierTemplate]) -> None:
    used = {port for template in tiers.values() for port in template.record.uses}
    used |= {port.name for port in platform.outputs}
    for template in tiers.values():
        template.withdraw(sorted(template.record.offers - used))


def logical_id(tier: str) -> str:
    """The nested stack's logical id in the root: ``market_data`` → ``MarketData``."""
    return "".join(word.capitalize() for word in tier.split("_"))


def _check_contract(platform: Platform, tiers: Mapping[str, TierTemplate]) -> dict[str, str]:
    """The producer of every port; raises `ContractError` with every fault found."""
    producers: dict[str, str] = {}
    faults: list[str] = []
    for tier, template in tiers.items():
        faults += [
            f"Port {port} is exported twice by tier {tier}: one of them must go" for port in template.record.repeated
        ]
        for port in template.record.exports:
            if port in producers:
                faults.append(f"Port {port} is produced by both {producers[port]} and {tier}: one of them must go")
            producers.setdefault(port, tier)
    given = {port.name for port in platform.outputs}
    faults += _unproduced(tiers, producers) + _undeclared(tiers)
    faults += [
        f"Port {port.name} is an output of the root but no tier produces it"
        for port in platform.outputs
        if port.name not in producers
    ]
    used = {port for template in tiers.values() for port in template.record.uses} | given
    faults += [
        f"Port {port} of tier {tier} is used by no tier and is no output of the root: export it no more, or use it"
        for port, tier in producers.items()
        if port not in used
    ]
    faults += [
        f"{platform.name} gives root parameter {parameter.name} a default, but no tier uses it: take the default out"
        for parameter in platform.defaults
        if parameter.name not in used
    ]
    faults += [
        f"Rule {rule.name} of {platform.name} looks at root parameter {name}, but no tier uses it: take the rule out"
        for rule in platform.rules
        for name in sorted(rule.parameters() - used)
    ]
    faults += _cycles(tiers, producers)
    if faults:
        raise ContractError(platform.name, faults)
    return producers


def _unproduced(tiers: Mapping[str, TierTemplate], producers: Mapping[str, str]) -> list[str]:
    return [
        f"Port {name} is used by tier {tier} but no tier produces it, and it is no root parameter"
        for tier, template in tiers.items()
        for name, port in template.record.uses.items()
        if name not in producers and not isinstance(port, RootParameter)
    ]


def _undeclared(tiers: Mapping[str, TierTemplate]) -> list[str]:
    declared = {parameter.name for parameter in console.in_console_order()}
    return [
        f"Root parameter {name} is used by tier {tier} but stands in no group of builders/contract/console.py"
        for tier, template in tiers.items()
        for name, port in template.record.uses.items()
        if isinstance(port, RootParameter) and name not in declared
    ]


def _cycles(tiers: Mapping[str, TierTemplate], producers: Mapping[str, str]) -> list[str]:
    """A sentence for each circle of tiers, naming the ports by which it goes round."""
    after = {
        tier: {producers[port]: port for port in template.record.uses if producers.get(port) not in (None, tier)}
        for tier, template in tiers.items()
    }
    done: set[str] = set()
    faults: list[str] = []

    def visit(tier: str, path: tuple[str, ...]) -> None:
        if tier in path:
            circle = (*path[path.index(tier) :], tier)
            steps = [f"{user} uses {after[user][maker]} of {maker}" for user, maker in pairwise(circle)]
            faults.append("The tiers go round in a circle: " + ", ".join(steps))
            return
        if tier not in done:
            for maker in after[tier]:
                visit(maker, (*path, tier))
            done.add(tier)

    for tier, template in tiers.items():
        own = [port for port in template.record.uses if producers.get(port) == tier]
        faults += [f"Port {port} is produced and used by the same tier {tier}: pass the object instead" for port in own]
        visit(tier, ())
    return faults


def _root(
    platform: Platform, tiers: Mapping[str, TierTemplate], producers: Mapping[str, str], extension: str
) -> Template:
    root = Template(Description=platform.description)
    root.set_version("2010-09-09")
    used = {name for template in tiers.values() for name, port in template.record.uses.items()}
    shown = [p for p in console.in_console_order() if p.name in used or p == ENVIRONMENT_SUFFIX]
    root.set_metadata({**console.interface(shown), **rules.order_metadata({p.name for p in shown})})
    for parameter in shown:
        root.add_parameter(parameter.in_root(platform.defaults.get(parameter)))
    for rule in platform.rules:
        root.add_rule(rule.name, rule.declare())
    for tier, template in tiers.items():
        root.add_resource(_nested_stack(tier, template, producers, extension))
    for port in platform.outputs:
        root.add_output(_root_output(platform, port, producers[port.name]))
    return root


def _nested_stack(tier: str, template: TierTemplate, producers: Mapping[str, str], extension: str) -> Stack:
    return Stack(
        logical_id(tier),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
        TemplateURL=f"{tier}.{extension}",
        Parameters={port.name: _value(port, producers) for port in _sorted(template.record.uses.values())},
        Tags=tagging.as_tags(tagging.standard_tags()),
    )


def _sorted(ports: Iterable[Port]) -> list[Port]:
    """By name: parameters must not move when a builder mentions a port earlier."""
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
        Export=Export(Sub(f"{platform.name}-{port.name}-${{EnvironmentSuffix}}")),
    )
