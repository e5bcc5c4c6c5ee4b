"""``POST /v1/market-data``: 202 with counts, batch id and each rejected record, or a 4xx with the fault."""

from __future__ import annotations

import time
from typing import Any

from common import entitlements, rest, schema, settings
from common.clients import client
from common.observe import count, logger, observed

from .batch import Batch, read_batch
from .store import store_batch
from .validation import Rules


@observed
def handler(event: dict[str, Any], context: Any) -> rest.Response:
    """Entry point of the Lambda function."""
    return rest.guarded(post_market_data, event)


def post_market_data(event: dict[str, Any]) -> rest.Response:
    """Validate and store one batch. Raises RequestError."""
    entitlement = entitlements.from_environment().require(rest.api_key_id(event), "ingest")
    batch = read_batch(
        rest.body_bytes(event),
        rest.header(event, "Content-Type"),
        rest.header(event, "Content-Encoding"),
        entitlement.api_key_id,
        rest.header(event, "Idempotency-Key"),
        Rules(entitlement.allows, time.time_ns() + schema.CLOCK_SKEW_NS),
    )
    # A batch without a valid record has nothing to store. The answer has the reason for each record.
    new = batch.accepted > 0 and store_batch(client("s3"), settings.required("RAW_BUCKET"), batch)
    _report(batch, new)
    return rest.answer(202, batch.as_json(), {} if new or not batch.accepted else {"Idempotency-Replayed": "true"})


def _report(batch: Batch, new: bool) -> None:
    count("RecordsAccepted", batch.accepted)
    count("RecordsRejected", len(batch.rejected))
    logger.info(
        "batch accepted",
        extra={"batch_id": batch.batch_id, "accepted": batch.accepted, "rejected": len(batch.rejected), "new": new},
    )
