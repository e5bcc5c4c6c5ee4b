"""The buckets of transactions (X-S3-1)."""

from __future__ import annotations

import pytest

from tests.builders.support.policies import statements
from tests.builders.support.resources import one, text

P = "transactions"


@pytest.mark.requirement("X-S3-1")
@pytest.mark.parametrize("title", ["StaticBucket", "AccessLogBucket"])
def test_buckets_are_encrypted_versioned_and_private(title: str) -> None:
    bucket = one(P, title).properties
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    expected = {"StaticBucket": "aws:kms", "AccessLogBucket": "AES256"}[title]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == expected
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


@pytest.mark.requirement("X-S3-1")
def test_logs_expire_after_ninety_days() -> None:
    rules = {rule["Id"]: rule for rule in one(P, "AccessLogBucket").properties["LifecycleConfiguration"]["Rules"]}
    assert rules["expire"]["ExpirationInDays"] == 90
    assert "Transitions" not in rules["expire"], "S3 refuses a move on the day of the end"
    assert rules["clean-up"]["NoncurrentVersionExpiration"]["NoncurrentDays"] <= 30


@pytest.mark.requirement("X-S3-1", "X-ALB-1")
def test_the_load_balancers_service_writes_its_logs_and_new_files_are_told() -> None:
    document = one(P, "AccessLogBucketPolicy").properties["PolicyDocument"]
    (delivery,) = [each for each in statements(document) if each.get("Sid") == "BalancerLogDelivery"]
    assert delivery["Principal"] == {"Service": ["logdelivery.elasticloadbalancing.amazonaws.com"]}
    (source,) = delivery["Condition"]["ArnLike"].values()
    assert text(source).endswith(":${AWS::AccountId}:loadbalancer/app/transactions-*")
    assert text(delivery["Resource"][0]) == "${AccessLogBucket.Arn}/balancer/AWSLogs/${AWS::AccountId}/*"
    (told,) = one(P, "AccessLogBucket").properties["NotificationConfiguration"]["QueueConfigurations"]
    assert {rule["Name"]: rule["Value"] for rule in told["Filter"]["S3Key"]["Rules"]} == {
        "prefix": "balancer/",
        "suffix": ".log.gz",
    }
