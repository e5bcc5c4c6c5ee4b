"""The attributes whose sources are reviewed: which properties of the same resource each of them depends on.

A row is here if the schemas and the rules of ``review.comparison.attributes`` cannot decide it. Each type names the page
that describes its return values. An attribute without a row may change with any update of its resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_PAGES = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"


@dataclass(frozen=True)
class Source:
    """What an attribute depends on. The default: nothing that changes in place.

    Attributes:
        properties: The properties whose change may change it.
        surely: Those whose change surely changes it.
        equals: The property whose value it has, if the template gives the property.
    """

    properties: tuple[str, ...] = ()
    surely: tuple[str, ...] = ()
    equals: str | None = None

    @property
    def possible(self) -> tuple[str, ...]:
        """All properties whose change may change it."""
        return self.properties if self.equals is None else (*self.properties, self.equals)


@dataclass(frozen=True)
class ReturnValues:
    """The attributes of one type.

    Attributes:
        page: The page of AWS's template reference.
        sources: The source of each attribute.
    """

    page: str
    sources: Mapping[str, Source]

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"{_PAGES}{self.page}.html"


ANY_PROPERTY = ""
"""Stands for every property of the resource."""
FIXED = Source()
UNKNOWN = Source(properties=(ANY_PROPERTY,))


def _from(*properties: str) -> Source:
    return Source(properties=properties)


def _same_as(name: str) -> Source:
    return Source(equals=name)


_MASTER_USER = ("ManageMasterUserPassword", "MasterUserPassword", "MasterUserSecret", "MasterUsername")

RETURN_VALUES: Mapping[str, ReturnValues] = {
    "AWS::ApiGateway::RestApi": ReturnValues(
        "aws-resource-apigateway-restapi",
        {"RootResourceId": _from("Body", "BodyS3Location", "CloneFrom", "Mode")},  # an import can replace all resources
    ),
    # The version is part of the ARN.
    "AWS::AppConfig::Extension": ReturnValues("aws-resource-appconfig-extension", {"Arn": UNKNOWN}),
    "AWS::Batch::JobDefinition": ReturnValues("aws-resource-batch-jobdefinition", {"JobDefinitionArn": UNKNOWN}),
    "AWS::GameLift::ContainerGroupDefinition": ReturnValues(
        "aws-resource-gamelift-containergroupdefinition", {"ContainerGroupDefinitionArn": UNKNOWN}
    ),
    # Each version of the application gets a deployment of its own.
    "AWS::M2::Deployment": ReturnValues("aws-resource-m2-deployment", {"DeploymentId": UNKNOWN}),
    "AWS::CloudFront::Distribution": ReturnValues("aws-resource-cloudfront-distribution", {"DomainName": FIXED}),
    "AWS::CodeCommit::Repository": ReturnValues(
        "aws-resource-codecommit-repository",
        {
            "Arn": _from("RepositoryName"),
            "CloneUrlHttp": _from("RepositoryName"),
            "CloneUrlSsh": _from("RepositoryName"),
            "Name": _same_as("RepositoryName"),
        },
    ),
    # Every stream has a label of its own, the time of its creation.
    "AWS::DynamoDB::Table": ReturnValues("aws-resource-dynamodb-table", {"StreamArn": _from("StreamSpecification")}),
    "AWS::EC2::LaunchTemplate": ReturnValues(
        "aws-resource-ec2-launchtemplate",
        {"LatestVersionNumber": Source(properties=(ANY_PROPERTY,), surely=("LaunchTemplateData",))},
    ),
    "AWS::EC2::SecurityGroup": ReturnValues("aws-resource-ec2-securitygroup", {"GroupId": FIXED}),
    "AWS::EC2::VPC": ReturnValues(
        "aws-resource-ec2-vpc",
        {"DefaultNetworkAcl": FIXED, "DefaultSecurityGroup": FIXED},
    ),
    "AWS::EC2::VPCEndpoint": ReturnValues(
        "aws-resource-ec2-vpcendpoint",
        {
            "CreationTimestamp": FIXED,
            "DnsEntries": _from("DnsOptions", "IpAddressType", "PrivateDnsEnabled", "SubnetIds"),
            "NetworkInterfaceIds": _from("IpAddressType", "SubnetIds"),
        },
    ),
    "AWS::ECR::Repository": ReturnValues("aws-resource-ecr-repository", {"RepositoryUri": FIXED}),
    "AWS::ECS::Service": ReturnValues("aws-resource-ecs-service", {"Name": FIXED}),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ReturnValues(
        "aws-resource-elasticloadbalancingv2-loadbalancer",
        {
            "CanonicalHostedZoneID": FIXED,
            "DNSName": _from("IpAddressType"),
            "LoadBalancerFullName": FIXED,
            "LoadBalancerName": FIXED,
        },
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ReturnValues(
        "aws-resource-elasticloadbalancingv2-targetgroup",
        {"TargetGroupFullName": FIXED, "TargetGroupName": FIXED},
    ),
    # The path is part of the ARN, and changes in place.
    "AWS::IAM::Group": ReturnValues("aws-resource-iam-group", {"Arn": _from("Path")}),
    "AWS::IAM::ServerCertificate": ReturnValues("aws-resource-iam-servercertificate", {"Arn": _from("Path")}),
    "AWS::IAM::User": ReturnValues("aws-resource-iam-user", {"Arn": _from("Path")}),
    "AWS::RDS::DBCluster": ReturnValues(
        "aws-resource-rds-dbcluster",
        {
            "DBClusterResourceId": FIXED,
            "Endpoint.Address": FIXED,
            "Endpoint.Port": _same_as("Port"),
            "MasterUserSecret.SecretArn": _from(*_MASTER_USER),
            "ReadEndpoint.Address": FIXED,
        },
    ),
    "AWS::RDS::DBInstance": ReturnValues(
        "aws-resource-rds-dbinstance",
        {
            "DbiResourceId": FIXED,
            "Endpoint.Address": FIXED,
            "Endpoint.Port": _same_as("Port"),
            "MasterUserSecret.SecretArn": _from(*_MASTER_USER),
        },
    ),
    "AWS::S3::Bucket": ReturnValues(
        "aws-resource-s3-bucket",
        {"DomainName": FIXED, "DualStackDomainName": FIXED, "RegionalDomainName": FIXED, "WebsiteURL": FIXED},
    ),
}
"""The reviewed attributes by resource type."""
