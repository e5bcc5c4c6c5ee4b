"""Bodies of requests."""

from __future__ import annotations

VISA = "4111111111111111"  # a test number that the scheme publishes; it belongs to no person


def payment(**changes: object) -> dict[str, object]:
    """Return a valid body with changes; the value None leaves a field out."""
    body = {"debitAccount": "acct-1", "creditAccount": "acct-2", "amount": "10.50", "currency": "USD", **changes}
    return {name: value for name, value in body.items() if value is not None}
