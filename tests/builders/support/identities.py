"""What AWS calls a resource: its name, its ARNs, and the ids that it gives out, as texts of the resolved templates.

Every type of the templates has a row, so that a new type cannot be forgotten. An id that AWS chooses is a text that contains
the environment and the resource, so that no two resources share one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_ACCOUNT = "{account}"
_HERE = "{region}:{account}"


@dataclass(frozen=True)
class Identity:
    """How the resources of one type are identified.

    The texts contain ``{name}`` and ``{id}``, and ``{partition}``, ``{region}`` and ``{account}`` of the site.

    Attributes:
        ref: what ``Ref`` returns.
        attributes: what ``Fn::GetAtt`` returns, for the attributes of which policies and names consist.
        more: further texts by which policies may mean the resource or a part of it, such as an object of a bucket.
    """

    ref: str = "{id}"
    attributes: Mapping[str, str] = field(default_factory=dict)
    more: tuple[str, ...] = ()

    def texts(self) -> tuple[str, ...]:
        """All texts that identify a resource of the type."""
        return (self.ref, *self.attributes.values(), *self.more)


def _arn(service: str, resource: str, where: str = _HERE) -> str:
    return f"arn:{{partition}}:{service}:{where}:{resource}"


def _global(service: str, resource: str) -> str:
    return _arn(service, resource, f":{_ACCOUNT}")


def _named(arn: str, *more: str) -> Identity:
    """``Ref`` is the name, the attribute ``Arn`` the ARN."""
    return Identity("{name}", {"Arn": arn}, more)


def _with_id(resource: str) -> Identity:
    """A resource of EC2, by its id."""
    return Identity("{id}", {}, (_arn("ec2", resource + "/{id}"),))


def _only(arn: str) -> Identity:
    """``Ref`` is the ARN."""
    return Identity(arn)


_FUNCTION = _arn("lambda", "function:{name}")
_LOG_GROUP = _arn("logs", "log-group:{name}")
_CLUSTER = _arn("rds", "cluster:{name}")
_API = _arn("execute-api", "{id}")
PART = Identity()
"""Of a part or a setting of another resource. No policy means it."""

IDENTITIES: Mapping[str, Identity] = {
    "AWS::ApiGateway::ApiKey": Identity("{id}", {}, (_arn("apigateway", "/apikeys/{id}", "{region}:"),)),
    "AWS::ApiGateway::RestApi": Identity(
        "{id}",
        {"RootResourceId": "{id}-root"},
        (
            _arn("apigateway", "/restapis/{id}", "{region}:"),
            f"{_API}/live/GET/v1/bars/X",
            f"{_API}/live/POST/v1/sessions",
        ),
    ),
    "AWS::Athena::WorkGroup": _named(_arn("athena", "workgroup/{name}")),
    "AWS::AutoScaling::AutoScalingGroup": Identity(
        "{name}", {}, (_arn("autoscaling", "autoScalingGroup:{id}:autoScalingGroupName/{name}"),)
    ),
    "AWS::CloudFormation::Stack": _only(_arn("cloudformation", "stack/{id}/{id}")),
    "AWS::CloudFront::Distribution": Identity(
        "{id}", {"DomainName": "{id}.cloudfront.net"}, (_global("cloudfront", "distribution/{id}"),)
    ),
    "AWS::CloudWatch::Alarm": _named(_arn("cloudwatch", "alarm:{name}")),
    "AWS::CloudWatch::CompositeAlarm": _named(_arn("cloudwatch", "alarm:{name}")),
    "AWS::Config::ConfigRule": _named(_arn("config", "config-rule/{id}")),
    "AWS::DynamoDB::Table": _named(_arn("dynamodb", "table/{name}")),
    "AWS::EC2::EIP": Identity("{id}", {"AllocationId": "{id}-allocation"}, (_arn("ec2", "elastic-ip/{id}"),)),
    "AWS::EC2::FlowLog": _with_id("vpc-flow-log"),
    "AWS::EC2::InternetGateway": _with_id("internet-gateway"),
    "AWS::EC2::LaunchTemplate": Identity("{id}", {}, ("{name}", _arn("ec2", "launch-template/{id}"))),
    "AWS::EC2::NatGateway": _with_id("natgateway"),
    "AWS::EC2::RouteTable": _with_id("route-table"),
    "AWS::EC2::SecurityGroup": Identity("{id}", {"GroupId": "{id}"}, (_arn("ec2", "security-group/{id}"),)),
    "AWS::EC2::Subnet": _with_id("subnet"),
    "AWS::EC2::VPC": Identity(
        "{id}",
        {"DefaultSecurityGroup": "{id}-default"},
        (_arn("ec2", "vpc/{id}"), _arn("ec2", "security-group/{id}-default")),
    ),
    "AWS::EC2::VPCEndpoint": _with_id("vpc-endpoint"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _only(_arn("elasticloadbalancing", "loadbalancer/app/{name}/{id}")),
    "AWS::ElasticLoadBalancingV2::TargetGroup": _only(_arn("elasticloadbalancing", "targetgroup/{name}/{id}")),
    "AWS::Glue::Database": Identity("{name}", {}, (_arn("glue", "database/{name}"), _arn("glue", "table/{name}/bars"))),
    "AWS::IAM::InstanceProfile": _named(_global("iam", "instance-profile/{name}")),
    "AWS::IAM::ManagedPolicy": _only(_global("iam", "policy/{name}")),
    "AWS::IAM::Role": _named(_global("iam", "role/{name}")),
    "AWS::IAM::ServiceLinkedRole": Identity(
        "AWSServiceRoleForAutoScaling_{name}",
        {},
        (_global("iam", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_{name}"),),
    ),
    "AWS::KMS::Alias": Identity("{name}", {}, (_arn("kms", "{name}"),)),
    "AWS::KMS::Key": Identity("{id}", {"Arn": _arn("kms", "key/{id}")}),
    # A function in a VPC has network interfaces, which Lambda creates.
    "AWS::Lambda::Function": _named(_FUNCTION, _arn("ec2", "network-interface/{id}")),
    "AWS::Logs::Delivery": Identity("{id}", {}, (_arn("logs", "delivery:{id}"),)),
    "AWS::Logs::DeliveryDestination": _named(_arn("logs", "delivery-destination:{name}")),
    "AWS::Logs::DeliverySource": _named(_arn("logs", "delivery-source:{name}")),
    "AWS::Logs::LogGroup": Identity(
        "{name}", {"Arn": f"{_LOG_GROUP}:*"}, (_LOG_GROUP, f"{_LOG_GROUP}:log-stream:stream")
    ),
    "AWS::RDS::DBCluster": Identity(
        "{name}",
        {
            "DBClusterResourceId": "cluster-{id}",
            "MasterUserSecret.SecretArn": _arn("secretsmanager", "secret:rds!cluster-{id}-a1B2c3"),
        },
        (_CLUSTER, _arn("rds-db", "dbuser:cluster-{id}/trading_app")),
    ),
    "AWS::RDS::DBInstance": Identity("{name}", {}, (_arn("rds", "db:{name}"),)),
    "AWS::S3::Bucket": _named("arn:{partition}:s3:::{name}", "arn:{partition}:s3:::{name}/folder/object"),
    "AWS::SNS::Topic": Identity(_arn("sns", "{name}"), {"TopicName": "{name}"}),
    "AWS::SQS::Queue": Identity(
        "https://sqs.{region}.amazonaws.com/{account}/{name}",
        {"Arn": _arn("sqs", "{name}"), "QueueName": "{name}"},
    ),
    "AWS::SecretsManager::Secret": Identity(_arn("secretsmanager", "secret:{name}-a1B2c3"), {}, ("{name}",)),
    "AWS::WAFv2::WebACL": Identity("{name}|{id}|REGIONAL", {"Arn": _arn("wafv2", "regional/webacl/{name}/{id}")}),
}
"""By resource type."""

PARTS = frozenset(
    {
        "AWS::ApiGateway::Account", "AWS::ApiGateway::ClientCertificate", "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Method", "AWS::ApiGateway::Model",
        "AWS::ApiGateway::RequestValidator", "AWS::ApiGateway::Resource", "AWS::ApiGateway::Stage",
        "AWS::ApiGateway::UsagePlan", "AWS::ApiGateway::UsagePlanKey", "AWS::AutoScaling::ScalingPolicy",
        "AWS::AutoScaling::ScheduledAction", "AWS::CloudFront::CachePolicy", "AWS::CloudFront::OriginAccessControl",
        "AWS::CloudFront::ResponseHeadersPolicy", "AWS::CloudWatch::Dashboard", "AWS::Config::ConfigurationRecorder",
        "AWS::Config::DeliveryChannel", "AWS::EC2::Route", "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPCGatewayAttachment",
        "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::Glue::Table",
        "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Logs::MetricFilter",
        "AWS::Logs::ResourcePolicy", "AWS::Logs::SubscriptionFilter", "AWS::RDS::DBClusterParameterGroup",
        "AWS::RDS::DBParameterGroup", "AWS::RDS::DBSubnetGroup", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::SecretsManager::RotationSchedule",
        "AWS::SecretsManager::SecretTargetAttachment", "AWS::WAFv2::LoggingConfiguration",
        "AWS::WAFv2::WebACLAssociation",
    }
)  # fmt: skip
"""Types of parts and settings of other resources."""


def identity_of(kind: str) -> Identity:
    """How the resources of a type are identified."""
    if kind in PARTS or kind.startswith("Custom::"):
        return PART
    assert kind in IDENTITIES, f"{kind} is new: add it to IDENTITIES, or to PARTS if no policy can mean it"
    return IDENTITIES[kind]
