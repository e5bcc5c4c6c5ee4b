"""The network of trading: permitted connections, and AWS APIs with an endpoint in the VPC."""

from __future__ import annotations

from builders.contract import parameters, ports
from builders.parts.security_groups import Between, FromAnalysts, GroupRow, ToApis, ToService
from builders.tiers.network import LAYOUT, EndpointRow, GatewayRow, NetworkPlan, custom_resource_answers
from builders.trading import facts

PLAN = NetworkPlan(
    layout=LAYOUT,
    groups=(
        GroupRow("Function", "functions", "Functions of the platform", ports.FUNCTION_SECURITY_GROUP),
        GroupRow("Database", "database", "Database, reached by functions only", ports.DATABASE_SECURITY_GROUP),
        GroupRow("Endpoint", "endpoints", "Interface endpoints, reached by functions only"),
    ),
    rules=(
        Between("Function", "Database", facts.DATABASE_PORT, "PostgreSQL"),
        Between("Function", "Endpoint", 443, "AWS APIs through interface endpoints"),
        ToService("Function", "S3", parameters.S3_PREFIX_LIST),
        ToService("Function", "DynamoDB", parameters.DYNAMODB_PREFIX_LIST),
        ToApis("Function"),
        FromAnalysts(facts.DATABASE_PORT, "PostgreSQL"),
    ),
    gateways=(
        GatewayRow("S3Endpoint", "s3", beyond=(custom_resource_answers,)),
        GatewayRow("DynamoDBEndpoint", "dynamodb"),
    ),
    endpoints=(
        EndpointRow("SecretsManagerEndpoint", "secretsmanager", "the migration reads the master secret"),
        EndpointRow("SnsEndpoint", "sns", "log alerts are published"),
        EndpointRow("SqsEndpoint", "sqs", "processing says when a message that failed comes again"),
        EndpointRow("Ec2Endpoint", "ec2", "housekeeping closes the default security group"),
    ),
)
