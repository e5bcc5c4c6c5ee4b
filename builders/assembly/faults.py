"""Faults of a platform: what does not fit together between its tiers, its outputs, its defaults and its rules.

Each function below finds one kind of fault and gives a sentence for each: which tier and port, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from builders.contract import console, parameters
from builders.contract.platform import Platform
from builders.contract.template import RootParameter, TierTemplate


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
        """Names of the ports that a tier or the root's outputs use."""
        by_tiers = {port for template in self.tiers.values() for port in template.record.uses}
        return by_tiers | {port.name for port in self.platform.outputs}

    def find_faults(self) -> list[str]:
        """Every fault, kind by kind."""
        return [fault for check in CHECKS for fault in check(self)]


def exported_twice(contract: Contract) -> Iterator[str]:
    """A port that its own tier or another one exports already."""
    for tier, template in contract.tiers.items():
        for port in template.record.repeated:
            yield f"Port {port} is exported twice by tier {tier}: one of them must go"
        for port in template.record.exports:
            if contract.producers[port] != tier:
                yield f"Port {port} is produced by both {contract.producers[port]} and {tier}: one of them must go"


def never_produced(contract: Contract) -> Iterator[str]:
    """A port that a tier uses and none exports."""
    for tier, template in contract.tiers.items():
        for name, port in template.record.uses.items():
            if name not in contract.producers and not isinstance(port, RootParameter):
                yield f"Port {name} is used by tier {tier} but no tier produces it, and it is no root parameter"


def outside_the_console(contract: Contract) -> Iterator[str]:
    """A root parameter that no group of the console made."""
    declared = {parameter.name for parameter in console.in_console_order(parameters.GROUPS)}
    for tier, template in contract.tiers.items():
        for name, port in template.record.uses.items():
            if isinstance(port, RootParameter) and name not in declared:
                yield (
                    f"Root parameter {name} is used by tier {tier} but stands in no group of "
                    "builders/contract/parameters.py"
                )


def output_without_producer(contract: Contract) -> Iterator[str]:
    """An output of the root that no tier exports."""
    for port in contract.platform.outputs:
        if port.name not in contract.producers:
            yield f"Port {port.name} is an output of the root but no tier produces it"


def never_used(contract: Contract) -> Iterator[str]:
    """A port that a tier exports and nothing uses."""
    for port, tier in contract.producers.items():
        if port not in contract.used:
            yield f"Port {port} of tier {tier} is used by no tier and is no output of the root: export it no more, or use it"


def stray_default(contract: Contract) -> Iterator[str]:
    """A default of the platform for a root parameter that no tier uses."""
    name = contract.platform.name
    for parameter in contract.platform.defaults:
        if parameter.name not in contract.used:
            yield f"{name} gives root parameter {parameter.name} a default, but no tier uses it: take the default out"


def stray_rule(contract: Contract) -> Iterator[str]:
    """A rule of the platform about a root parameter that no tier uses."""
    platform = contract.platform.name
    for rule in contract.platform.rules:
        for name in sorted(rule.parameters() - contract.used):
            yield f"Rule {rule.name} of {platform} looks at root parameter {name}, but no tier uses it: take the rule out"


def own_port(contract: Contract) -> Iterator[str]:
    """A port that the tier that exports it uses itself."""
    for tier, template in contract.tiers.items():
        for port in template.record.uses:
            if contract.producers.get(port) == tier:
                yield f"Port {port} is produced and used by the same tier {tier}: pass the object instead"


def circle(contract: Contract) -> Iterator[str]:
    """A circle of tiers, with the ports by which it goes round."""
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
            yield "The tiers go round in a circle: " + ", ".join(steps)
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
    own_port,
    circle,
)
