"""Faults of a platform: its tiers, outputs, defaults and rules that do not fit together.

Each check below finds one kind of fault. It yields a message for each fault, which names the tier and the port, and says
what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from builders.contract import console, parameters
from builders.contract.platform import Platform
from builders.contract.template import RootCondition, RootParameter, TierTemplate


@dataclass(frozen=True)
class Contract:
    """A platform and its built tiers, by name."""

    platform: Platform
    tiers: Mapping[str, TierTemplate]

    @cached_property
    def producers(self) -> dict[str, str]:
        """Port name → name of the first tier that exports it."""
        producers: dict[str, str] = {}
        for tier, template in self.tiers.items():
            for port in template.record.exports:
                producers.setdefault(port, tier)
        return producers

    @cached_property
    def used(self) -> set[str]:
        """Names of the ports that a tier or the root uses."""
        by_tiers = {port for template in self.tiers.values() for port in template.record.uses}
        return by_tiers | {port.name for port in self.platform.outputs} | self.platform.own_parameters()

    def condition_of(self, port: str) -> RootCondition | None:
        """The condition under which the port, or the nested stack that exports it, exists; None if it always exists."""
        tier = self.producers.get(port)
        if tier is None:
            return None
        of_tier = next(each.condition for each in self.platform.tiers if each.name == tier)
        return self.tiers[tier].record.conditions.get(port, of_tier)

    def find_faults(self) -> list[str]:
        """All faults, check by check."""
        return [fault for check in CHECKS for fault in check(self)]


def exported_twice(contract: Contract) -> Iterator[str]:
    """A port that one tier exports twice, or two tiers export."""
    for tier, template in contract.tiers.items():
        for port in template.record.repeated:
            yield f"Tier {tier} exports port {port} twice. Remove one of the two exports."
        for port in template.record.exports:
            if contract.producers[port] != tier:
                yield f"Tiers {contract.producers[port]} and {tier} both export port {port}. Remove one of the two exports."


def never_produced(contract: Contract) -> Iterator[str]:
    """A port that a tier uses and no tier exports."""
    for tier, template in contract.tiers.items():
        for name, port in template.record.uses.items():
            if name not in contract.producers and not isinstance(port, RootParameter):
                yield (
                    f"Tier {tier} uses port {name}, but no tier exports it and it is not a root parameter. "
                    "Export it from a tier, or stop using it."
                )


def outside_the_console(contract: Contract) -> Iterator[str]:
    """A root parameter that no group of the console created."""
    declared = {parameter.name for parameter in console.in_console_order(parameters.GROUPS)}
    for tier, template in contract.tiers.items():
        for name, port in template.record.uses.items():
            if isinstance(port, RootParameter) and name not in declared:
                yield (
                    f"Tier {tier} uses root parameter {name}, but no group in builders/contract/parameters.py contains it. "
                    "Create it through a group."
                )


def output_without_producer(contract: Contract) -> Iterator[str]:
    """An output of the root that no tier exports."""
    for port in contract.platform.outputs:
        if port.name not in contract.producers:
            yield (
                f"Port {port.name} is an output of {contract.platform.name}, but no tier exports it. "
                "Export it from a tier, or remove the output."
            )


def never_used(contract: Contract) -> Iterator[str]:
    """A port that a tier exports, and that neither a tier nor the root uses."""
    for port, tier in contract.producers.items():
        if port not in contract.used:
            yield (
                f"Tier {tier} exports port {port}, but no tier uses it and it is not an output of the root. "
                "Use it, or remove the export."
            )


def stray_default(contract: Contract) -> Iterator[str]:
    """A default of the platform for a root parameter that no tier uses."""
    platform = contract.platform.name
    for parameter in contract.platform.defaults:
        if parameter.name not in contract.used:
            yield (
                f"Platform {platform} sets a default for root parameter {parameter.name}, but no tier uses it. "
                "Remove the default."
            )


def stray_rule(contract: Contract) -> Iterator[str]:
    """A rule of the platform about a root parameter that no tier uses."""
    platform = contract.platform.name
    for rule in contract.platform.rules:
        for name in sorted(rule.parameters() - contract.used):
            yield (
                f"Rule {rule.name} of platform {platform} reads root parameter {name}, but no tier uses it. "
                "Remove the rule."
            )


def missing_at_times(contract: Contract) -> Iterator[str]:
    """A port that a tier uses, and that exists under a condition only."""
    for tier, template in contract.tiers.items():
        for name in template.record.uses:
            condition = contract.condition_of(name)
            if condition:
                yield (
                    f"Tier {tier} uses port {name}, but tier {contract.producers[name]} exports it under the condition "
                    f"{condition.name} only. Export a value that always exists."
                )


def own_port(contract: Contract) -> Iterator[str]:
    """A port that the same tier exports and uses."""
    for tier, template in contract.tiers.items():
        for port in template.record.uses:
            if contract.producers.get(port) == tier:
                yield f"Tier {tier} exports port {port} and uses it itself. Pass the object instead."


def circle(contract: Contract) -> Iterator[str]:
    """Tiers that depend on each other in a circle, with the ports that close it."""
    port_by_producer = {
        tier: {
            contract.producers[port]: port
            for port in template.record.uses
            if contract.producers.get(port) not in (None, tier)
        }
        for tier, template in contract.tiers.items()
    }
    complete: set[str] = set()

    def visit(tier: str, path: tuple[str, ...]) -> Iterator[str]:
        if tier in path:
            round_trip = (*path[path.index(tier) :], tier)
            steps = [f"{user} uses {port_by_producer[user][maker]} of {maker}" for user, maker in pairwise(round_trip)]
            yield f"Tiers depend on each other in a circle: {', '.join(steps)}. Move one of these values to another tier."
        elif tier not in complete:
            for maker in port_by_producer[tier]:
                yield from visit(maker, (*path, tier))
            complete.add(tier)

    for tier in contract.tiers:
        yield from visit(tier, ())


CHECKS = (
    exported_twice,
    never_produced,
    outside_the_console,
    output_without_producer,
    never_used,
    stray_default,
    stray_rule,
    missing_at_times,
    own_port,
    circle,
)
