"""The platform transactions: its tiers, the outputs of its root, and the rules for its parameters."""

from __future__ import annotations

from functools import partial

from builders.contract import parameters, ports
from builders.contract.conditions import MANAGES_CONFIG_RECORDER
from builders.contract.platform import NamingTier, Platform, Tier
from builders.contract.rules import (
    CERTIFICATE_AND_DOMAIN,
    DOMAIN_AND_CERTIFICATE,
    NO_PLAINTEXT,
    ONLY_US_EAST_1,
    ROOM_TO_REPLACE,
    ZONES_DIFFER,
)
from builders.tiers import alerts, compliance, housekeeping, keys, network
from builders.transactions import database, edge, observability, secrets, storage, web
from builders.transactions.alerts import LOG_FILTERS
from builders.transactions.keys import rows
from builders.transactions.network import PLAN

TRANSACTIONS = Platform(
    name="transactions",
    description="Payment transactions platform: a web service behind CloudFront, with its ledger in Aurora MySQL (PCI DSS).",
    tiers=(
        NamingTier("keys", partial(keys.build, rows=rows, add_principals=web.add_scaling_role)),
        Tier("network", partial(network.build, plan=PLAN)),
        NamingTier("housekeeping", housekeeping.build),
        NamingTier("storage", storage.build),
        Tier("database", database.build),
        Tier("secrets", secrets.build),
        Tier("web", web.build),
        Tier("edge", edge.build),
        NamingTier("alerts", partial(alerts.build, filters=LOG_FILTERS)),
        Tier("observability", observability.build),
        Tier("compliance", compliance.build, condition=MANAGES_CONFIG_RECORDER),
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
        # Trading manages AWS Config for the account. In an account without trading, this platform can.
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
        NO_PLAINTEXT,
    ),
)
