"""Checks of names: every name ends in the environment's suffix, and no name can exceed the limit of its service.

The longest possible name follows from the longest suffix that the root parameter allows. So a name that would exceed its
limit only with a long suffix already fails at generation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from troposphere import AWSObject, BaseAWSObject

from builders.contract.errors import NamingError
from builders.contract.names import ACCOUNT_ID, SUFFIX, Names
from builders.contract.template import ENVIRONMENT_SUFFIX, TierTemplate
from cfn.names import NAMINGS

_LONGEST = {
    SUFFIX: "s" * (ENVIRONMENT_SUFFIX.max_length or 0),
    ACCOUNT_ID: "1" * 12,
    "${AWS::Region}": "r" * 14,  # ap-southeast-1
}


@dataclass(frozen=True)
class NameRule:
    """How resources of one type are named.

    Attributes:
        limit: the service's limit in characters.
        endings: the endings of which a name must have one.
    """

    limit: int
    endings: tuple[str, ...] = ("-" + SUFFIX,)


# Some services dictate the names of their log groups. They append to the resource's name, which has the suffix, or to its id.
_SERVICE_LOG_ENDINGS = ("-" + SUFFIX, *(f"-{SUFFIX}/{log}" for log in ("audit", "error", "postgresql")), "}/" + "live")

# The properties that hold the names are in the table of ``cfn.names``.
NAME_RULES: dict[str, NameRule] = {
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
    # Athena allows no hyphen in names, so the suffix follows an underscore.
    "AWS::Glue::Database": NameRule(255, ("_" + SUFFIX,)),
    "AWS::IAM::InstanceProfile": NameRule(128),
    "AWS::IAM::ManagedPolicy": NameRule(128),
    "AWS::IAM::Role": NameRule(64),
    "AWS::KMS::Alias": NameRule(256),
    "AWS::Lambda::Function": NameRule(64),
    "AWS::IAM::ServiceLinkedRole": NameRule(64 - len("AWSServiceRoleForAutoScaling_")),
    "AWS::Logs::DeliveryDestination": NameRule(60),
    "AWS::Logs::DeliverySource": NameRule(60),
    "AWS::Logs::MetricFilter": NameRule(512),
    "AWS::Logs::ResourcePolicy": NameRule(255),
    "AWS::Logs::LogGroup": NameRule(512, _SERVICE_LOG_ENDINGS),
    "AWS::RDS::DBCluster": NameRule(63),
    "AWS::RDS::DBClusterParameterGroup": NameRule(255),
    "AWS::RDS::DBInstance": NameRule(63),
    "AWS::RDS::DBParameterGroup": NameRule(255),
    "AWS::RDS::DBSubnetGroup": NameRule(255),
    "AWS::S3::Bucket": NameRule(63, (f"-{SUFFIX}-{ACCOUNT_ID}",)),
    "AWS::SecretsManager::Secret": NameRule(512),
    "AWS::SNS::Topic": NameRule(256),
    "AWS::SQS::Queue": NameRule(80),
    "AWS::WAFv2::WebACL": NameRule(128),
}

# Names of the account, not of an environment. A service dictates these singletons (requirement A-8).
SINGLETON_NAMES = frozenset({"/aws/apigateway/welcome"})
_CHOSEN_BY_AWS = re.compile(r"\$\{(?!EnvironmentSuffix\}|AWS::)[^}]*\}")


def longest(pattern: str) -> str:
    """The longest name that a text of ``Fn::Sub`` can become."""
    for placeholder, value in _LONGEST.items():
        pattern = pattern.replace(placeholder, value)
    return pattern


def names_of(templates: Iterable[TierTemplate]) -> Names:
    """The names of all resources whose names are unique in the account."""
    found: dict[str, set[str]] = {}
    for template in templates:
        for resource in template.resources.values():
            kind = resource.resource_type or ""
            if kind in NAMINGS and not NAMINGS[kind].within:
                found.setdefault(kind, set()).update(
                    _CHOSEN_BY_AWS.sub("*", name) for name in _patterns(kind, resource)
                )
    return Names({kind: tuple(sorted(names)) for kind, names in found.items()})


def check_names(template: TierTemplate) -> None:
    """Checks the names of all resources.

    Raises:
        NamingError: the first name that lacks the suffix or can exceed the limit of its service.
    """
    for title, resource in template.resources.items():
        kind = resource.resource_type or ""
        if kind in NAME_RULES:
            for pattern in _patterns(kind, resource):
                _check(f"{title} ({kind})", pattern, NAME_RULES[kind])


def _check(title: str, pattern: str, rule: NameRule) -> None:
    if pattern in SINGLETON_NAMES:
        return
    if not pattern.endswith(rule.endings):
        raise NamingError(title, pattern, f"must end in {' or '.join(rule.endings)}. Use TierTemplate.named().")
    length = len(longest(pattern))
    if length > rule.limit:
        raise NamingError(
            title, pattern, f"can become {length} characters long, but the limit is {rule.limit}. Shorten the name."
        )


def _patterns(kind: str, resource: AWSObject) -> Iterator[str]:
    """Yields what each property that names the resource holds, as a text of ``Fn::Sub``."""
    for path in NAMINGS[kind].paths:
        value: Any = resource
        for step in path.split("/"):
            value = value.properties.get(step) if isinstance(value, BaseAWSObject) else None
        if value is not None:
            yield _pattern(value)


def _pattern(value: Any) -> str:
    plain = value.to_dict() if hasattr(value, "to_dict") else value
    if isinstance(plain, dict) and "Fn::Sub" in plain:
        sub = plain["Fn::Sub"]
        return str(sub if isinstance(sub, str) else sub[0])
    return str(plain)
