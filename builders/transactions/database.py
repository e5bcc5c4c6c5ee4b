"""The database tier of transactions: Aurora MySQL, two instances of a fixed class in different zones."""

from __future__ import annotations

from troposphere import GetAtt, Ref

from builders.contract import parameters, ports
from builders.contract.template import TierTemplate
from builders.parts import pack_rules
from builders.parts.aurora import Engine, add_cluster, add_instances, export_cluster
from builders.parts.suppressions import suppress
from builders.transactions import facts

# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Reference.ParameterGroups.html
MYSQL = Engine(
    name="aurora-mysql",
    family="aurora-mysql8.0",
    version=parameters.MYSQL_VERSION,
    port=facts.DATABASE_PORT,
    database=facts.DATABASE_NAME,
    master_user="payments_admin",
    # The audit log contains logins and changes of schema and privileges. No log contains queries, because their text contains
    # accounts and amounts. So QUERY and the slow query log are off; CloudWatch Database Insights shows slow statements without
    # values.
    cluster_parameters={
        "character_set_server": "utf8mb4",
        "collation_server": "utf8mb4_0900_ai_ci",
        "require_secure_transport": "ON",
        "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
        "server_audit_logging": "1",
        "time_zone": "UTC",
        "tls_version": "TLSv1.2,TLSv1.3",
    },
    about_parameters="TLS forced, logins and changes of schema audited, no data in logs",
    instance_parameters={"local_infile": "0", "slow_query_log": "0", "wait_timeout": "3600"},
    logs={
        "audit": ("DatabaseAuditLogGroup", None),
        "error": ("DatabaseErrorLogGroup", ports.DATABASE_ERROR_LOG_GROUP),
    },
)


def build(platform: str) -> TierTemplate:
    """Builds the cluster and its two instances."""
    template = TierTemplate(platform, "Aurora MySQL: a writer and a reader in different zones.")
    cluster = add_cluster(template, MYSQL, EnableIAMDatabaseAuthentication=True)
    suppress(
        cluster,
        "The general and the slow query log hold the values of statements, which can be card data; audit and error log are "
        "exported",
        **pack_rules.DATABASE_LOGS,
    )
    *_, reader = add_instances(template, MYSQL, cluster, template.use(parameters.DATABASE_INSTANCE_CLASS))
    export_cluster(template, cluster)
    template.export(ports.DATABASE_MASTER_SECRET, GetAtt(cluster, "MasterUserSecret.SecretArn"))
    template.export(ports.DATABASE_READER, Ref(reader))
    return template
