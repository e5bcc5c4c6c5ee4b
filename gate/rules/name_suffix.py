"""E9804: every explicit name ends in the environment's suffix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

# The property that names a resource of each type, where an account or a region knows it by that name.
NAMES: dict[str, str] = {
    "AWS::ApiGateway::ApiKey": "Name",
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::ApiGateway::UsagePlan": "UsagePlanName",
    "AWS::Athena::WorkGroup": "Name",
    "AWS::AutoScaling::AutoScalingGroup": "AutoScalingGroupName",
    "AWS::Backup::BackupPlan": "BackupPlan.BackupPlanName",
    "AWS::Backup::BackupVault": "BackupVaultName",
    "AWS::CloudFront::CachePolicy": "CachePolicyConfig.Name",
    "AWS::CloudFront::Function": "Name",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig.Name",
    "AWS::CloudFront::OriginRequestPolicy": "OriginRequestPolicyConfig.Name",
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig.Name",
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Config::ConfigRule": "ConfigRuleName",
    "AWS::Config::ConfigurationRecorder": "Name",
    "AWS::Config::DeliveryChannel": "Name",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::EC2::LaunchTemplate": "LaunchTemplateName",
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::Glue::Database": "DatabaseInput.Name",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::DeliveryDestination": "Name",
    "AWS::Logs::DeliverySource": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::QueryDefinition": "Name",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBClusterParameterGroup": "DBClusterParameterGroupName",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::RDS::DBParameterGroup": "DBParameterGroupName",
    "AWS::RDS::DBSubnetGroup": "DBSubnetGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::WAFv2::IPSet": "Name",
    "AWS::WAFv2::RegexPatternSet": "Name",
    "AWS::WAFv2::RuleGroup": "Name",
    "AWS::WAFv2::WebACL": "Name",
}


class NameSuffix(CloudFormationLintRule):
    """Checks the property that names a resource, in every arm of Fn::If.

    A name that contains the id of a resource of the same template is unique by that id.
    """

    id = "E9804"
    shortdesc = "Names carry the environment's suffix"
    description = (
        "An explicit name ends in the parameter EnvironmentSuffix. The account, the region, .fifo or the path that a "
        "service appends to a name (/aws/rds/cluster/NAME/postgresql) may follow. A name with the id of a resource of the "
        "same template needs no suffix."
    )
    reason = "A name without the suffix collides with the name in a second environment in the same account."
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html"
    tags = ["resources", "naming"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          Alias:
            Type: AWS::KMS::Alias
            Properties:
              AliasName: alias/orders
              TargetKeyId: 1234abcd-12ab-34cd-56ef-1234567890ab
    """
    passing_example = """
        Parameters:
          EnvironmentSuffix: {Type: String}
        Resources:
          Alias:
            Type: AWS::KMS::Alias
            Properties:
              AliasName: !Sub alias/orders-${EnvironmentSuffix}
              TargetKeyId: 1234abcd-12ab-34cd-56ef-1234567890ab
    """

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {"parameter": {"default": "EnvironmentSuffix", "type": "string"}}

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each name without the suffix."""
        suffix = re.escape(f"${{{self.config['parameter']}}}")
        ending = re.compile(rf"[-_/]{suffix}(-\$\{{AWS::(AccountId|Region)\}})*(\.fifo)?(/.*)?$")
        resources = cfn.get_resources()
        return [
            RuleMatch(path, f"name {text!r} does not end in ${{{self.config['parameter']}}}")
            for logical_id, resource in resources.items()
            for path, value in _names(logical_id, resource)
            for text in _texts(value)
            if not ending.search(text) and not _refers_to(text, resources)
        ]


def _names(logical_id: str, resource: dict[str, Any]) -> Iterator[tuple[list[str | int], Any]]:
    steps = NAMES.get(resource.get("Type", ""), "")
    value: Any = resource.get("Properties")
    for step in steps.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is not None:
        yield ["Resources", logical_id, "Properties", *steps.split(".")], value


def _texts(value: Any) -> Iterator[str]:
    """Yields a name as text with ``${…}`` for references: one text for each arm of Fn::If, none for an absent name."""
    if isinstance(value, dict) and "Fn::If" in value:
        for arm in value["Fn::If"][1:]:
            yield from _texts(arm)
    elif value != {"Ref": "AWS::NoValue"}:
        yield _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    function, argument = next(iter(value.items()))
    if function == "Ref":
        return f"${{{argument}}}"
    if function == "Fn::GetAtt":
        return f"${{{argument if isinstance(argument, str) else '.'.join(map(str, argument))}}}"
    if function == "Fn::Sub":
        text, values = (argument, {}) if isinstance(argument, str) else argument
        for name, replacement in values.items():
            text = text.replace(f"${{{name}}}", _text(replacement))
        return str(text)
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(_text(part) for part in parts) if isinstance(parts, list) else _text(parts)
    return f"{function}(…)"


def _refers_to(text: str, resources: dict[str, Any]) -> bool:
    return any(name.split(".")[0] in resources for name in re.findall(r"\$\{([^!}]+)\}", text))
