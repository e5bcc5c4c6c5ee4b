"""Which properties interrupt a resource when they change, as CloudFormation's reference says.

A row is the type, the page, and the properties that the page labels ``Update requires: Some interruptions``. Labels that have
no effect on the service, such as those of tags or of a rule's text, were left out. For the node types of ElastiCache,
MemoryDB, Redshift and DocumentDB, the pages of the services say what the label does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cfn.marks import unmarked
from review.findings.finding import Remark
from review.findings.strength import INTERRUPTS
from review.strength.tree import places

_REFERENCE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"


@dataclass(frozen=True)
class Interruption:
    """The properties of a type whose change interrupts.

    Attributes:
        page: The page that says so.
        properties: The properties, by the beginning of their path.
    """

    type: str
    page: str
    properties: tuple[str, ...]


INTERRUPTIONS: tuple[Interruption, ...] = (
    Interruption(
        "AWS::AmazonMQ::Broker",
        f"{_REFERENCE}aws-resource-amazonmq-broker.html",
        ("Configuration", "EngineVersion", "HostInstanceType"),
    ),
    Interruption(
        "AWS::DMS::ReplicationInstance",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.Modifying.html",
        ("ReplicationInstanceClass", "EngineVersion"),
    ),
    Interruption(
        "AWS::DocDB::DBInstance",
        "https://docs.aws.amazon.com/documentdb/latest/developerguide/db-instance-modify.html",
        ("DBInstanceClass",),
    ),
    Interruption(
        "AWS::EC2::Instance",
        f"{_REFERENCE}aws-resource-ec2-instance.html",
        (
            "AdditionalInfo",
            "Affinity",
            "EbsOptimized",
            "HostId",
            "InstanceType",
            "KernelId",
            "PrivateDnsNameOptions",
            "RamdiskId",
            "Tenancy",
            "UserData",
        ),
    ),
    Interruption(
        "AWS::EC2::NetworkInterface", f"{_REFERENCE}aws-resource-ec2-networkinterface.html", ("PrivateIpAddresses",)
    ),
    Interruption(
        "AWS::ElastiCache::CacheCluster",
        "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/scaling.html",
        ("AZMode", "CacheNodeType", "EngineVersion", "NumCacheNodes", "PreferredAvailabilityZones"),
    ),
    Interruption(
        "AWS::ElastiCache::ReplicationGroup",
        "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/scaling.html",
        ("AuthToken", "CacheNodeType", "EngineVersion", "NodeGroupConfiguration", "NumNodeGroups"),
    ),
    Interruption(
        "AWS::ElasticLoadBalancing::LoadBalancer",
        f"{_REFERENCE}aws-resource-elasticloadbalancing-loadbalancer.html",
        ("AvailabilityZones", "HealthCheck", "Listeners", "Subnets"),
    ),
    Interruption(
        "AWS::Elasticsearch::Domain",
        f"{_REFERENCE}aws-resource-elasticsearch-domain.html",
        ("AdvancedSecurityOptions", "ElasticsearchVersion", "EncryptionAtRestOptions", "NodeToNodeEncryptionOptions"),
    ),
    Interruption(
        "AWS::EMRServerless::Application",
        f"{_REFERENCE}aws-resource-emrserverless-application.html",
        ("Architecture", "InitialCapacity", "MaximumCapacity", "NetworkConfiguration", "ReleaseLabel"),
    ),
    Interruption(
        "AWS::Lightsail::Container",
        f"{_REFERENCE}aws-resource-lightsail-container.html",
        ("ContainerServiceDeployment",),
    ),
    Interruption("AWS::Lightsail::Database", f"{_REFERENCE}aws-resource-lightsail-database.html", ("BackupRetention",)),
    Interruption("AWS::Lightsail::Instance", f"{_REFERENCE}aws-resource-lightsail-instance.html", ("Hardware",)),
    Interruption(
        "AWS::MemoryDB::Cluster",
        "https://docs.aws.amazon.com/memorydb/latest/devguide/cluster-vertical-scaling.html",
        ("EngineVersion", "NodeType"),
    ),
    Interruption(
        "AWS::MSK::Cluster",
        "https://docs.aws.amazon.com/msk/latest/developerguide/msk-update-broker-type.html",
        ("BrokerNodeGroupInfo/InstanceType", "ConfigurationInfo", "KafkaVersion"),
    ),
    Interruption(
        "AWS::MWAA::Environment",
        f"{_REFERENCE}aws-resource-mwaa-environment.html",
        (
            "AirflowConfigurationOptions",
            "DagS3Path",
            "EnvironmentClass",
            "ExecutionRoleArn",
            "PluginsS3ObjectVersion",
            "PluginsS3Path",
            "RequirementsS3ObjectVersion",
            "RequirementsS3Path",
            "Schedulers",
            "SourceBucketArn",
            "StartupScriptS3ObjectVersion",
            "StartupScriptS3Path",
            "WebserverAccessMode",
        ),
    ),
    Interruption("AWS::Neptune::DBInstance", f"{_REFERENCE}aws-resource-neptune-dbinstance.html", ("DBInstanceClass",)),
    Interruption(
        "AWS::OpenSearchService::Domain",
        f"{_REFERENCE}aws-resource-opensearchservice-domain.html",
        ("DomainEndpointOptions/EnforceHTTPS", "EngineVersion", "VPCOptions"),
    ),
    Interruption(
        "AWS::RDS::DBCluster",
        f"{_REFERENCE}aws-resource-rds-dbcluster.html",
        ("DBClusterInstanceClass", "Engine", "EngineVersion", "GlobalClusterIdentifier", "Port"),
    ),
    Interruption(
        "AWS::RDS::DBInstance",
        f"{_REFERENCE}aws-resource-rds-dbinstance.html",
        (
            "AvailabilityZone",
            "BackupRetentionPeriod",
            "DBInstanceClass",
            "DBParameterGroupName",
            "Engine",
            "EngineVersion",
            "MultiAZ",
            "StorageType",
        ),
    ),
    Interruption(
        "AWS::Redshift::Cluster",
        "https://docs.aws.amazon.com/redshift/latest/mgmt/resizing-cluster.html",
        ("ClusterType", "ClusterVersion", "NodeType", "NumberOfNodes"),
    ),
    Interruption(
        "AWS::Transfer::Server",
        f"{_REFERENCE}aws-resource-transfer-server.html",
        ("EndpointDetails/AddressAllocationIds",),
    ),
)


@cache
def _by_type() -> Mapping[str, Interruption]:
    return {row.type: row for row in INTERRUPTIONS}


def interruption(resource_type: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Remark | None:
    """The finding that an update in place interrupts the resource, with the properties that do; None if none does.

    Args:
        resource_type: The type of the resource.
        before: The resolved properties before the change, also with marks.
        after: The same after the change.
    """
    row = _by_type().get(resource_type)
    if row is None:
        return None
    changed = dict.fromkeys(_interrupting(row, unmarked(dict(before)), unmarked(dict(after))))
    return INTERRUPTS.remark(properties=", ".join(changed)) if changed else None


def _interrupting(row: Interruption, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The properties of the row that a change touches."""
    for place in places(before, after):
        for name in row.properties:
            if "/".join(place.path) == name:
                yield name
