"""The platform trading: its tiers and the outputs of its root."""

from __future__ import annotations

from functools import partial

from builders.contract import ports
from builders.contract.conditions import MANAGES_CONFIG_RECORDER
from builders.contract.platform import NamingTier, Platform, Tier
from builders.contract.rules import ZONES_DIFFER
from builders.tiers import alerts, compliance, housekeeping, keys, network
from builders.trading import api, database, functions, lake, observability, storage, tables
from builders.trading.alerts import LOG_FILTERS
from builders.trading.housekeeping import entitle_api_key
from builders.trading.keys import rows
from builders.trading.network import PLAN

TRADING = Platform(
    name="trading",
    description="Trading analytics platform: market data in through an API, bars and analytics out (PCI DSS).",
    tiers=(
        NamingTier("keys", partial(keys.build, rows=rows)),
        Tier("network", partial(network.build, plan=PLAN)),
        NamingTier("housekeeping", partial(housekeeping.build, extra_permissions=entitle_api_key)),
        NamingTier("storage", storage.build),
        Tier("tables", tables.build),
        Tier("lake", lake.build),
        Tier("database", database.build),
        Tier("functions", functions.build),
        Tier("api", api.build),
        NamingTier("alerts", partial(alerts.build, filters=LOG_FILTERS)),
        Tier("observability", observability.build),
        Tier("compliance", compliance.build, condition=MANAGES_CONFIG_RECORDER),
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
        ports.ANALYST_AUDIT,
        ports.LAKE_DATABASE,
        ports.LAKE_WORKGROUP,
    ),
    rules=(ZONES_DIFFER,),
)
