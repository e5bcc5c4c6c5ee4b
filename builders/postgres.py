"""The database tier: Aurora PostgreSQL Serverless v2, the roles that may log in, and the migration that makes them users."""

from __future__ import annotations

from collections.abc import Sequence

from troposphere import GetAtt, Ref, Sub
from troposphere.iam import ManagedPolicy, Role
from troposphere.rds import (
    DBCluster,
    DBClusterParameterGroup,
    DBInstance,
    DBParameterGroup,
    DBSubnetGroup,
    MasterUserSecret,
    ServerlessV2ScalingConfiguration,
)

from builders import parameters, statements
from builders.contract import Port, TierTemplate
from builders.housekeeping import TIMEOUT as CUSTOM_RESOURCE_TIMEOUT
from builders.housekeeping import add_custom_resource
from builders.keys import DATABASE_KEY
from builders.lake import LAKE_QUERY_POLICY
from builders.lambdas import FUNCTION_DEAD_LETTERS, BuiltFunction, FunctionRow, add_function, export_function
from builders.logs import add_log_group
from builders.network import DATABASE_SECURITY_GROUP, PRIVATE_SUBNETS, ZONES
from builders.roles import add_policy, add_role
from builders.security_groups import POSTGRES_PORT
from builders.suppressions import suppress

DATABASE_ENDPOINT = Port("DatabaseEndpoint", "Host name of the database's writer.")
DATABASE_READER_ENDPOINT = Port("DatabaseReaderEndpoint", "Host name of the database's readers.")
DATABASE_PORT = Port("DatabasePort", "TCP port of the database.")
DATABASE_CLUSTER = Port("DatabaseClusterId", "Identifier of the Aurora cluster.")
DATABASE_CONNECT_POLICY = Port(
    "DatabaseConnectPolicyArn", "Policy by which a role logs in to the database as the application."
)
DATABASE_LOG_GROUP = Port("DatabaseLogGroupName", "Log group of the database.")
ANALYST_ROLE = Port("AnalystRoleArn", "Role that analysts assume to read the database and the lake.")

ENGINE = "aurora-postgresql"
FAMILY = "aurora-postgresql17"
DATABASE_NAME = "trading"
MASTER_USER = "trading_admin"
APP_USER = "trading_app"
ANALYST_USER = "trading_analyst"

# What the cluster enforces and logs. Statements with data are never logged: log_statement stays at ddl.
CLUSTER_PARAMETERS = {
    "log_connections": "1",
    "log_disconnections": "1",
    "log_lock_waits": "1",
    "log_min_duration_statement": "1000",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "ddl",
    "rds.force_ssl": "1",
    "shared_preload_libraries": "pg_stat_statements",
    "ssl_min_protocol_version": "TLSv1.2",
    "timezone": "UTC",
}


def build(platform: str) -> TierTemplate:
    """The cluster, who may log in, and the schema."""
    template = TierTemplate(platform, "Aurora PostgreSQL Serverless v2, its users and its schema.")
    cluster = add_cluster(template)
    instances = add_instances(template, cluster)
    policy = add_connect_policy(template, cluster)
    analyst = add_analyst_role(template, cluster)
    migration = add_migration(template, cluster, instances)
    template.export(DATABASE_ENDPOINT, GetAtt(cluster, "Endpoint.Address"))
    template.export(DATABASE_READER_ENDPOINT, GetAtt(cluster, "ReadEndpoint.Address"))
    template.export(DATABASE_PORT, GetAtt(cluster, "Endpoint.Port"))
    template.export(DATABASE_CLUSTER, Ref(cluster))
    template.export(DATABASE_CONNECT_POLICY, Ref(policy))
    template.export(ANALYST_ROLE, GetAtt(analyst, "Arn"))
    export_function(template, migration)
    return template


def add_cluster(template: TierTemplate) -> DBCluster:
    """The cluster in the private subnets; its log group exists before Aurora would create it without key and retention."""
    subnets = template.add(
        DBSubnetGroup(
            "DatabaseSubnetGroup",
            DBSubnetGroupName=template.named("database-subnets"),
            DBSubnetGroupDescription="Private subnets of the database",
            SubnetIds=[template.use(subnet) for subnet in PRIVATE_SUBNETS],
        )
    )
    group = template.add(
        DBClusterParameterGroup(
            "DatabaseClusterParameters",
            DBClusterParameterGroupName=template.named("database-cluster-parameters"),
            Description="TLS forced, connections and slow statements logged, no data in logs",
            Family=FAMILY,
            Parameters=CLUSTER_PARAMETERS,
        )
    )
    logs = add_log_group(
        template,
        "DatabaseLogGroup",
        Sub(f"/aws/rds/cluster/{template.platform}-aurora-${{EnvironmentSuffix}}/postgresql"),
    )
    template.export(DATABASE_LOG_GROUP, Ref(logs))
    key = template.use(DATABASE_KEY)
    return template.add(
        DBCluster(
            "DatabaseCluster",
            DependsOn=logs,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            DBClusterIdentifier=template.named("aurora"),
            Engine=ENGINE,
            EngineVersion=template.use(parameters.POSTGRES_VERSION),
            DatabaseName=DATABASE_NAME,
            Port=POSTGRES_PORT,
            MasterUsername=MASTER_USER,
            ManageMasterUserPassword=True,
            MasterUserSecret=MasterUserSecret(KmsKeyId=key),
            EnableIAMDatabaseAuthentication=True,
            StorageEncrypted=True,
            KmsKeyId=key,
            DBSubnetGroupName=Ref(subnets),
            VpcSecurityGroupIds=[template.use(DATABASE_SECURITY_GROUP)],
            DBClusterParameterGroupName=Ref(group),
            ServerlessV2ScalingConfiguration=ServerlessV2ScalingConfiguration(
                MinCapacity=template.use(parameters.DATABASE_MIN_CAPACITY),
                MaxCapacity=template.use(parameters.DATABASE_MAX_CAPACITY),
            ),
            BackupRetentionPeriod=template.use(parameters.BACKUP_RETENTION),
            DeleteAutomatedBackups=True,
            PreferredBackupWindow="06:00-07:00",
            PreferredMaintenanceWindow="sun:07:30-sun:08:30",
            CopyTagsToSnapshot=True,
            DeletionProtection=False,
            EnableCloudwatchLogsExports=["postgresql"],
        )
    )


