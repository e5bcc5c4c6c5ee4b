"""The contract between templates: ports, and the tier template that records which of them it uses and exports.

A value crosses the edge of a template only as a `Port`. A tier exports a port (an output) or uses one (a parameter);
`builders.assembly.root` derives from that record every nested parameter and every ``GetAtt Tier.Outputs.Port`` of the root.

Two rules follow from how CloudFormation plans nested stacks. While a nested change set is created, the value of a port
that a sibling produces is not known yet and a placeholder stands for it. Therefore a port is a plain ``String`` without
pattern (an ``AWS::EC2::VPC::Id`` or a pattern would be checked against the placeholder), and it is a scalar: a list could
not be taken apart with ``Fn::Select`` or ``Fn::Split``, which fail on the placeholder.
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
    """A value that one tier produces and others use.

    Attributes:
        name: PascalCase; the output's name in the producing template and the parameter's name in the using ones.
        description: shown in the console beside the parameter and the output; one sentence.
    """

    name: str
    description: str


@dataclass(frozen=True)
class RootParameter(Port):
    """A port that the person who deploys decides: a parameter of the root, with its constraint.

    Attributes:
        label: the console's label.
        constraint: the message shown when a value breaks the constraint; it says what is allowed.
        default: the default as CloudFormation takes it, or None where a value must be given.
        type: CloudFormation's parameter type.
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
        """The constraint's properties in CloudFormation's words; only those that are set."""
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
        """The parameter as the root declares it, with the platform's default or its own."""
        chosen = self.default if default is None else default
        return self._declare(self.type, {"Default": chosen} if chosen is not None else {})

    def in_tier(self) -> Parameter:
        """The parameter as a tier declares it: without default, so that it is decided in one place."""
        if self.type.startswith(_LOOKED_UP):  # by the root: what arrives is the value, not the name
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
    """What a tier takes and gives, in the order of first mention."""

    uses: dict[str, Port] = field(default_factory=dict)
    exports: dict[str, Port] = field(default_factory=dict)
    offers: set[str] = field(default_factory=set)
    """Names of those exports that a platform may leave unused."""
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
        """Adds a resource and gives it back, so that it can be passed on as an object."""
        self.add_resource(resource)
        return resource

    def use(self, port: Port) -> Ref:
        """The value of a port that another tier or the root provides; declares the parameter at the first use."""
        if port.name not in self.record.uses:
            self.record.uses[port.name] = port
            self.add_parameter(
                port.in_tier()
                if isinstance(port, RootParameter)
                else Parameter(port.name, Type="String", Description=port.description)
            )
        return Ref(port.name)

    def placeholder(self, port: Port) -> str:
        """The value of a port within a text of ``Fn::Sub``: ``${VpcId}``; declares the parameter at the first use."""
        self.use(port)
        return f"${{{port.name}}}"

    def export(self, port: Port, value: AWSHelperFn | str) -> None:
        """Makes a value of this tier available to the other tiers and to the root, one of which must use it."""
        if (
            port.name in self.record.exports
        ):  # `builders.assembly.root` reports it, with the tier's name and all other faults
            self.record.repeated.append(port.name)
            return
        self.record.exports[port.name] = port
        self.add_output(Output(port.name, Description=port.description, Value=value))

    def offer(self, port: Port, value: AWSHelperFn | str) -> None:
        """Exports a value that not every platform with this tier uses; where none does, the template has no such output."""
        self.export(port, value)
        self.record.offers.add(port.name)

    def withdraw(self, unused: Iterable[str]) -> None:
        """Takes back what was offered and is not used."""
        for name in unused:
            del self.record.exports[name], self.outputs[name]

    def name_text(self, stem: str) -> str:
        """Text of a resource's name, for use inside ``Fn::Sub``: ``<platform>-<stem>-${EnvironmentSuffix}``."""
        return name_text(self.platform, stem)

    def named(self, stem: str) -> Sub:
        """Name of a resource: ``<platform>-<stem>-${EnvironmentSuffix}``."""
        return Sub(self.name_text(stem))


def suffixed(name: str) -> Sub:
    """A name that ends in the environment's suffix, for the few names that do not begin with the platform's."""
    return Sub(f"{name}-{SUFFIX}")


def only_if(condition: str | None) -> dict[str, Any]:
    """The Condition attribute of a resource, or nothing for a resource that always exists."""
    return {"Condition": condition} if condition else {}
