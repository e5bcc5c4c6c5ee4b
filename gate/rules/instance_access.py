"""E9808: instances require IMDSv2 and have no public address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

values = import_filename("_values", str(Path(__file__).parent)).values  # by path, as cfn-lint loads this file

# What leads to the settings of an instance in the properties of each type.
INSTANCES: dict[str, str] = {
    "AWS::EC2::Instance": "",
    "AWS::EC2::LaunchTemplate": "LaunchTemplateData.",
    "AWS::AutoScaling::LaunchConfiguration": "",
}


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
    passing_example = failing_example.replace("HttpTokens: optional", "HttpTokens: required")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each setting that allows access."""
        return [
            match
            for name, resource in cfn.get_resources().items()
            if resource.get("Type", "") in INSTANCES
            for match in _check(["Resources", name], resource)
        ]


def _check(path: list[str | int], resource: dict[str, Any]) -> Iterator[RuleMatch]:
    properties, settings = resource.get("Properties"), INSTANCES[resource["Type"]]
    tokens = values(properties, f"{settings}MetadataOptions.HttpTokens")
    addresses = [
        *values(properties, f"{settings}NetworkInterfaces.*.AssociatePublicIpAddress"),
        *values(properties, "AssociatePublicIpAddress"),  # of a launch configuration
    ]
    if any(value != "required" for value in tokens):
        yield RuleMatch(path, "MetadataOptions.HttpTokens is not required, so IMDSv1 answers")
    if any(value not in (None, False, "false") for value in addresses):
        yield RuleMatch(path, "NetworkInterfaces give the instance a public address")
