"""Key policies, grants, contexts and the life of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import (
    ACCOUNT,
    ROOT,
    Credentials,
    Statement,
    allow,
    assume,
    created,
    document,
    error_of,
    is_denied,
    resources,
    role,
    unique,
)
from tests.local.support.stacks import delete

pytestmark = pytest.mark.emulator

CONTEXT = {"purpose": "conformance"}


def administration() -> Statement:
    """What keeps a key manageable without letting anybody use it."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": ROOT},
        "Action": ["kms:Create*", "kms:Describe*", "kms:Put*", "kms:Schedule*", "kms:Get*", "kms:List*"],
        "Resource": "*",
    }


def usage(principal: str, condition: Any = None) -> Statement:
    statement: Statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*"}
    return {**statement, "Condition": condition} if condition else statement


class Key:
    """A key and what a role may do with it."""

    def __init__(self, cloud: EmbeddedCloud, *statements: Statement) -> None:
        self.cloud = cloud
        metadata = cloud.client("kms").create_key(Policy=document(administration(), *statements))["KeyMetadata"]
        self.id, self.arn = metadata["KeyId"], metadata["Arn"]

    def may_encrypt(self, credentials: Credentials, context: dict[str, str] | None = None) -> bool:
        kms = self.cloud.client("kms", credentials)
        return not is_denied(kms.encrypt, KeyId=self.arn, Plaintext=b"x", EncryptionContext=context or CONTEXT)


@pytest.fixture(scope="module")
def open_key(cloud: EmbeddedCloud) -> str:
    """A key with the default policy."""
    return str(cloud.client("kms").create_key()["KeyMetadata"]["KeyId"])


