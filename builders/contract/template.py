"""The contract between templates: ports, and the tier template that records which of them it uses and exports.

A value crosses from one template to another only as a ``Port``. A tier exports a port (an output) or uses it (a parameter).
``builders.assembly.root`` derives every nested parameter and every ``GetAtt Tier.Outputs.Port`` of the root from that record.

Two rules follow from how CloudFormation plans nested stacks. While CloudFormation creates a nested change set, it does not
know the value of a port that a sibling exports, and uses a placeholder. So a port is a plain ``String`` without pattern,
because CloudFormation would check an ``AWS::EC2::VPC::Id`` or a pattern against the placeholder. And a port is a scalar,
because ``Fn::Select`` and ``Fn::Split``, which would take a list apart, fail on the placeholder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from troposphere import AWSHelperFn, AWSObject, Output, Parameter, Ref, Sub, Template

from builders.contract.names import SUFFIX, name_text

ParameterType = Literal["String", "Number", "CommaDelimitedList", "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"]


_LOOKED_UP = "AWS::SSM::Parameter::Value<"


@dataclass(frozen=True)
class Port:
    """A value that one tier exports and others use.

    Attributes:
        name: PascalCase; the output's name in the exporting template and the parameter's name in the using ones.
        description: one sentence, which the console shows beside the parameter and the output.
    """

    name: str
    description: str


@dataclass(frozen=True)
class RootParameter(Port):
    """A parameter of the root, whose value the person who deploys decides, with its constraint.

    Attributes:
        label: the console's label.
        constraint: the message for a value that breaks the constraint; it says which values are allowed.
        default: the default in CloudFormation's form, or None if a value is required.
        type: CloudFormation's parameter type.

    The other fields are the constraints that CloudFormation knows, under its own names.
    """

    label: str
    constraint: str
    type: ParameterType = "String"
    default: str | int | float | None = None
    allowed_values: tuple[str | int | float, ...] = ()
    allowed_pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_value: float | None = None
    max_value: float | None = None
    no_echo: bool = False

    def constraints(self) -> dict[str, Any]:
        """The properties of the constraint by CloudFormation's names; only those that are set."""
        properties: dict[str, Any] = {
            "AllowedValues": list(self.allowed_values) or None,
            "AllowedPattern": self.allowed_pattern,
            "MinLength": self.min_length,
            "MaxLength": self.max_length,
            "MinValue": self.min_value,
            "MaxValue": self.max_value,
            "NoEcho": self.no_echo or None,
        }
        return {name: value for name, value in properties.items() if value is not None}

    def in_root(self, default: str | int | float | None = None) -> Parameter:
        """The declaration in the root, with the platform's default or else the parameter's own."""
        chosen = self.default if default is None else default
        return self._declare(self.type, {"Default": chosen} if chosen is not None else {})

    def in_tier(self) -> Parameter:
        """The declaration in a tier. It has no default, so that only the root decides the value."""
        if self.type.startswith(
            _LOOKED_UP
        ):  # the root looks the value up, so the tier receives the value, not the name
            looked_up = self.type.removeprefix(_LOOKED_UP).removesuffix(">")
            return Parameter(self.name, Type=looked_up, Description=self.description)
        return self._declare(self.type, {})

    def _declare(self, kind: str, default: dict[str, Any]) -> Parameter:
        return Parameter(
            self.name,
            Type=kind,
            Description=self.description,
            ConstraintDescription=self.constraint,
            **default,
            **self.constraints(),
        )


@dataclass(frozen=True)
class RootCondition:
    """A condition that the value of one root parameter decides. The root and the tiers declare it under the same name.

    Attributes:
        name: the condition's logical id.
        parameter: the root parameter.
        expression: the condition function, which refers to the parameter by its name.
    """

    name: str
    parameter: RootParameter
    expression: AWSHelperFn


R = TypeVar("R", bound=AWSObject)

