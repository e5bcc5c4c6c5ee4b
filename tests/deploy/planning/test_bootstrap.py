"""The artifact bucket's template: what a regulated account expects of it."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.templates import parse
from deploy.planning import bootstrap


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    parsed: dict[str, Any] = parse(bootstrap.TEMPLATE.read_text("utf-8"))["Resources"]
    return parsed


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
    using = [item for item in statements if {"kms:Decrypt", "kms:GenerateDataKey"} & set(item["Action"])]
    assert [statement["Condition"]["StringEquals"]["kms:ViaService"] for statement in using] == [
        {"Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}"}
    ]
    assert not any("kms:*" in statement["Action"] for statement in statements)


def test_bucket_is_versioned_private_and_owned(bucket: dict[str, Any]) -> None:
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_current_artifact_is_never_expired(bucket: dict[str, Any]) -> None:
    """A deployed stack may refer to any current object, so only old versions and broken uploads expire."""
    for rule in bucket["LifecycleConfiguration"]["Rules"]:
        assert not {"ExpirationInDays", "ExpirationDate", "Transitions", "Transition"} & rule.keys()


def by_sid(resources: dict[str, Any]) -> dict[str, Any]:
    """The statements of the bucket policy."""
    document = resources["BucketPolicy"]["Properties"]["PolicyDocument"]
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_policy_denies_plain_http(resources: dict[str, Any]) -> None:
    statements = by_sid(resources)
    assert {statement["Effect"] for statement in statements.values()} == {"Deny"}
    assert statements["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_upload_without_headers_is_not_denied(resources: dict[str, Any]) -> None:
    """A negated operator is true of an absent key, so each denial must also ask whether the header is there."""
    statements = by_sid(resources)
    for name in ("ThisKeyOnly", "KmsOnly"):
        condition = statements[name]["Condition"]
        assert condition["Null"] == dict.fromkeys(condition["StringNotEquals"], "false")


@pytest.mark.requirement("A-2")
def test_everything_of_it_can_be_destroyed(resources: dict[str, Any]) -> None:
    for name in ("Key", "Bucket"):
        assert resources[name]["DeletionPolicy"] == resources[name]["UpdateReplacePolicy"] == "Delete"


def test_stack_is_protected() -> None:
    assert bootstrap.bootstrap_deployment("us-east-1").termination_protection
