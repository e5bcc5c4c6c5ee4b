"""The rights of API keys, from the ``api-keys`` table.

An item is ``{apiKeyId, enabled, scopes: [..], symbols: [..] or ["*"], client}``. Items are cached for 30 seconds, so
each execution environment rejects a disabled key within that time. The cache uses the wall clock, because an environment
is frozen between invocations and its monotonic clock may stop meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from . import settings
from .errors import RequestError

CACHE_SECONDS = 30.0
CACHE_ENTRIES = 1024
ALL_SYMBOLS = "*"


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The rights of one API key."""

    api_key_id: str
    client: str
    scopes: frozenset[str]
    symbols: frozenset[str]

    def allows(self, symbol: str) -> bool:
        """Whether the key may send or read this symbol."""
        return ALL_SYMBOLS in self.symbols or symbol in self.symbols


@dataclass
class Entitlements:
    """Reads and caches entitlements. ``fetch`` returns an item in DynamoDB's wire form, or None."""

    fetch: Callable[[str], Mapping[str, Any] | None]
    clock: Callable[[], float] = time.time
    _cache: dict[str, tuple[float, Entitlement | None]] = field(default_factory=dict)

    def require(self, api_key_id: str, scope: str) -> Entitlement:
        """The key's rights. Raises RequestError 403 if the key is unknown, disabled or lacks the scope."""
        entitlement = self._lookup(api_key_id) if api_key_id else None
        if entitlement is None:
            raise RequestError(403, "key_not_entitled", "This API key is unknown or disabled")
        if scope not in entitlement.scopes:
            raise RequestError(403, "scope_not_entitled", f"This API key has no {scope!r} scope")
        return entitlement

    def _lookup(self, api_key_id: str) -> Entitlement | None:
        now = self.clock()
        cached = self._cache.get(api_key_id)
        if cached is not None and 0 <= now - cached[0] < CACHE_SECONDS:  # a clock that was set back ends the entry too
            return cached[1]
        entitlement = parse_item(api_key_id, self.fetch(api_key_id))
        if len(self._cache) >= CACHE_ENTRIES:
            self._cache.clear()
        self._cache[api_key_id] = (now, entitlement)
        return entitlement


def parse_item(api_key_id: str, item: Mapping[str, Any] | None) -> Entitlement | None:
    """The entitlement in a DynamoDB item; None without an item, or if ``enabled`` is anything but true."""
    if item is None or item.get("enabled", {}).get("BOOL") is not True:
        return None
    client = str(item.get("client", {}).get("S", ""))
    return Entitlement(api_key_id, client, _texts(item.get("scopes")), _texts(item.get("symbols")))


def from_table(table: str) -> Entitlements:
    """Entitlements from a DynamoDB table (``dynamodb:GetItem``)."""

    def fetch(api_key_id: str) -> Mapping[str, Any] | None:
        from .clients import client

        reply = client("dynamodb").get_item(TableName=table, Key={"apiKeyId": {"S": api_key_id}}, ConsistentRead=True)
        item: Mapping[str, Any] | None = reply.get("Item")
        return item

    return Entitlements(fetch)


@cache
def from_environment() -> Entitlements:
    """Entitlements from the table that API_KEYS_TABLE names. All invocations of an execution environment share them."""
    return from_table(settings.required("API_KEYS_TABLE"))


def _texts(value: Mapping[str, Any] | None) -> frozenset[str]:
    """The strings of a list or string-set attribute."""
    if not value:
        return frozenset()
    return frozenset([*value.get("SS", []), *(str(element.get("S", "")) for element in value.get("L", []))])
