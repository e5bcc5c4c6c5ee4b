"""What several templates of trading agree on. No tier of a platform imports another: what they share stands here."""

from __future__ import annotations

STAGE = "live"

API_FUNCTIONS = ("ingest", "query", "sessions")
FUNCTIONS = ("housekeeping", "migrate", "ingest", "process", "query", "sessions")
"""Whose logs alert; ``log_alerts`` itself is left out, or its errors would alert about alerts without end."""

DATABASE_NAME = "trading"
DATABASE_PORT = 5432
APP_USER = "trading_app"
API_KEYS_NAME = "api-keys"

RAW_PREFIX = "market-data/"
"""Only objects below this prefix are processed; quarantine lies beside it in the same bucket."""
QUARANTINE_PREFIX = "quarantine/"
IDEMPOTENCY_PREFIX = "idempotency/"
"""Markers of requests with an Idempotency-Key, for as long as a client may repeat one."""
QUERY_RESULTS_PREFIX = "query-results/"
"""What Athena answered, in the processed bucket."""
