"""E9808: instances require IMDSv2 and have no public address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

# The path of the settings of an instance in the properties of each type.
INSTANCES: dict[str, tuple[str, ...]] = {
    "AWS::EC2::Instance": (),
    "AWS::EC2::LaunchTemplate": ("LaunchTemplateData",),
}
_NO_VALUE = {"Ref": "AWS::NoValue"}


class InstanceAccess(CloudFormationLintRule):
    """Checks instances and launch templates, in every arm of Fn::If."""

    id = "E9808"
    shortdesc = "Instances require IMDSv2 and have no public address"
    description = "MetadataOptions.HttpTokens is required, and no network interface has a public address."
    reason = (
        "Under IMDSv1, an attacker who makes a web service send one request gets the credentials of the instance's role. "
        "IMDSv2 demands a token first. A public address makes an instance reachable from the internet."
    )
    source_url = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html"
    tags = ["resources", "ec2"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          ImageId: {Type: AWS::EC2::Image::Id}
        Resources:
          Server:
            Type: AWS::EC2::Instance
            Properties:
              ImageId: !Ref ImageId
              MetadataOptions: {HttpTokens: optional}
              BlockDeviceMappings:
                - DeviceName: /dev/xvda
                  Ebs: {Encrypted: true, KmsKeyId: alias/orders}
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = """
        Parameters:
          ImageId: {Type: AWS::EC2::Image::Id}
        Resources:
          Server:
            Type: AWS::EC2::Instance
            Properties:
              ImageId: !Ref ImageId
              MetadataOptions: {HttpTokens: required}
              BlockDeviceMappings:
                - DeviceName: /dev/xvda
                  Ebs: {Encrypted: true, KmsKeyId: alias/orders}
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each setting that allows access."""
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
            yield RuleMatch(path[:2], "MetadataOptions.HttpTokens is not required, so IMDSv1 answers")
            break
    for value in _values(settings, ["NetworkInterfaces", "*", "AssociatePublicIpAddress"]):
        if value not in (None, False, "false"):
            yield RuleMatch(path[:2], "NetworkInterfaces give the instance a public address")
            break


def _values(value: Any, steps: list[str]) -> Iterator[Any]:
    """Yields all values that a path can have, in both arms of each Fn::If. None means that the property is absent."""
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