def add_instances(template: TierTemplate, cluster: DBCluster) -> list[DBInstance]:
    """A writer and a reader in different zones; the reader follows the writer's capacity, to take over at full strength.

    The instance that exists first becomes the writer, so the reader waits for it.
    """
    group = template.add(
        DBParameterGroup(
            "DatabaseInstanceParameters",
            DBParameterGroupName=template.named("database-instance-parameters"),
            Description="Session defaults of the database's instances",
            Family=FAMILY,
            Parameters={"idle_in_transaction_session_timeout": "60000"},
        )
    )
    writer = _add_instance(template, cluster, group, "Writer", zone=ZONES[0], tier=0)
    reader = _add_instance(template, cluster, group, "Reader", zone=ZONES[1], tier=1)
    reader.DependsOn = writer.title
    return [writer, reader]


def _add_instance(
    template: TierTemplate, cluster: DBCluster, group: DBParameterGroup, role: str, *, zone: Port, tier: int
) -> DBInstance:
    instance = template.add(
        DBInstance(
            f"Database{role}",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            DBInstanceIdentifier=template.named(f"aurora-{role.lower()}"),
            DBClusterIdentifier=Ref(cluster),
            DBInstanceClass="db.serverless",
            DBParameterGroupName=Ref(group),
            Engine=ENGINE,
            AvailabilityZone=template.use(zone),
            PromotionTier=tier,
            PubliclyAccessible=False,
            AutoMinorVersionUpgrade=True,
            CACertificateIdentifier="rds-ca-rsa2048-g1",
            EnablePerformanceInsights=True,
            PerformanceInsightsKMSKeyId=template.use(DATABASE_KEY),
            PerformanceInsightsRetentionPeriod=7,
        )
    )
    suppress(
        instance,
        "Enhanced monitoring would write to RDSOSMetrics, an account-wide log group that outlives the stack (requirement "
        "A-2); CloudWatch and Performance Insights cover the instance",
        checkov=["CKV_AWS_118"],
    )
    return instance


def add_connect_policy(template: TierTemplate, cluster: DBCluster) -> ManagedPolicy:
    """The right to log in as the application, for the roles of the functions that use the database."""
    return add_policy(
        template,
        "DatabaseConnectPolicy",
        "database-connect-policy",
        "Log in to the database as the application",
        [statements.connect_database("ConnectAsApplication", _resource_id(cluster), APP_USER)],
    )


def add_analyst_role(template: TierTemplate, cluster: DBCluster) -> Role:
    """The role that people of this account assume to read the database, as a user that can only read, and the lake."""
    return add_role(
        template,
        "AnalystRole",
        "analyst",
        "Analysts read the database",
        trust=statements.trust_account(),
        permissions=[statements.connect_database("ConnectAsAnalyst", _resource_id(cluster), ANALYST_USER)],
        policies=[template.use(LAKE_QUERY_POLICY)],
    )


def add_migration(template: TierTemplate, cluster: DBCluster, instances: Sequence[DBInstance]) -> BuiltFunction:
    """The function that makes schema and users, and its run: again whenever its code (and so its SQL) changes."""
    secret = GetAtt(cluster, "MasterUserSecret.SecretArn")
    built = add_function(
        template,
        FunctionRow(
            name="migrate",
            description="Creates the database schema and its users",
            memory=512,
            timeout=CUSTOM_RESOURCE_TIMEOUT,
            concurrency=parameters.SUPPORT_CONCURRENCY,
            environment={
                "DB_HOST": GetAtt(cluster, "Endpoint.Address"),
                "DB_PORT": GetAtt(cluster, "Endpoint.Port"),
                "DB_NAME": DATABASE_NAME,
                "DB_SECRET_ARN": secret,
                "DB_APP_USER": APP_USER,
                "DB_ANALYST_USER": ANALYST_USER,
            },
            permissions=[
                statements.read_secret("ReadMasterSecret", secret),
                statements.use_key("UseSecretKey", template.use(DATABASE_KEY), "secretsmanager"),
            ],
        ),
        dead_letters=template.use(FUNCTION_DEAD_LETTERS),
    )
    add_custom_resource(
        template,
        "DatabaseMigration",
        built.arn,
        after=instances,
        ArtifactKey=template.use(parameters.artifact_key("migrate")),
    )
    return built


def _resource_id(cluster: DBCluster) -> GetAtt:
    return GetAtt(cluster, "DBClusterResourceId")