ENVIRONMENT_SUFFIX = RootParameter(
    "EnvironmentSuffix",
    "Ends the name of every resource, so that several environments live side by side in one account.",
    label="Environment suffix",
    constraint="1 to 12 lower-case letters and digits in words joined by single hyphens, beginning with a letter: dev, pr-123.",
    default="dev",
    allowed_pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
    min_length=1,
    max_length=12,
)


@dataclass(frozen=True)
class TierRecord:
    """The ports that a tier uses, exports and offers, in the order of first mention."""

    uses: dict[str, Port] = field(default_factory=dict)
    exports: dict[str, Port] = field(default_factory=dict)
    conditions: dict[str, RootCondition] = field(default_factory=dict)
    """Name of an export → the condition under which it exists. The other exports always exist."""
    offers: set[str] = field(default_factory=set)
    """Names of those exports that a platform need not use."""
    repeated: list[str] = field(default_factory=list)
    """Names of ports that the tier exports more than once, which is a fault."""


class TierTemplate(Template):
    """A tier's template together with the record of the ports it uses and exports."""

    def __init__(self, platform: str, description: str) -> None:
        super().__init__(Description=description)
        self.set_version("2010-09-09")
        self.platform = platform
        self.record = TierRecord()
        self.use(ENVIRONMENT_SUFFIX)

    def add(self, resource: R) -> R:
        """Adds a resource and returns it, so that callers can pass it on as an object."""
        self.add_resource(resource)
        return resource

    def use(self, port: Port) -> Ref:
        """The value of a port that another tier or the root provides. The first use declares the parameter."""
        if port.name not in self.record.uses:
            self.record.uses[port.name] = port
            self.add_parameter(
                port.in_tier()
                if isinstance(port, RootParameter)
                else Parameter(port.name, Type="String", Description=port.description)
            )
        return Ref(port.name)

    def when(self, condition: RootCondition) -> str:
        """Declares a condition of the root in this tier too, and returns its name."""
        self.use(condition.parameter)
        if condition.name not in self.conditions:
            self.add_condition(condition.name, condition.expression)
        return condition.name

    def placeholder(self, port: Port) -> str:
        """The value of a port inside a text of ``Fn::Sub``, such as ``${VpcId}``. The first use declares the parameter."""
        self.use(port)
        return f"${{{port.name}}}"

    def export(self, port: Port, value: AWSHelperFn | str, condition: RootCondition | None = None) -> None:
        """Makes a value of this tier available to the other tiers and to the root. One of them must use it.

        Args:
            port: the port.
            value: its value.
            condition: the condition under which the value exists. Only the root can use such a port, as an output under the
                same condition.
        """
        if port.name in self.record.exports:
            # `builders.assembly.faults` reports it, with the tier's name and all other faults.
            self.record.repeated.append(port.name)
            return
        self.record.exports[port.name] = port
        if condition:
            self.record.conditions[port.name] = condition
        self.add_output(
            Output(
                port.name,
                Description=port.description,
                Value=value,
                **only_if(self.when(condition) if condition else None),
            )
        )

    def offer(self, port: Port, value: AWSHelperFn | str) -> None:
        """Exports a value that a platform need not use. The template has no output for an unused offer."""
        self.export(port, value)
        self.record.offers.add(port.name)

    def withdraw(self, unused: Iterable[str]) -> None:
        """Removes offers that the platform does not use."""
        for name in unused:
            del self.record.exports[name], self.outputs[name]

    def name_text(self, stem: str) -> str:
        """Text of a resource's name, for use inside ``Fn::Sub``: ``<platform>-<stem>-${EnvironmentSuffix}``."""
        return name_text(self.platform, stem)

    def named(self, stem: str) -> Sub:
        """Name of a resource: ``<platform>-<stem>-${EnvironmentSuffix}``."""
        return Sub(self.name_text(stem))


def suffixed(name: str) -> Sub:
    """A name that ends in the environment's suffix, for the few names that do not begin with the platform's name."""
    return Sub(f"{name}-{SUFFIX}")


def only_if(condition: str | None) -> dict[str, Any]:
    """The attribute ``Condition`` of a resource or an output; empty if it always exists."""
    return {"Condition": condition} if condition else {}
