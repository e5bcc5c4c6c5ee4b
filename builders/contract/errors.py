"""What can go wrong while templates are generated. Every message says which tier and port or resource, and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class GenerationError(Exception):
    """A template set cannot be generated; the base of everything this package raises on purpose."""


class ContractError(GenerationError):
    """The ports of a platform's tiers do not fit together.

    All faults of a platform are reported together, one per line.
    """

    def __init__(self, platform: str, faults: Sequence[str]) -> None:
        self.platform = platform
        self.faults = tuple(faults)
        super().__init__(f"The tiers of {platform} do not fit together:\n" + "\n".join(f"- {f}" for f in self.faults))


class NamingError(GenerationError):
    """A derived resource name would pass its service's limit or break its rules."""

    def __init__(self, resource: str, name: str, fault: str) -> None:
        self.resource, self.name, self.fault = resource, name, fault
        super().__init__(f"The name {name!r} of {resource} {fault}")


class LimitError(GenerationError):
    """A template passes one of CloudFormation's quotas."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("CloudFormation would refuse these templates:\n" + "\n".join(f"- {f}" for f in self.faults))
