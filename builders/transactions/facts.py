"""Facts that several tiers of transactions share, because no tier imports another tier of its platform."""

from __future__ import annotations

from builders.contract.names import SUFFIX, metrics_namespace

FUNCTIONS = ("housekeeping", "migrate_mysql", "rotate_secret", "balancer_logs")
"""Functions whose errors cause alerts. Not ``log_alerts`` itself, whose errors would cause endless alerts."""

DATABASE_NAME = "payments"
DATABASE_PORT = 3306
SERVICE_PORT = 8080
"""The port on which the payment service of an instance listens."""

STATIC_BUCKET = "static"
"""Stem of the bucket of static assets, which CloudFront reads."""

BALANCER_PREFIX = "balancer"
"""Prefix of the load balancer's log files in the bucket of access logs."""

HAS_CERTIFICATE = "WithCertificate"
"""Condition that a certificate is given. The web tier and the edge tier both declare it."""

APPLICATION_ERRORS = '{ $.level = "ERROR" || $.level = "CRITICAL" }'


def agent_namespace(platform: str) -> str:
    """Text of the namespace of the instances' metrics.

    Each environment has its own, because the metrics of a whole group have no dimension that distinguishes environments.
    """
    return f"{metrics_namespace(platform)}/{SUFFIX}"
