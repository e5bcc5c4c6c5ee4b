"""The database tier: Aurora PostgreSQL Serverless v2, the roles that may log in, and the migration that creates their users."""

from __future__ import annotations

from collections.abc import Sequence

from troposphere import Equals, GetAtt, Ref
from troposphere.iam import ManagedPolicy, Role
from troposphere.rds import DBCluster, DBInstance, ServerlessV2ScalingConfiguration

from builders.contract import artifacts, parameters, ports
from builders.contract.conditions import HAS_ANALYSTS
from builders.contract.template import TierTemplate
from builders.iam import statements
from builders.iam.roles import add_policy, add_role
from builders.parts.aurora import Engine, add_cluster, add_instances, export_cluster
from builders.parts.custom_resources import add_custom_resource
from builders.parts.lambdas import BuiltFunction, FunctionRow, add_function, export_function
from builders.parts.pausing import AUTO_PAUSE_SECONDS, IDLE_SESSION_MILLISECONDS, when_pausing
from builders.trading import facts

ANALYST_USER = "trading_analyst"
MASTER_USER = "trading_admin"
MFA_BY_SINGLE_SIGN_ON = "MfaBySingleSignOn"

POSTGRES = Engine(
    name="aurora-postgresql",
    family="aurora-postgresql17",
    version=parameters.POSTGRES_VERSION,
    port=facts.DATABASE_PORT,
    database=facts.DATABASE_NAME,
    master_user=MASTER_USER,
    # The logs contain no data: log_statement stays at ddl, and errors have no DETAIL and no CONTEXT, which quote rows. The
    # one exception are the constants in analysts' statements, which the audit needs (docs/database.md).
    cluster_parameters={
        "log_connections": "1",
        "log_disconnections": "1",
        "log_error_verbosity": "terse",
        "log_lock_waits": "1",
        "log_min_duration_statement": "1000",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_statement": "ddl",
        # The migration has pgAudit log what analysts do (lambda_src/migrate/audit.py), without the values of parameters.
        "pgaudit.log_parameter": "0",
        "rds.force_ssl": "1",
        "shared_preload_libraries": "pg_stat_statements,pgaudit",
        "ssl_min_protocol_version": "TLSv1.2",
        "timezone": "UTC",
    },
    about_parameters="TLS forced, connections and slow statements logged, no data in logs",
    instance_parameters={"idle_in_transaction_session_timeout": "60000"},
    pausing_parameters={"idle_session_timeout": str(IDLE_SESSION_MILLISECONDS)},
    logs={"postgresql": ("DatabaseLogGroup", ports.DATABASE_LOG_GROUP)},
)


def build(platform: str) -> TierTemplate:
    """Builds the cluster, its roles and the migration."""
    template = TierTemplate(platform, "Aurora PostgreSQL Serverless v2, its users and its schema.")
    cluster = add_cluster(
        template,
        POSTGRES,
        EnableIAMDatabaseAuthentication=True,
        ServerlessV2ScalingConfiguration=ServerlessV2ScalingConfiguration(
            MinCapacity=template.use(parameters.DATABASE_MIN_CAPACITY),
            MaxCapacity=template.use(parameters.DATABASE_MAX_CAPACITY),
            SecondsUntilAutoPause=when_pausing(template, AUTO_PAUSE_SECONDS),
        ),
    )
    instances = add_instances(template, POSTGRES, cluster, "db.serverless")
    policy = add_connect_policy(template, cluster)
    analyst = add_analyst_role(template, cluster)
    migration = add_migration(template, cluster, instances)
    export_cluster(template, cluster)
    template.export(ports.DATABASE_CONNECT_POLICY, Ref(policy))
    template.export(ports.ANALYST_ROLE, GetAtt(analyst, "Arn"), HAS_ANALYSTS)
    export_function(template, migration)
    return template


def add_connect_policy(template: TierTemplate, cluster: DBCluster) -> ManagedPolicy:
    """Adds the policy to log in as the application, for the roles of the functions that use the database."""
    return add_policy(
        template,
        "DatabaseConnectPolicy",
        "database-connect-policy",
        "Log in to the database as the application",
        [statements.connect_database("ConnectAsApplication", _resource_id(cluster), facts.APP_USER)],
    )


def add_analyst_role(template: TierTemplate, cluster: DBCluster) -> Role:
    """Adds the role that the listed analysts assume to read the lake and, as a read-only user, the database.

    Without analysts the template has no such role. Then nobody can log in as the database user, which the migration creates in
    any case.
    """
    template.add_condition(MFA_BY_SINGLE_SIGN_ON, Equals(template.use(parameters.SINGLE_SIGN_ON_MFA), "true"))
    return add_role(
        template,
        "AnalystRole",
        "analyst",
        "Analysts read the database",
        trust=statements.trust_listed(
            template.use(parameters.ANALYSTS), mfa=statements.MfaUnless(MFA_BY_SINGLE_SIGN_ON)
        ),
        permissions=[statements.connect_database("ConnectAsAnalyst", _resource_id(cluster), ANALYST_USER)],
        policies=[template.use(ports.LAKE_QUERY_POLICY)],
        condition=template.when(HAS_ANALYSTS),
    )


def add_migration(template: TierTemplate, cluster: DBCluster, instances: Sequence[DBInstance]) -> BuiltFunction:
    """Adds the function that creates schema and users, and the custom resource that invokes it.

    The function runs again whenever its code, which includes its SQL, or the number of the run changes.
    """
    secret = GetAtt(cluster, "MasterUserSecret.SecretArn")
    built = add_function(
        template,
        FunctionRow(
            name="migrate",
            description="Creates the database schema and its users",
            memory_mib=512,
            concurrency=parameters.SUPPORT_CONCURRENCY,
            environment={
                "DB_HOST": GetAtt(cluster, "Endpoint.Address"),
                "DB_PORT": GetAtt(cluster, "Endpoint.Port"),
                "DB_NAME": facts.DATABASE_NAME,
                "DB_SECRET_ARN": secret,
                "DB_APP_USER": facts.APP_USER,
                "DB_ANALYST_USER": ANALYST_USER,
            },
            permissions=[
                statements.read_secret("ReadMasterSecret", secret),
                statements.read_under_key("UseSecretKey", template.use(ports.DATABASE_KEY), "secretsmanager"),
                # RDS may reject the password once the master is an indirect member of rds_iam (lambda_src/migrate/handler.py).
                statements.connect_database("ConnectAsMaster", _resource_id(cluster), MASTER_USER),
            ],
        ),
        dead_letters=template.use(ports.FUNCTION_DEAD_LETTERS),
    )
    migration = add_custom_resource(
        template,
        "DatabaseMigration",
        built.arn,
        after=instances,
        ArtifactKey=template.use(artifacts.FUNCTION_KEYS["migrate"]),
        Run=template.use(parameters.MIGRATION_RUN),
    )
    template.export(ports.ANALYST_AUDIT, GetAtt(migration, "AnalystAudit"))
    return built


def _resource_id(cluster: DBCluster) -> GetAtt:
    return GetAtt(cluster, "DBClusterResourceId")
