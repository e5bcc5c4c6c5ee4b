"""The outputs of a deployed stack, for people and for scripts."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cfn.text import visible
from deploy.errors import StackStateError
from deploy.planning.snapshot import describe_stack
from deploy.session import Aws


@dataclass(frozen=True)
class Output:
    """One output of a stack; ``export`` is its exported name, or empty."""

    name: str
    value: str
    description: str
    export: str


def read_outputs(aws: Aws, stack: str) -> tuple[Output, ...]:
    """The outputs of a stack, sorted by name.

    Raises:
        StackStateError: The stack does not exist or was never created.
    """
    description = describe_stack(aws.client("cloudformation"), stack)
    if description is None or description["StackStatus"] == "REVIEW_IN_PROGRESS":
        status = description["StackStatus"] if description else "absent"
        raise StackStateError(stack, status, f"{stack} is not deployed in {aws.region}.", "Run `deploy plan` first.")
    outputs = (
        Output(item["OutputKey"], item.get("OutputValue", ""), item.get("Description", ""), item.get("ExportName", ""))
        for item in description.get("Outputs", [])
    )
    return tuple(sorted(outputs, key=lambda output: output.name))


def read_output_values(aws: Aws, stack: str) -> dict[str, str]:
    """Name -> value of every output."""
    return {output.name: output.value for output in read_outputs(aws, stack)}


def outputs_text(outputs: tuple[Output, ...]) -> str:
    """A table of names and values, a line for each."""
    width = max((len(output.name) for output in outputs), default=0)
    return "".join(f"{visible(f'{output.name:<{width}}  {output.value}')}\n" for output in outputs)


def outputs_json(outputs: tuple[Output, ...]) -> str:
    """An object of names and values."""
    return json.dumps({output.name: output.value for output in outputs}, indent=2, sort_keys=True) + "\n"
