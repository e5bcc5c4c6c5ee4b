"""How names are spelled in templates. The texts hold placeholders, which ``Fn::Sub`` fills in at deployment."""

from __future__ import annotations

import re

SUFFIX = "${EnvironmentSuffix}"
"""The environment's suffix. Every resource's name ends in it."""
ACCOUNT_ID = "${AWS::AccountId}"


def pascal(name: str) -> str:
    """``log_alerts`` or ``log-alerts`` → ``LogAlerts``."""
    return "".join(word.capitalize() for word in re.split("[_-]", name))


def hyphenated(name: str) -> str:
    """``log_alerts`` → ``log-alerts``."""
    return name.replace("_", "-")


def name_text(platform: str, stem: str) -> str:
    """Text of a resource's name: ``<platform>-<stem>-${EnvironmentSuffix}``."""
    return f"{platform}-{stem}-{SUFFIX}"


def bucket_name_text(platform: str, stem: str) -> str:
    """Text of a bucket's name. It ends in the account's id, because all accounts of the world share the names of buckets."""
    return f"{name_text(platform, stem)}-{ACCOUNT_ID}"


def metrics_namespace(platform: str) -> str:
    """Namespace of the platform's own metrics: ``trading`` → ``TradingPlatform``."""
    return f"{pascal(platform)}Platform"
