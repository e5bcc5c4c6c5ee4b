"""Key policies (A-4): what limits each use, or the reason why nothing more does."""

from __future__ import annotations

import pytest

from tests.builders.support.policies import statements
from tests.builders.support.resources import Resource, all_resources, find_resource, text

CRYPTO = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}


@pytest.mark.requirement("A-4")
@pytest.mark.parametrize("resource", list(all_resources("AWS::KMS::Key")), ids=str)
def test_every_use_is_bound_to_an_encryption_context_or_says_why_not(resource: Resource) -> None:
    """Regression: two uses had no context, and nothing said whether that was intended."""
    reasons = resource.body["Metadata"].get("WithoutEncryptionContext", {})
    unbound = {
        statement["Sid"]
        for statement in statements(resource.properties["KeyPolicy"])
        if CRYPTO & set(statement["Action"])
        and not any(
            key.startswith("kms:EncryptionContext:") for keys in statement.get("Condition", {}).values() for key in keys
        )
    }
    assert set(reasons) == unbound, "a reason for each use without context, and for no other"
    assert all(len(reason) > 80 for reason in reasons.values())


@pytest.mark.requirement("A-4")
@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_the_database_key_is_used_through_rds_and_secrets_manager_only(platform: str) -> None:
    _, *uses = statements(find_resource(platform, "DatabaseKey").properties["KeyPolicy"])
    through = {use["Sid"]: str(use["Condition"]["StringEquals"]["kms:ViaService"]) for use in uses}
    assert set(through) == {"Database", "DatabaseGrants", "MasterSecret"}
    assert all(("secretsmanager." if sid == "MasterSecret" else "rds.") in value for sid, value in through.items())


@pytest.mark.requirement("A-4")
def test_auto_scalings_role_uses_the_volumes_key_as_aws_documents_it() -> None:
    """Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html."""
    _, use, grants = statements(find_resource("transactions", "VolumeKey").properties["KeyPolicy"])
    for each in (use, grants):
        assert [text(role) for role in each["Principal"]["AWS"]] == ["${ScalingRoleArn}"]
    assert "Condition" not in use
    assert grants["Action"] == ["kms:CreateGrant"]
    assert grants["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
