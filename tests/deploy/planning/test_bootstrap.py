"""The artifact bucket's template: what a regulated account expects of it."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.templates import parse
from deploy.planning import bootstrap


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = parse(bootstrap.TEMPLATE.read_text("utf-8"))["Resources"]
    return found


@pytest.fixture(scope="module")
def bucket(resources: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = resources["Bucket"]["Properties"]
    return properties


@pytest.mark.requirement("A-4")
def test_bucket_is_encrypted_under_a_rotating_key_of_our_own(resources: dict[str, Any], bucket: dict[str, Any]) -> None:
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert resources["Key"]["Properties"]["EnableKeyRotation"] is True


def test_key_serves_the_bucket_only(resources: dict[str, Any]) -> None:
    statements = resources["Key"]["Properties"]["KeyPolicy"]["Statement"]
    using = [one for one in statements if {"kms:Decrypt", "kms:GenerateDataKey"} & set(one["Action"])]
    assert [one["Condition"]["StringEquals"]["kms:ViaService"] for one in using] == [
        {"Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}"}
    ]
    assert not any("kms:*" in one["Action"] for one in statements)


def test_bucket_is_versioned_private_and_owned(bucket: dict[str, Any]) -> None:
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_current_artifact_is_never_expired(bucket: dict[str, Any]) -> None:
    """A deployed stack may refer to any current object, so only old versions and broken uploads go."""
    for rule in bucket["LifecycleConfiguration"]["Rules"]:
        assert not {"ExpirationInDays", "ExpirationDate", "Transitions", "Transition"} & rule.keys()


def test_policy_denies_plain_http(resources: dict[str, Any]) -> None:
    statements = {one["Sid"]: one for one in resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]}
    assert {one["Effect"] for one in statements.values()} == {"Deny"}
    assert statements["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_upload_without_headers_is_not_denied(resources: dict[str, Any]) -> None:
    """A negated operator is true of an absent key, so each denial must also ask whether the header is there."""
    statements = {one["Sid"]: one for one in resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]}
    for name in ("ThisKeyOnly", "KmsOnly"):
        condition = statements[name]["Condition"]
        assert condition["Null"] == dict.fromkeys(condition["StringNotEquals"], "false")


@pytest.mark.requirement("A-2")
def test_everything_of_it_can_be_destroyed(resources: dict[str, Any]) -> None:
    for name in ("Key", "Bucket"):
        assert resources[name]["DeletionPolicy"] == resources[name]["UpdateReplacePolicy"] == "Delete"


def test_stack_is_protected() -> None:
    assert bootstrap.bootstrap_deployment("us-east-1").termination_protection
