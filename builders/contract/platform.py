"""What a platform is: an ordered tuple of tiers, and what its root gives to the outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from builders.contract.rules import RootRule
from builders.contract.template import Port, RootParameter, TierTemplate


@dataclass(frozen=True)
class Tier:
    """One nested template.

    Attributes:
        name: the template's file name without extension; in PascalCase the nested stack's logical id.
        build: makes the template, given the platform's name.
    """

    name: str
    build: Callable[[str], TierTemplate]


@dataclass(frozen=True)
class Platform:
    """A template set.

    Attributes:
        name: the folder under templates/ and params/, and the beginning of every resource's name.
        description: the root template's description.
        tiers: in the order in which a reader should meet them; deployment order follows from the ports.
        outputs: the ports that the root gives to the outside, exported under the suffix.
        defaults: root parameters whose default is another than the parameter's own.
        rules: what the root demands of its parameters together.
    """

    name: str
    description: str
    tiers: tuple[Tier, ...]
    outputs: tuple[Port, ...]
    defaults: Mapping[RootParameter, str | int | float] = field(default_factory=dict)
    rules: tuple[RootRule, ...] = ()
