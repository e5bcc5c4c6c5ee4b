"""Errors of the builders.

Every message names the tier and the port or resource, and says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class GenerationError(Exception):
    """Base class of every error that builders raise on purpose: a template set cannot be generated."""


class ContractError(GenerationError):
    """The ports of a platform's tiers do not fit together.

    Attributes:
        platform: the platform's name.
        faults: all faults of the platform, each a sentence or two.
    """

    def __init__(self, platform: str, faults: Sequence[str]) -> None:
        self.platform = platform
        self.faults = tuple(faults)
        super().__init__(f"The tiers of {platform} do not fit together:\n" + "\n".join(f"- {f}" for f in self.faults))


class NamingError(GenerationError):
    """A name breaks the naming rules, or can exceed the limit of its service.

    Attributes:
        resource: the resource's logical id and type.
        name: the name as text of ``Fn::Sub``.
        fault: the rest of the sentence that begins with resource and name.
    """

    def __init__(self, resource: str, name: str, fault: str) -> None:
        self.resource, self.name, self.fault = resource, name, fault
        super().__init__(f"The name {name!r} of {resource} {fault}")


class LimitError(GenerationError):
    """A template exceeds one of CloudFormation's quotas.

    Attributes:
        faults: every quota that a template exceeds, each a sentence.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("CloudFormation would reject these templates:\n" + "\n".join(f"- {f}" for f in self.faults))
