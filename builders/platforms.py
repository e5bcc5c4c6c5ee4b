"""The platforms: each an ordered tuple of tiers. A third platform is one more tuple here."""

from __future__ import annotations

from functools import partial

from builders import (
    api,
    edge,
    functions,
    lake,
    log_storage,
    mysql,
    observability,
    postgres,
    secrets,
    storage,
    tables,
    trading,
    transactions,
    web,
    web_observability,
)
from builders.contract import parameters, ports
from builders.contract.platform import Platform, Tier
from builders.contract.rules import (
    CERTIFICATE_AND_DOMAIN,
    DOMAIN_AND_CERTIFICATE,
    ONLY_US_EAST_1,
    PRODUCTION_HAS_CERTIFICATE,
    ROOM_TO_REPLACE,
    ZONES_DIFFER,
)
from builders.tiers import alerts, compliance, housekeeping, key_rows, keys, network

TRADING = Platform(
    name="trading",
    description="Trading analytics platform: market data in through an API, bars and analytics out (PCI DSS).",
    tiers=(
        Tier("keys", partial(keys.build, rows=key_rows.trading)),
        Tier("network", partial(network.build, plan=trading.NETWORK)),
        Tier("housekeeping", partial(housekeeping.build, also=housekeeping.entitle_api_key)),
        Tier("storage", storage.build),
        Tier("tables", tables.build),
        Tier("lake", lake.build),
        Tier("database", postgres.build),
        Tier("functions", functions.build),
        Tier("api", api.build),
        Tier("alerts", partial(alerts.build, filters=trading.LOG_FILTERS)),
        Tier("observability", observability.build),
        Tier("compliance", compliance.build),
    ),
    outputs=(
        ports.VPC_ID,
        ports.DATABASE_ENDPOINT,
        ports.DATABASE_READER_ENDPOINT,
        ports.DATABASE_PORT,
        ports.API_URL,
        ports.API_ID,
        ports.API_KEY_ID,
        ports.API_CLIENT_ROLE,
        ports.RAW_BUCKET,
        ports.PROCESSED_BUCKET,
        ports.ARCHIVE_BUCKET,
        ports.ACCESS_LOG_BUCKET,
        ports.USER_SESSIONS_TABLE,
        ports.API_KEYS_TABLE,
        ports.ALERT_TOPIC,
        ports.ANALYST_ROLE,
        ports.LAKE_DATABASE,
        ports.LAKE_WORKGROUP,
    ),
    rules=(ZONES_DIFFER,),
)

TRANSACTIONS = Platform(
    name="transactions",
    description="Payment transactions platform: a web service behind CloudFront, with its ledger in Aurora MySQL (PCI DSS).",
    tiers=(
        Tier("keys", partial(keys.build, rows=key_rows.transactions, also=web.add_scaling_role)),
        Tier("network", partial(network.build, plan=transactions.NETWORK)),
        Tier("housekeeping", housekeeping.build),
        Tier("storage", log_storage.build),
        Tier("database", mysql.build),
        Tier("secrets", secrets.build),
        Tier("web", web.build),
        Tier("edge", edge.build),
        Tier("alerts", partial(alerts.build, filters=transactions.LOG_FILTERS)),
        Tier("observability", web_observability.build),
        Tier("compliance", compliance.build),
    ),
    outputs=(
        ports.VPC_ID,
        ports.DATABASE_ENDPOINT,
        ports.DATABASE_READER_ENDPOINT,
        ports.DATABASE_PORT,
        ports.DATABASE_SECRET,
        ports.BALANCER_DNS,
        ports.WEB_URL,
        ports.DISTRIBUTION_ID,
        ports.DISTRIBUTION_DOMAIN,
        ports.STATIC_BUCKET,
        ports.ACCESS_LOG_BUCKET,
        ports.ALERT_TOPIC,
    ),
    defaults={
        parameters.BACKUP_RETENTION: 7,
        parameters.LOG_RETENTION: 90,
        # Trading keeps AWS Config for the account; where it is not deployed, this platform can.
        parameters.MANAGE_CONFIG_RECORDER: "false",
        parameters.NAT_GATEWAY_PER_ZONE: "true",
        parameters.REQUESTS_PER_ADDRESS: 2000,
    },
    rules=(
        ZONES_DIFFER,
        ONLY_US_EAST_1,
        ROOM_TO_REPLACE,
        CERTIFICATE_AND_DOMAIN,
        DOMAIN_AND_CERTIFICATE,
        PRODUCTION_HAS_CERTIFICATE,
    ),
)

PLATFORMS = {platform.name: platform for platform in (TRADING, TRANSACTIONS)}
