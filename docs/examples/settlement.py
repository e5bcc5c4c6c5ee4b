"""A third platform: a database with a rotated login for batch jobs, in a network of its own."""

from __future__ import annotations

from functools import partial

from builders import alerts, aurora, housekeeping, key_rows, keys, mysql, network, parameters, secrets
from builders.alerts import FilterRow, function_filters
from builders.network import EndpointRow, GatewayRow, Layout, NetworkPlan, custom_resource_answers
from builders.platforms import Platform, Tier
from builders.rules import ZONES_DIFFER
from builders.security_groups import (
    DATABASE_SECURITY_GROUP,
    FUNCTION_SECURITY_GROUP,
    Between,
    GroupRow,
    ToApis,
)

SETTLEMENT = Platform(
    name="settlement",
    description="Settlement: a ledger in Aurora MySQL for batch jobs, with a rotated login.",
    tiers=(
        Tier(
            "keys",
            partial(
                keys.build,
                rows=lambda platform: (
                    key_rows.database(),
                    key_rows.secrets(platform),
                    key_rows.logs(platform),
                    key_rows.functions(platform),
                    key_rows.messaging(platform),
                ),
            ),
        ),
        Tier(
            "network",
            partial(
                network.build,
                plan=NetworkPlan(
                    layout=Layout(
                        vpc="10.64.0.0/16",
                        public=("10.64.0.0/24", "10.64.1.0/24", "10.64.2.0/24"),
                        private=("10.64.10.0/24", "10.64.11.0/24", "10.64.12.0/24"),
                    ),
                    groups=(
                        GroupRow("Function", "functions", "Functions of the platform", FUNCTION_SECURITY_GROUP),
                        GroupRow(
                            "Database", "database", "Database, reached by functions only", DATABASE_SECURITY_GROUP
                        ),
                        GroupRow("Endpoint", "endpoints", "Interface endpoints, reached by functions only"),
                    ),
                    rules=(
                        Between("Function", "Database", mysql.MYSQL.port, "MySQL"),
                        Between("Function", "Endpoint", 443, "AWS APIs through interface endpoints"),
                        ToApis("Function"),
                    ),
                    gateways=(GatewayRow("S3Endpoint", "s3", beyond=(custom_resource_answers,)),),
                    endpoints=(
                        EndpointRow(
                            "SecretsManagerEndpoint", "secretsmanager", "rotation and migration read and write secrets"
                        ),
                        EndpointRow("SnsEndpoint", "sns", "log alerts are published"),
                        EndpointRow("Ec2Endpoint", "ec2", "housekeeping closes the default security group"),
                    ),
                ),
            ),
        ),
        Tier("housekeeping", housekeeping.build),
        Tier("database", mysql.build),
        Tier("secrets", secrets.build),
        Tier(
            "alerts",
            partial(
                alerts.build,
                filters=(
                    *function_filters("housekeeping", "migrate_mysql", "rotate_secret"),
                    FilterRow("Database", mysql.DATABASE_ERROR_LOG, '"[ERROR]"'),
                ),
            ),
        ),
    ),
    outputs=(
        network.VPC_ID,
        aurora.DATABASE_ENDPOINT,
        aurora.DATABASE_READER_ENDPOINT,
        aurora.DATABASE_PORT,
        secrets.DATABASE_SECRET,
        alerts.ALERT_TOPIC,
    ),
    defaults={parameters.BACKUP_RETENTION: 14, parameters.LOG_RETENTION: 365},
    rules=(ZONES_DIFFER,),
)
