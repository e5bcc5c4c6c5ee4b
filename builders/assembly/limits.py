"""CloudFormation's quotas for a template, and the size of a template against them.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BODY_BYTES = 51_200
"""Largest template that a caller can pass as text. CloudFormation reads larger ones from S3 only."""
S3_BYTES = 1_048_576
RESOURCES = 500
PARAMETERS = 200
OUTPUTS = 200
MAPPINGS = 200
DESCRIPTION_BYTES = 1024

TIER_RESOURCES = 200
"""The project's own bound. Split a tier above it, so that a change set stays readable."""


@dataclass(frozen=True)
class Measure:
    """The size of one template.

    Attributes:
        name: the template's path.
        bytes: of the emitted text in UTF-8.
        resources: their number.
        parameters: their number.
        outputs: their number.
        mappings: their number.
        description: the description's bytes in UTF-8.
    """

    name: str
    bytes: int
    resources: int
    parameters: int
    outputs: int
    mappings: int
    description: int

    def excesses(self) -> list[str]:
        """The quotas that the template exceeds, as sentences."""
        rows = (
            ("bytes", self.bytes, S3_BYTES),
            ("resources", self.resources, RESOURCES),
            ("parameters", self.parameters, PARAMETERS),
            ("outputs", self.outputs, OUTPUTS),
            ("mappings", self.mappings, MAPPINGS),
            ("bytes of description", self.description, DESCRIPTION_BYTES),
        )
        return [
            f"{self.name} has {value:,} {what}; the quota is {most:,}" for what, value, most in rows if value > most
        ]

    def advice(self) -> list[str]:
        """What CloudFormation allows, but a developer should know or change, as sentences."""
        advice = []
        if self.bytes > BODY_BYTES:
            advice.append(
                f"{self.name} has {self.bytes:,} bytes; above {BODY_BYTES:,}, CloudFormation reads it from S3 only"
            )
        if self.resources > TIER_RESOURCES:
            advice.append(f"{self.name} has {self.resources} resources; split the tier above {TIER_RESOURCES}")
        return advice


def measure(name: str, template: Mapping[str, Any], text: str) -> Measure:
    """Measures a template, given as plain data and as the emitted text."""
    return Measure(
        name=name,
        bytes=len(text.encode()),
        resources=len(template.get("Resources", {})),
        parameters=len(template.get("Parameters", {})),
        outputs=len(template.get("Outputs", {})),
        mappings=len(template.get("Mappings", {})),
        description=len(template.get("Description", "").encode()),
    )


def report(measures: Sequence[Measure]) -> str:
    """A table of the templates' sizes against the quotas."""
    head = f"{'template':<28}{'bytes':>18}{'resources':>12}{'parameters':>12}{'outputs':>10}"
    rows = [
        f"{m.name:<28}{f'{m.bytes:,} / {BODY_BYTES:,}':>18}{f'{m.resources} / {RESOURCES}':>12}"
        f"{f'{m.parameters} / {PARAMETERS}':>12}{f'{m.outputs} / {OUTPUTS}':>10}"
        for m in measures
    ]
    return "\n".join([head, *rows])
