"""Aurora clusters with two instances, for any engine. An ``Engine`` holds what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troposphere import AWSHelperFn, GetAtt, Ref, Sub
from troposphere.logs import LogGroup
from troposphere.rds import (
    DBCluster,
    DBClusterParameterGroup,
    DBInstance,
    DBParameterGroup,
    DBSubnetGroup,
    MasterUserSecret,
)

from builders.contract import parameters, ports
from builders.contract.template import Port, RootParameter, TierTemplate
from builders.parts import pack_rules
from builders.parts.logs import add_log_group
from builders.parts.pausing import when_pausing
from builders.parts.suppressions import suppress

_NO_PROTECTION = (
    "Deletion protection would keep destroy from leaving nothing (requirement A-2); termination protection of the stack guards "
    "production"
)


@dataclass(frozen=True)
class Engine:
    """What differs between PostgreSQL and MySQL.

    Attributes:
        name: RDS's name of the engine.
        family: the family of the parameter groups.
        version: the root parameter for the version.
        port: TCP port.
        database: the database that RDS creates with the cluster.
        master_user: the user whose password RDS keeps and rotates.
        cluster_parameters: what the cluster enforces and logs.
        about_parameters: the same in a sentence, as the parameter group's description.
        instance_parameters: session defaults.
        pausing_parameters: cluster parameters that apply only if the database pauses.
        logs: exported log → its group's logical id, and the port that exports the group's name or None.
    """

    name: str
    family: str
    version: RootParameter
    port: int
    database: str
    master_user: str
    cluster_parameters: Mapping[str, str]
    about_parameters: str
    instance_parameters: Mapping[str, str]
    pausing_parameters: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, tuple[str, Port | None]] = field(default_factory=dict)


def add_cluster(template: TierTemplate, engine: Engine, **properties: Any) -> DBCluster:
    """Adds the cluster in the private subnets.

    Its log groups exist before it, because Aurora would create them without key and retention.

    Args:
        template: the tier's template.
        engine: PostgreSQL or MySQL.
        properties: further properties, such as capacity or IAM authentication.
    """
    subnets = _add_subnet_group(template)
    cluster_parameters = _add_cluster_parameters(template, engine)
    log_groups = [_add_log_group(template, log, title, port) for log, (title, port) in engine.logs.items()]
    key = template.use(ports.DATABASE_KEY)
    cluster = template.add(
        DBCluster(
            "DatabaseCluster",
            DependsOn=log_groups,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            DBClusterIdentifier=template.named("aurora"),
            Engine=engine.name,
            EngineVersion=template.use(engine.version),
            DatabaseName=engine.database,
            Port=engine.port,
            MasterUsername=engine.master_user,
            ManageMasterUserPassword=True,
            MasterUserSecret=MasterUserSecret(KmsKeyId=key),
            StorageEncrypted=True,
            KmsKeyId=key,
            DBSubnetGroupName=Ref(subnets),
            VpcSecurityGroupIds=[template.use(ports.DATABASE_SECURITY_GROUP)],
            DBClusterParameterGroupName=Ref(cluster_parameters),
            BackupRetentionPeriod=template.use(parameters.BACKUP_RETENTION),
            DeleteAutomatedBackups=True,
            PreferredBackupWindow="06:00-07:00",
            PreferredMaintenanceWindow="sun:07:30-sun:08:30",
            CopyTagsToSnapshot=True,
            DeletionProtection=False,
            EnableCloudwatchLogsExports=list(engine.logs),
            **properties,
        )
    )
    suppress(cluster, _NO_PROTECTION, **pack_rules.CLUSTER_DELETION_PROTECTION)
    return cluster


def _add_subnet_group(template: TierTemplate) -> DBSubnetGroup:
    return template.add(
        DBSubnetGroup(
            "DatabaseSubnetGroup",
            DBSubnetGroupName=template.named("database-subnets"),
            DBSubnetGroupDescription="Private subnets of the database",
            SubnetIds=[template.use(subnet) for subnet in ports.PRIVATE_SUBNETS],
        )
    )


def _add_cluster_parameters(template: TierTemplate, engine: Engine) -> DBClusterParameterGroup:
    return template.add(
        DBClusterParameterGroup(
            "DatabaseClusterParameters",
            DBClusterParameterGroupName=template.named("database-cluster-parameters"),
            Description=engine.about_parameters,
            Family=engine.family,
            Parameters={
                **engine.cluster_parameters,
                **{name: when_pausing(template, value) for name, value in engine.pausing_parameters.items()},
            },
        )
    )


def _add_log_group(template: TierTemplate, log: str, title: str, port: Port | None) -> LogGroup:
    name = Sub(f"/aws/rds/cluster/{template.name_text('aurora')}/{log}")
    group = add_log_group(template, title, name)
    if port:
        template.export(port, Ref(group))
    return group


def add_instances(
    template: TierTemplate, engine: Engine, cluster: DBCluster, instance_class: AWSHelperFn | str
) -> list[DBInstance]:
    """Adds a writer and a reader in different zones.

    Both have the same class, so that the reader takes over at full capacity. The instance that exists first becomes the
    writer, so the reader depends on it.
    """
    group = template.add(
        DBParameterGroup(
            "DatabaseInstanceParameters",
            DBParameterGroupName=template.named("database-instance-parameters"),
            Description="Session defaults of the database's instances",
            Family=engine.family,
            Parameters=dict(engine.instance_parameters),
        )
    )
    common = {
        "DBClusterIdentifier": Ref(cluster),
        "DBInstanceClass": instance_class,
        "DBParameterGroupName": Ref(group),
        "Engine": engine.name,
    }
    writer = _add_instance(template, "Writer", ports.ZONES[0], 0, **common)
    reader = _add_instance(template, "Reader", ports.ZONES[1], 1, **common)
    reader.DependsOn = writer
    return [writer, reader]


def _add_instance(template: TierTemplate, role: str, zone: Port, tier: int, **properties: Any) -> DBInstance:
    instance = template.add(
        DBInstance(
            f"Database{role}",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            DBInstanceIdentifier=template.named(f"aurora-{role.lower()}"),
            **properties,
            AvailabilityZone=template.use(zone),
            PromotionTier=tier,
            PubliclyAccessible=False,
            AutoMinorVersionUpgrade=True,
            CACertificateIdentifier="rds-ca-rsa2048-g1",
            EnablePerformanceInsights=True,
            PerformanceInsightsKMSKeyId=template.use(ports.DATABASE_KEY),
            PerformanceInsightsRetentionPeriod=7,
        )
    )
    suppress(
        instance,
        "Enhanced monitoring would write to RDSOSMetrics, an account-wide log group that outlives the stack (requirement "
        "A-2); CloudWatch Database Insights covers the instance",
        **pack_rules.ENHANCED_MONITORING,
    )
    suppress(instance, _NO_PROTECTION, **pack_rules.INSTANCE_DELETION_PROTECTION)
    suppress(
        instance,
        "Aurora backs up the cluster by itself; recovery points of a backup plan would outlive destroy (requirement A-2)",
        **pack_rules.DATABASE_BACKUP_PLAN,
    )
    return instance


def export_cluster(template: TierTemplate, cluster: DBCluster) -> None:
    """Exports the endpoints, and the identifier for alarms."""
    template.export(ports.DATABASE_ENDPOINT, GetAtt(cluster, "Endpoint.Address"))
    template.export(ports.DATABASE_READER_ENDPOINT, GetAtt(cluster, "ReadEndpoint.Address"))
    template.export(ports.DATABASE_PORT, GetAtt(cluster, "Endpoint.Port"))
    template.export(ports.DATABASE_CLUSTER, Ref(cluster))
