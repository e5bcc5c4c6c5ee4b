"""Files of the project that the payment service's tests read."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).parents[3]
SERVICE = PROJECT / "web_src" / "payments"
SYSTEM = SERVICE / "system"
BOOT = PROJECT / "builders" / "transactions" / "boot.sh"
MIGRATIONS = PROJECT / "lambda_src" / "migrate_mysql" / "sql"
README = (PROJECT / "web_src" / "README.md").read_text(encoding="utf-8")
UNIT = (SYSTEM / "payments.service").read_text(encoding="utf-8")
