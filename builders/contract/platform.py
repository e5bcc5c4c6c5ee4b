"""The types of a platform: an ordered tuple of tiers, and the outputs of its root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from builders.contract.names import Names
from builders.contract.rules import RootRule
from builders.contract.template import Port, RootCondition, RootParameter, TierTemplate


@dataclass(frozen=True)
class Tier:
    """One nested template.

    Attributes:
        name: the template's file name without extension; in PascalCase the nested stack's logical id.
        build: builds the template for a platform's name.
        condition: the condition under which the nested stack exists. A stack in which nothing exists would remain otherwise,
            and AWS does not document that a nested change set may create one.
    """

    name: str
    build: Callable[[str], TierTemplate]
    condition: RootCondition | None = None


@dataclass(frozen=True)
class NamingTier:
    """A nested template whose policies list names of resources, also of tiers that need this one.

    Attributes:
        name: as that of a ``Tier``.
        build: builds the template for a platform's name and the names of all its resources. The names in the template must
            not depend on those.
        condition: as that of a ``Tier``.
    """

    name: str
    build: Callable[[str, Names], TierTemplate]
    condition: RootCondition | None = None


@dataclass(frozen=True)
class Platform:
    """A product with its template set.

    Attributes:
        name: the folder under templates/ and params/, and the prefix of every resource's name.
        description: the root template's description.
        tiers: in the order in which a reader should meet them; deployment order follows from the ports.
        outputs: the ports that the root outputs, exported under names that end in the suffix.
        defaults: defaults that replace a root parameter's own.
        rules: rules between the root's parameters.
    """

    name: str
    description: str
    tiers: tuple[Tier | NamingTier, ...]
    outputs: tuple[Port, ...]
    defaults: Mapping[RootParameter, str | int | float] = field(default_factory=dict)
    rules: tuple[RootRule, ...] = ()

    def own_parameters(self) -> set[str]:
        """Names of the parameters that the root itself reads, for the conditions of tiers and for its rules."""
        conditions = {tier.condition.parameter.name for tier in self.tiers if tier.condition}
        return conditions | {parameter.name for rule in self.rules for parameter in rule.own}
