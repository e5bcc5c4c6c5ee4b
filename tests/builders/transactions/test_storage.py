"""The buckets of transactions (X-S3-1)."""

from __future__ import annotations

import pytest

from tests.builders.support.policies import statements
from tests.builders.support.resources import find_resource, text

PLATFORM = "transactions"


@pytest.mark.requirement("X-S3-1")
@pytest.mark.parametrize("title", ["StaticBucket", "AccessLogBucket"])
def test_buckets_are_encrypted_versioned_and_private(title: str) -> None:
    bucket = find_resource(PLATFORM, title).properties
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    expected = {"StaticBucket": "aws:kms", "AccessLogBucket": "AES256"}[title]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == expected
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


@pytest.mark.requirement("X-S3-1")
def test_logs_expire_after_ninety_days() -> None:
    rules = {
        rule["Id"]: rule
        for rule in find_resource(PLATFORM, "AccessLogBucket").properties["LifecycleConfiguration"]["Rules"]
    }
    assert rules["expire"]["ExpirationInDays"] == 90
    assert "Transitions" not in rules["expire"], "S3 rejects a move on the day of expiry"
    assert rules["clean-up"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1


@pytest.mark.requirement("X-S3-1", "X-ALB-1")
def test_elastic_load_balancing_writes_its_logs_and_new_files_become_messages() -> None:
    document = find_resource(PLATFORM, "AccessLogBucketPolicy").properties["PolicyDocument"]
    (delivery,) = [each for each in statements(document) if each.get("Sid") == "BalancerLogDelivery"]
    assert delivery["Principal"] == {"Service": ["logdelivery.elasticloadbalancing.amazonaws.com"]}
    assert list(delivery["Condition"]) == ["ArnLikeIfExists"], "the service may omit its source"
    ((source,),) = delivery["Condition"]["ArnLikeIfExists"].values()
    assert text(source).endswith(":${AWS::AccountId}:loadbalancer/app/transactions-web-${EnvironmentSuffix}/*")
    assert text(delivery["Resource"][0]) == "${AccessLogBucket.Arn}/balancer/AWSLogs/${AWS::AccountId}/*"
    (notification,) = find_resource(PLATFORM, "AccessLogBucket").properties["NotificationConfiguration"][
        "QueueConfigurations"
    ]
    assert {rule["Name"]: rule["Value"] for rule in notification["Filter"]["S3Key"]["Rules"]} == {
        "prefix": "balancer/",
        "suffix": ".log.gz",
    }
