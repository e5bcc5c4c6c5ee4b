"""E9808: nothing on an instance can be made to ask for its credentials, and nobody reaches it from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

# Where each type holds the settings of an instance.
INSTANCES: dict[str, tuple[str, ...]] = {
    "AWS::EC2::Instance": (),
    "AWS::EC2::LaunchTemplate": ("LaunchTemplateData",),
}
_NO_VALUE = {"Ref": "AWS::NoValue"}


class InstanceAccess(CloudFormationLintRule):
    """The metadata service wants a token (IMDSv2), and no interface has a public address.

    With IMDSv1 one request that a web service is talked into making gives away the role's credentials.
    """

    id = "E9808"
    shortdesc = "Instances require IMDSv2 and have no public address"
    description = "MetadataOptions.HttpTokens is required, and no network interface is given a public address."
    source_url = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html"
    tags = ["resources", "ec2"]  # noqa: RUF012 - cfn-lint's own declaration

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One finding for each setting that lets somebody in."""
        return [
            match
            for name, resource in cfn.get_resources().items()
            if resource.get("Type", "") in INSTANCES
            for match in _check(["Resources", name, "Properties"], resource)
        ]


def _check(path: list[str | int], resource: dict[str, Any]) -> Iterator[RuleMatch]:
    settings: Any = resource.get("Properties") or {}
    for step in INSTANCES[resource["Type"]]:
        settings = settings.get(step) if isinstance(settings, dict) else None
    for value in _values(settings, ["MetadataOptions", "HttpTokens"]):
        if value != "required":
            yield RuleMatch(path[:2], "MetadataOptions.HttpTokens is not required: IMDSv1 would answer")
            break
    for value in _values(settings, ["NetworkInterfaces", "*", "AssociatePublicIpAddress"]):
        if value not in (None, False, "false"):
            yield RuleMatch(path[:2], "NetworkInterfaces give it a public address")
            break


def _values(value: Any, steps: list[str]) -> Iterator[Any]:
    """All values that a path can have, over both arms of Fn::If; None stands for absent."""
    if isinstance(value, dict) and set(value) == {"Fn::If"}:
        for arm in value["Fn::If"][1:]:
            yield from _values(arm, steps)
    elif value is None or value == _NO_VALUE:
        yield None
    elif not steps:
        yield value
    elif steps[0] == "*":
        for element in value if isinstance(value, list) else []:
            yield from _values(element, steps[1:])
    else:
        yield from _values(value.get(steps[0]) if isinstance(value, dict) else None, steps[1:])
