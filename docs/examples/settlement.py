"""A third platform: a database with a rotated login for batch jobs, in a network of its own."""

from __future__ import annotations

from functools import partial

from builders.contract import parameters, ports
from builders.contract.platform import NamingTier, Platform, Tier
from builders.contract.rules import ZONES_DIFFER
from builders.parts.security_groups import Between, GroupRow, ToApis
from builders.tiers import alerts, housekeeping, key_rows, keys, network
from builders.tiers.alerts import FilterRow, function_filters
from builders.tiers.network import EndpointRow, GatewayRow, Layout, NetworkPlan, custom_resource_answers
from builders.transactions import database, secrets

SETTLEMENT = Platform(
    name="settlement",
    description="Settlement: a ledger in Aurora MySQL for batch jobs, with a rotated login.",
    tiers=(
        NamingTier(
            "keys",
            partial(
                keys.build,
                rows=lambda platform, names: (
                    key_rows.database(),
                    key_rows.secrets(names),
                    key_rows.logs(names),
                    key_rows.functions(names),
                    key_rows.messaging(names),
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
                        GroupRow("Function", "functions", "Functions of the platform", ports.FUNCTION_SECURITY_GROUP),
                        GroupRow(
                            "Database", "database", "Database, reached by functions only", ports.DATABASE_SECURITY_GROUP
                        ),
                        GroupRow("Endpoint", "endpoints", "Interface endpoints, reached by functions only"),
                    ),
                    rules=(
                        Between("Function", "Database", database.MYSQL.port, "MySQL"),
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
        NamingTier("housekeeping", housekeeping.build),
        Tier("database", database.build),
        Tier("secrets", secrets.build),
        NamingTier(
            "alerts",
            partial(
                alerts.build,
                filters=(
                    *function_filters("housekeeping", "migrate_mysql", "rotate_secret"),
                    FilterRow("Database", ports.DATABASE_ERROR_LOG_GROUP, '"[ERROR]"'),
                ),
            ),
        ),
    ),
    outputs=(
        ports.VPC_ID,
        ports.DATABASE_ENDPOINT,
        ports.DATABASE_READER_ENDPOINT,
        ports.DATABASE_PORT,
        ports.DATABASE_SECRET,
        ports.ALERT_TOPIC,
    ),
    defaults={parameters.BACKUP_RETENTION: 14, parameters.LOG_RETENTION: 365},
    rules=(ZONES_DIFFER,),
)
