"""How the console shows the root parameters: in groups, in the order of their creation, with labels (requirement A-9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from builders.contract.template import RootParameter

Value = str | int | float


class Group:
    """A group of the console. It creates its parameters itself, so that the console shows all of them.

    Attributes:
        title: the group's heading.
        members: its parameters, in the order of their creation.
    """

    def __init__(self, title: str, *members: RootParameter) -> None:
        self.title = title
        self.members = list(members)

    def add(self, name: str, description: str, **properties: Any) -> RootParameter:
        """Creates a parameter; ``properties`` are those of ``RootParameter``."""
        parameter = RootParameter(name, description, **properties)
        self.members.append(parameter)
        return parameter

    def switch(self, name: str, label: str, description: str, *, default: str) -> RootParameter:
        """Creates a parameter that is ``true`` or ``false``."""
        values = ("true", "false")
        return self.add(
            name, description, label=label, constraint="true or false.", default=default, allowed_values=values
        )

    def number(
        self, name: str, label: str, description: str, *, least: float, most: float, default: float, constraint: str
    ) -> RootParameter:
        """Creates a number from ``least`` to ``most``."""
        return self.add(
            name,
            description,
            label=label,
            constraint=constraint,
            type="Number",
            default=default,
            min_value=least,
            max_value=most,
        )

    def choice(
        self, name: str, label: str, description: str, *, values: Sequence[Value], default: Value, constraint: str
    ) -> RootParameter:
        """Creates a choice between values. The parameter is a number if the default is an integer."""
        return self.add(
            name,
            description,
            label=label,
            constraint=constraint,
            type="Number" if isinstance(default, int) else "String",
            default=default,
            allowed_values=tuple(values),
        )

    def text(
        self, name: str, label: str, description: str, *, pattern: str, constraint: str, **properties: Any
    ) -> RootParameter:
        """Creates a text that must match a pattern."""
        return self.add(name, description, label=label, constraint=constraint, allowed_pattern=pattern, **properties)


def in_console_order(groups: Iterable[Group]) -> list[RootParameter]:
    """All root parameters, group by group."""
    return [parameter for group in groups for parameter in group.members]


def interface(groups: Iterable[Group], shown: Sequence[RootParameter]) -> dict[str, Any]:
    """The metadata ``AWS::CloudFormation::Interface`` for the parameters that a root declares.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-interface.html
    """
    names = {parameter.name for parameter in shown}
    sections = [
        {"Label": {"default": group.title}, "Parameters": [p.name for p in group.members if p.name in names]}
        for group in groups
    ]
    return {
        "AWS::CloudFormation::Interface": {
            "ParameterGroups": [section for section in sections if section["Parameters"]],
            "ParameterLabels": {p.name: {"default": p.label} for p in _by_name(shown)},
        }
    }


def _by_name(shown: Iterable[RootParameter]) -> list[RootParameter]:
    return sorted(shown, key=lambda parameter: parameter.name)
