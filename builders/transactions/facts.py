"""What several templates of transactions agree on. No tier of a platform imports another: what they share stands here."""

from __future__ import annotations

from builders.contract.names import SUFFIX, metrics_namespace

FUNCTIONS = ("housekeeping", "migrate_mysql", "rotate_secret", "balancer_logs")
"""Whose logs alert; ``log_alerts`` itself is left out, or its errors would alert about alerts without end."""

DATABASE_NAME = "payments"
DATABASE_PORT = 3306
SERVICE_PORT = 8080
"""On which the payment service of an instance listens."""

BALANCER_PREFIX = "balancer"
"""Of the load balancer's log files in the bucket of access logs."""

HAS_CERTIFICATE = "WithCertificate"
"""Condition that a certificate is given. The web tier and the edge tier both declare it."""

APPLICATION_ERRORS = '{ $.level = "ERROR" || $.level = "CRITICAL" }'


def agent_namespace(platform: str) -> str:
    """The namespace of what instances publish, as ``Fn::Sub`` takes it.

    Each environment has its own: the metrics of a whole group have no dimension that would tell environments apart.
    """
    return f"{metrics_namespace(platform)}/{SUFFIX}"
