"""What the lifecycles of all buckets mean for the data in them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.support.resources import all_resources


def days_until_gone(rules: list[dict[str, Any]]) -> dict[str, int]:
    """Prefix → days after which nothing is left of an object that expires.

    Expiry puts a delete marker before the object. Of the noncurrent days of two rules, the fewer count.
    """
    kept = min(
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules
        if "Prefix" not in rule and "NoncurrentVersionExpiration" in rule
    )
    gone = {}
    for rule in rules:
        if "ExpirationInDays" in rule:
            own = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", kept)
            gone[rule.get("Prefix", "")] = rule["ExpirationInDays"] + min(own, kept)
    return gone


@pytest.mark.requirement("X-S3-1", "T-S3-2")
def test_data_that_expires_is_gone_when_its_requirement_says() -> None:
    """Regression: transactions kept its log data for 120 days, and requirement X-S3-1 says 90.

    Trading's access logs and the history of AWS Config have a least time only (PCI DSS 4.0.1, 10.5.1), so their versions may
    stay for another month, as those of all objects that somebody may have deleted by mistake.
    """
    gone = {
        f"{bucket.platform}/{bucket.title}/{prefix}": days
        for bucket in all_resources("AWS::S3::Bucket")
        for prefix, days in days_until_gone(bucket.properties["LifecycleConfiguration"]["Rules"]).items()
    }
    assert gone == {
        "trading/AccessLogBucket/": 365 + 30,
        "trading/RawBucket/idempotency/": 7 + 1,
        "trading/ProcessedBucket/query-results/": 7 + 1,
        "trading/ConfigBucket/": 2557 + 30,
        "transactions/AccessLogBucket/": 90 + 1,
        "transactions/ConfigBucket/": 2557 + 30,
    }
