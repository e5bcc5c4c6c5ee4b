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
    assert set(through) == {"Database", "DatabaseGrants", "MasterSecret", "MasterSecretGrants"}
    assert all(("secretsmanager." if "Secret" in sid else "rds.") in value for sid, value in through.items())


@pytest.mark.requirement("T-DB-2", "X-DB-1")
@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_the_grant_for_the_master_secret_may_come_from_rds_or_from_secrets_manager(platform: str) -> None:
    """AWS requires CreateGrant for a customer key, and does not say which of the two services asks for it.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html.
    """
    by_sid = {s["Sid"]: s for s in statements(find_resource(platform, "DatabaseKey").properties["KeyPolicy"])}
    for sid, service in (("DatabaseGrants", "rds"), ("MasterSecretGrants", "secretsmanager")):
        assert by_sid[sid]["Action"] == ["kms:CreateGrant"]
        assert by_sid[sid]["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}
        (through,) = by_sid[sid]["Condition"]["StringEquals"]["kms:ViaService"]
        assert text(through) == f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}"


@pytest.mark.requirement("A-4", "T-OBS-1", "X-MON-1")
@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_sns_may_use_the_key_of_the_alert_topic_for_this_topic_only(platform: str) -> None:
    """Source: https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic.html."""
    (delivery,) = [
        statement
        for statement in statements(find_resource(platform, "MessagingKey").properties["KeyPolicy"])
        if statement["Principal"] == {"Service": ["sns.amazonaws.com"]} and statement["Sid"] == "Deliveries"
    ]
    assert delivery["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    ((topic,),) = delivery["Condition"]["ArnLike"].values()
    assert list(delivery["Condition"]["ArnLike"]) == ["kms:EncryptionContext:aws:sns:topicArn"]
    assert text(topic).endswith(f":{platform}-alerts-${{EnvironmentSuffix}}")


@pytest.mark.requirement("A-4")
def test_auto_scalings_role_uses_the_volumes_key_as_aws_documents_it() -> None:
    """Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html."""
    _, use, grants = statements(find_resource("transactions", "VolumeKey").properties["KeyPolicy"])
    for each in (use, grants):
        assert [text(role) for role in each["Principal"]["AWS"]] == ["${ScalingRoleArn}"]
    assert "Condition" not in use
    assert grants["Action"] == ["kms:CreateGrant"]
    assert grants["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
