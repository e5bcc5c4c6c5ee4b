"""The platforms: each an ordered tuple of tiers. A third platform is one more tuple here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from builders import (
    alerts,
    api,
    aurora,
    balancer,
    buckets,
    compliance,
    edge,
    functions,
    housekeeping,
    key_rows,
    keys,
    lake,
    log_storage,
    mysql,
    network,
    observability,
    parameters,
    postgres,
    secrets,
    storage,
    tables,
    trading,
    transactions,
    web,
    web_observability,
)
from builders.contract import Port, RootParameter, TierTemplate
from builders.rules import (
    CERTIFICATE_AND_DOMAIN,
    DOMAIN_AND_CERTIFICATE,
    ONLY_US_EAST_1,
    PRODUCTION_HAS_CERTIFICATE,
    ROOM_TO_REPLACE,
    ZONES_DIFFER,
    RootRule,
)


@dataclass(frozen=True)
class Tier:
    """One nested template.

    Attributes:
        name: the template's file name without extension; in PascalCase the nested stack's logical id.
        build: makes the template, given the platform's name.
    """

    name: str
    build: Callable[[str], TierTemplate]


@dataclass(frozen=True)
class Platform:
    """A template set.

    Attributes:
        name: the folder under templates/ and params/, and the beginning of every resource's name.
        description: the root template's description.
        tiers: in the order in which a reader should meet them; deployment order follows from the ports.
        outputs: the ports that the root gives to the outside, exported under the suffix.
        defaults: root parameters whose default is another than the parameter's own.
        rules: what the root demands of its parameters together.
    """

    name: str
    description: str
    tiers: tuple[Tier, ...]
    outputs: tuple[Port, ...]
    defaults: Mapping[RootParameter, str | int | float] = field(default_factory=dict)
    rules: tuple[RootRule, ...] = ()


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
        network.VPC_ID,
        aurora.DATABASE_ENDPOINT,
        aurora.DATABASE_READER_ENDPOINT,
        aurora.DATABASE_PORT,
        api.API_URL,
        api.API_ID,
        api.API_KEY_ID,
        api.API_CLIENT_ROLE,
        storage.RAW_BUCKET,
        storage.PROCESSED_BUCKET,
        storage.ARCHIVE_BUCKET,
        buckets.ACCESS_LOG_BUCKET,
        tables.USER_SESSIONS_TABLE,
        tables.API_KEYS_TABLE,
        alerts.ALERT_TOPIC,
        postgres.ANALYST_ROLE,
        lake.LAKE_DATABASE,
        lake.LAKE_WORKGROUP,
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
        network.VPC_ID,
        aurora.DATABASE_ENDPOINT,
        aurora.DATABASE_READER_ENDPOINT,
        aurora.DATABASE_PORT,
        secrets.DATABASE_SECRET,
        balancer.BALANCER_DNS,
        edge.WEB_URL,
        edge.DISTRIBUTION,
        edge.DISTRIBUTION_DOMAIN,
        edge.STATIC_BUCKET,
        buckets.ACCESS_LOG_BUCKET,
        alerts.ALERT_TOPIC,
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
