"""Names: every named resource ends in the environment's suffix, and no name can pass its service's limit.

The longest name is derived from the name's pattern with the longest suffix the root parameter admits, so that a name that
would only fail for a long suffix already fails at generation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from troposphere import AWSObject

from builders.contract import ENVIRONMENT_SUFFIX, TierTemplate
from builders.errors import NamingError
from cfn.types import name_path

SUFFIX = "${EnvironmentSuffix}"
_LONGEST = {
    SUFFIX: "s" * (ENVIRONMENT_SUFFIX.max_length or 0),
    "${AWS::AccountId}": "1" * 12,
    "${AWS::Region}": "r" * 14,  # ap-southeast-1
}


@dataclass(frozen=True)
class NameRule:
    """The service's limit in characters, the endings that a name may have, and the property that holds the name."""

    limit: int
    endings: tuple[str, ...] = ("-" + SUFFIX,)
    property: str = ""


# A log group's name may be dictated by the service that writes it, which appends to the resource's (suffixed) name or id.
_SERVICE_LOG_ENDINGS = ("-" + SUFFIX, *(f"-{SUFFIX}/{log}" for log in ("audit", "error", "postgresql")), "}/" + "live")

# A row without a property takes it from the table of `cfn`, which has the names that an account or a region knows.
_ROWS: dict[str, NameRule] = {
    "AWS::AutoScaling::AutoScalingGroup": NameRule(255),
    "AWS::ApiGateway::ApiKey": NameRule(1024),
    "AWS::ApiGateway::RestApi": NameRule(1024),
    "AWS::ApiGateway::UsagePlan": NameRule(1024),
    "AWS::Athena::WorkGroup": NameRule(128),
    "AWS::CloudWatch::Alarm": NameRule(255),
    "AWS::CloudWatch::CompositeAlarm": NameRule(255),
    "AWS::CloudWatch::Dashboard": NameRule(255),
    "AWS::Config::ConfigRule": NameRule(128),
    "AWS::Config::ConfigurationRecorder": NameRule(256),
    "AWS::Config::DeliveryChannel": NameRule(256),
    "AWS::DynamoDB::Table": NameRule(255),
    "AWS::EC2::LaunchTemplate": NameRule(128),
    "AWS::EC2::SecurityGroup": NameRule(255),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": NameRule(32),
    "AWS::ElasticLoadBalancingV2::TargetGroup": NameRule(32),
    # Athena's names have no hyphens, so the suffix follows an underscore.
    "AWS::Glue::Database": NameRule(255, ("_" + SUFFIX,), property="DatabaseName"),
    "AWS::IAM::InstanceProfile": NameRule(128),
    "AWS::IAM::ManagedPolicy": NameRule(128),
    "AWS::IAM::Role": NameRule(64),
    "AWS::KMS::Alias": NameRule(256),
    "AWS::Lambda::Function": NameRule(64),
    "AWS::IAM::ServiceLinkedRole": NameRule(64 - len("AWSServiceRoleForAutoScaling_"), property="CustomSuffix"),
    "AWS::Logs::DeliveryDestination": NameRule(60),
    "AWS::Logs::DeliverySource": NameRule(60),
    "AWS::Logs::MetricFilter": NameRule(512, property="FilterName"),
    "AWS::Logs::ResourcePolicy": NameRule(255, property="PolicyName"),
    "AWS::Logs::LogGroup": NameRule(512, _SERVICE_LOG_ENDINGS),
    "AWS::RDS::DBCluster": NameRule(63),
    "AWS::RDS::DBClusterParameterGroup": NameRule(255),
    "AWS::RDS::DBInstance": NameRule(63),
    "AWS::RDS::DBParameterGroup": NameRule(255),
    "AWS::RDS::DBSubnetGroup": NameRule(255),
    "AWS::S3::Bucket": NameRule(63, ("-" + SUFFIX + "-${AWS::AccountId}",)),
    "AWS::SecretsManager::Secret": NameRule(512),
    "AWS::SNS::Topic": NameRule(256),
    "AWS::SQS::Queue": NameRule(80),
    "AWS::WAFv2::WebACL": NameRule(128),
}

NAME_RULES: dict[str, NameRule] = {
    kind: row if row.property else replace(row, property=".".join(name_path(kind))) for kind, row in _ROWS.items()
}

# Names that are the account's, not the environment's: the singletons that a service dictates (requirement A-8).
SINGLETON_NAMES = frozenset({"/aws/apigateway/welcome"})


def longest(pattern: str) -> str:
    """The longest name that a `Fn::Sub` pattern can give."""
    for placeholder, value in _LONGEST.items():
        pattern = pattern.replace(placeholder, value)
    return pattern


def check_names(template: TierTemplate) -> None:
    """Raises `NamingError` for the first named resource that lacks the suffix or could pass its limit."""
    for title, resource in template.resources.items():
        rule = NAME_RULES.get(resource.resource_type or "")
        if rule and rule.property in resource.properties:
            _check(f"{title} ({resource.resource_type})", resource, rule)


def _check(title: str, resource: AWSObject, rule: NameRule) -> None:
    pattern = _pattern(resource.properties[rule.property])
    if pattern in SINGLETON_NAMES:
        return
    if not pattern.endswith(rule.endings):
        raise NamingError(title, pattern, f"must end in {' or '.join(rule.endings)}: use TierTemplate.named()")
    length = len(longest(pattern))
    if length > rule.limit:
        raise NamingError(
            title, pattern, f"can become {length} characters long; the service takes {rule.limit}: shorten it"
        )


def _pattern(value: Any) -> str:
    plain = value.to_dict() if hasattr(value, "to_dict") else value
    if isinstance(plain, dict) and "Fn::Sub" in plain:
        sub = plain["Fn::Sub"]
        return str(sub if isinstance(sub, str) else sub[0])
    return str(plain)
