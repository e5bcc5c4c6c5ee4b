"""Facts that several tiers of trading share, because no tier imports another tier of its platform."""

from __future__ import annotations

STAGE = "live"

API_FUNCTIONS = ("ingest", "query", "sessions")
FUNCTIONS = ("housekeeping", "migrate", "ingest", "process", "query", "sessions")
"""Functions whose errors cause alerts. Not ``log_alerts`` itself, whose errors would cause endless alerts."""

DATABASE_NAME = "trading"
DATABASE_PORT = 5432
APP_USER = "trading_app"
API_KEYS_NAME = "api-keys"

RAW_PREFIX = "market-data/"
"""Only objects under this prefix are processed. Quarantine has another prefix in the same bucket."""
PROCESSED_PREFIXES = ("bars/", "trades/", "quotes/")
"""Prefixes under which processing writes into the processed bucket."""
QUARANTINE_PREFIX = "quarantine/"
IDEMPOTENCY_PREFIX = "idempotency/"
"""Markers of requests with an Idempotency-Key, kept as long as a client may repeat a request."""
QUERY_RESULTS_PREFIX = "query-results/"
"""Results of Athena's queries, in the processed bucket."""
