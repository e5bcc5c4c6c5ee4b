"""How names are spelled in templates. The texts hold placeholders, which ``Fn::Sub`` fills in at deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

SUFFIX = "${EnvironmentSuffix}"
"""The environment's suffix. Every resource's name ends in it."""
ACCOUNT_ID = "${AWS::AccountId}"
ACCESS_LOG_BUCKET = "logs"
"""Stem of the bucket for S3's server access logs, on every platform."""
CONFIG_BUCKET = "config"
"""Stem of the bucket to which AWS Config delivers, on every platform."""


@dataclass(frozen=True)
class Names:
    """The names of all resources of a platform.

    Policies list names instead of patterns, because a pattern also matches names of other environments (requirement A-10).

    Attributes:
        by_type: resource type → the texts of the names, sorted. ``*`` stands for an id that AWS chooses.
    """

    by_type: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, *types: str) -> tuple[str, ...]:
        """The names of the resources of some types."""
        return tuple(name for kind in types for name in self.by_type.get(kind, ()))


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
