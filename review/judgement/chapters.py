"""Which changes the review lists in its chapters on IAM and on the network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from review.comparison.difference import Difference


@dataclass(frozen=True)
class Chapter:
    """A chapter of the review.

    Attributes:
        types: Prefixes of the types that belong to it when they are added or removed.
        all_of: Prefixes of the types that belong to it whatever changes.
        properties: The properties whose change belongs to it.
    """

    types: tuple[str, ...]
    all_of: tuple[str, ...]
    properties: frozenset[str]

    def has(self, resource_type: str, action: str, differences: Iterable[Difference]) -> bool:
        """Whether the change of a resource belongs to the chapter."""
        if action in ("Add", "Remove", "Import"):
            return resource_type.startswith(self.types)
        changed = {part for difference in differences for part in difference.path.split("/")}
        return resource_type.startswith(self.all_of) or bool(changed & self.properties)


_NETWORK_TYPES = (
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::Route",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::VPC",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Subnet",
    "AWS::EC2::TransitGateway",
    "AWS::WAFv2::",
    "AWS::EC2::FlowLog",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::CloudFront::",
)

IAM = Chapter(
    types=(
        "AWS::IAM::",
        "AWS::KMS::Key",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SecretsManager::ResourcePolicy",
        "AWS::RDS::DBClusterRole",
        "AWS::Logs::ResourcePolicy",
    ),
    all_of=("AWS::IAM::", "AWS::Lambda::Permission"),
    properties=frozenset(
        {
            "PolicyDocument",
            "AssumeRolePolicyDocument",
            "KeyPolicy",
            "ManagedPolicyArns",
            "Policies",
            "PermissionsBoundary",
            "ResourcePolicy",
            "IAMDatabaseAuthenticationEnabled",
            "EnableIAMDatabaseAuthentication",
            "AuthorizationType",
            "IamInstanceProfile",
            "MetadataOptions",
        }
    ),
)

NETWORK = Chapter(
    types=_NETWORK_TYPES,
    all_of=_NETWORK_TYPES,
    properties=frozenset(
        {
            "SecurityGroupIds",
            "SecurityGroups",
            "VpcSecurityGroupIds",
            "VpcConfig",
            "SubnetIds",
            "Subnets",
            "VPCZoneIdentifier",
            "Scheme",
            "NetworkInterfaces",
            "PubliclyAccessible",
            "PublicAccessBlockConfiguration",
            "EndpointConfiguration",
        }
    ),
)