def test_decryption_needs_the_same_context(cloud: EmbeddedCloud, open_key: str) -> None:
    kms = cloud.client("kms")
    blob = kms.encrypt(KeyId=open_key, Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"] == b"secret"
    assert error_of(kms.decrypt, CiphertextBlob=blob) == "InvalidCiphertextException"
    assert (
        error_of(kms.decrypt, CiphertextBlob=blob, EncryptionContext={"purpose": "x"}) == "InvalidCiphertextException"
    )


def test_key_policy_must_allow(cloud: EmbeddedCloud) -> None:
    arn = role(cloud, allow("kms:*"))
    assert not Key(cloud).may_encrypt(assume(cloud, arn))
    assert Key(cloud, usage(arn)).may_encrypt(assume(cloud, arn))


def test_key_policy_may_delegate_to_iam(cloud: EmbeddedCloud) -> None:
    key = Key(cloud, usage(ROOT))
    assert key.may_encrypt(assume(cloud, role(cloud, allow("kms:Encrypt", key.arn))))
    assert not key.may_encrypt(assume(cloud, role(cloud)))


def test_key_policy_context_condition_counts(cloud: EmbeddedCloud) -> None:
    arn = role(cloud)
    key = Key(cloud, usage(arn, {"StringEquals": {"kms:EncryptionContext:purpose": "conformance"}}))
    credentials = assume(cloud, arn)
    assert key.may_encrypt(credentials)
    assert not key.may_encrypt(credentials, {"purpose": "another"})
    assert not key.may_encrypt(credentials, {"other": "conformance"})


def test_via_service_excludes_direct_calls(cloud: EmbeddedCloud) -> None:
    arn = role(cloud)
    key = Key(cloud, usage(arn, {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}))
    assert not key.may_encrypt(assume(cloud, arn))


def test_caller_account_is_the_callers(cloud: EmbeddedCloud) -> None:
    arn = role(cloud)
    credentials = assume(cloud, arn)
    assert Key(cloud, usage(arn, {"StringEquals": {"kms:CallerAccount": ACCOUNT}})).may_encrypt(credentials)
    assert not Key(cloud, usage(arn, {"StringEquals": {"kms:CallerAccount": "999999999999"}})).may_encrypt(credentials)


def test_grant_allows_its_grantee(cloud: EmbeddedCloud) -> None:
    arn, key = role(cloud), Key(cloud)
    credentials = assume(cloud, arn)
    assert not key.may_encrypt(credentials)
    cloud.client("kms").create_grant(KeyId=key.id, GranteePrincipal=arn, Operations=["Encrypt"])
    assert key.may_encrypt(credentials)
    assert is_denied(cloud.client("kms", credentials).generate_data_key, KeyId=key.arn, KeySpec="AES_256")


def test_grant_constraint_limits_the_context(cloud: EmbeddedCloud) -> None:
    arn, key = role(cloud), Key(cloud)
    cloud.client("kms").create_grant(
        KeyId=key.id,
        GranteePrincipal=arn,
        Operations=["Encrypt"],
        Constraints={"EncryptionContextEquals": CONTEXT},
    )
    credentials = assume(cloud, arn)
    assert key.may_encrypt(credentials)
    assert not key.may_encrypt(credentials, {"purpose": "another"})


def test_revoked_grant_allows_nothing(cloud: EmbeddedCloud) -> None:
    arn, key, kms = role(cloud), Key(cloud), cloud.client("kms")
    grant = kms.create_grant(KeyId=key.id, GranteePrincipal=arn, Operations=["Encrypt"])["GrantId"]
    credentials = assume(cloud, arn)
    assert key.may_encrypt(credentials)
    kms.revoke_grant(KeyId=key.id, GrantId=grant)
    assert not key.may_encrypt(credentials)


LIFE = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      EnableKeyRotation: true
      PendingWindowInDays: 7
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/NAME, TargetKeyId: !Ref Key}}
"""


@pytest.fixture(scope="module")
def life(cloud: EmbeddedCloud) -> Iterator[tuple[str, dict[str, str]]]:
    with created(cloud, LIFE.replace("NAME", unique("conformance"))) as (stack, _):
        yield stack, resources(cloud, stack)


def test_key_rotates_and_keeps_decrypting(cloud: EmbeddedCloud, life: tuple[str, dict[str, str]]) -> None:
    kms, key = cloud.client("kms"), life[1]["Key"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_alias_names_a_key(cloud: EmbeddedCloud, life: tuple[str, dict[str, str]]) -> None:
    kms = cloud.client("kms")
    assert life[1]["Alias"].startswith("alias/conformance-")
    assert kms.describe_key(KeyId=life[1]["Alias"])["KeyMetadata"]["KeyId"] == life[1]["Key"]
    assert kms.encrypt(KeyId=life[1]["Alias"], Plaintext=b"x")["KeyId"].endswith(life[1]["Key"])


def test_unknown_alias_is_not_found(cloud: EmbeddedCloud) -> None:
    kms = cloud.client("kms")
    alias = f"alias/{unique('nothing')}"
    assert error_of(kms.describe_key, KeyId=alias) == "NotFoundException"
    assert error_of(kms.encrypt, KeyId=alias, Plaintext=b"x") == "NotFoundException"


def test_disabled_key_is_unusable(cloud: EmbeddedCloud) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert error_of(kms.encrypt, KeyId=key, Plaintext=b"x") == "DisabledException"
    assert error_of(kms.decrypt, CiphertextBlob=blob) == "DisabledException"
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_deleted_key_waits_and_is_unusable(cloud: EmbeddedCloud) -> None:
    kms = cloud.client("kms")
    with created(cloud, LIFE.replace("NAME", unique("conformance"))) as (stack, _):
        key = resources(cloud, stack)["Key"]
        delete(cloud, stack)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"
    assert (metadata["DeletionDate"] - metadata["CreationDate"]).days == 7
    assert error_of(kms.encrypt, KeyId=key, Plaintext=b"x") == "KMSInvalidStateException"


def test_object_needs_decrypt_permission(cloud: EmbeddedCloud) -> None:
    s3, bucket = cloud.client("s3"), unique("sealed")
    key = Key(cloud, usage(ROOT))
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key.arn)
    reader = allow("s3:GetObject")
    with_key = assume(cloud, role(cloud, reader, allow("kms:Decrypt", key.arn)))
    without_key = assume(cloud, role(cloud, reader))
    assert not is_denied(cloud.client("s3", with_key).get_object, Bucket=bucket, Key="key")
    assert is_denied(cloud.client("s3", without_key).get_object, Bucket=bucket, Key="key")
