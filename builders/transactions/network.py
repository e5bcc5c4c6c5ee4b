"""The network of transactions: permitted connections, and AWS APIs with an endpoint in the VPC."""

from __future__ import annotations

from builders.contract import parameters, ports
from builders.parts.security_groups import Between, FromCloudFront, GroupRow, ToApis, ToService
from builders.tiers.network import (
    LAYOUT,
    EndpointRow,
    GatewayRow,
    NetworkPlan,
    custom_resource_answers,
    linux_packages,
)
from builders.transactions import facts

PLAN = NetworkPlan(
    layout=LAYOUT,
    groups=(
        GroupRow("Balancer", "balancer", "Load balancer, reached by CloudFront only", ports.BALANCER_SECURITY_GROUP),
        GroupRow(
            "BalancerTls",
            "balancer-tls",
            "Load balancer over TLS, for CloudFront only",
            ports.BALANCER_TLS_SECURITY_GROUP,
        ),
        GroupRow(
            "Instance", "instances", "Web instances, reached by the load balancer only", ports.INSTANCE_SECURITY_GROUP
        ),
        GroupRow("Function", "functions", "Functions of the platform", ports.FUNCTION_SECURITY_GROUP),
        GroupRow(
            "Database", "database", "Database, reached by instances and functions only", ports.DATABASE_SECURITY_GROUP
        ),
        GroupRow("Endpoint", "endpoints", "Interface endpoints, reached by instances and functions only"),
    ),
    rules=(
        FromCloudFront("Balancer", 80, "HTTP"),
        FromCloudFront("BalancerTls", 443, "HTTPS"),
        Between("Balancer", "Instance", facts.SERVICE_PORT, "Requests"),
        Between("Instance", "Database", facts.DATABASE_PORT, "MySQL"),
        Between("Function", "Database", facts.DATABASE_PORT, "MySQL"),
        Between("Instance", "Endpoint", 443, "AWS APIs through interface endpoints"),
        Between("Function", "Endpoint", 443, "AWS APIs through interface endpoints"),
        ToService("Instance", "S3", parameters.S3_PREFIX_LIST),
        ToService("Function", "S3", parameters.S3_PREFIX_LIST),
        ToApis("Instance"),
        ToApis("Function"),
    ),
    gateways=(GatewayRow("S3Endpoint", "s3", beyond=(custom_resource_answers, linux_packages)),),
    endpoints=(
        EndpointRow(
            "SecretsManagerEndpoint", "secretsmanager", "service, rotation and migration read and write secrets"
        ),
        EndpointRow("LogsEndpoint", "logs", "instances write their log, a function the load balancer's"),
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-interface-VPC.html
        EndpointRow("MonitoringEndpoint", "monitoring", "instances publish memory and disk", actions="cloudwatch"),
        EndpointRow("CloudFormationEndpoint", "cloudformation", "instances signal that they are up"),
        EndpointRow("SnsEndpoint", "sns", "log alerts are published"),
        EndpointRow("Ec2Endpoint", "ec2", "housekeeping closes the default security group"),
    ),
)
