"""``deploy outputs``: the stack's outputs, or one of them."""

from __future__ import annotations

from argparse import Namespace

from deploy.commands.options import deployment_of
from deploy.console import say, say_value
from deploy.errors import UsageError
from deploy.execution.outputs import outputs_json, outputs_text, read_outputs
from deploy.session import Aws
from deploy.settings import Project


def run(arguments: Namespace, project: Project) -> int:
    """Print the outputs, or the value of the one that is named."""
    deployment = deployment_of(arguments, project)
    outputs = read_outputs(Aws(deployment.region, arguments.profile), deployment.stack_name)
    if arguments.name:
        values = {output.name: output.value for output in outputs}
        if arguments.name not in values:
            names = ", ".join(values) or "none"
            raise UsageError(f"{deployment.stack_name} has no output {arguments.name}.", f"It has: {names}.")
        say_value(values[arguments.name])
        return 0
    say((outputs_json(outputs) if arguments.json else outputs_text(outputs)).rstrip("\n"))
    return 0
