"""The database login of transactions (X-SEC-1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.builders.support.paths import PROJECT
from tests.builders.support.policies import permissions_of
from tests.builders.support.resources import Found, one, resources, templates, text

P = "transactions"


@pytest.mark.requirement("X-SEC-1")
def test_the_login_is_drawn_by_secrets_manager_and_names_who_may_make_users() -> None:
    secret = one(P, "DatabaseSecret").properties
    drawn = secret["GenerateSecretString"]
    assert drawn["GenerateStringKey"] == "password"
    assert json.loads(text(drawn["SecretStringTemplate"])) == {
        "username": "payments",
        "dbname": "payments",
        "masterarn": "${DatabaseMasterSecretArn}",
    }
    assert drawn["PasswordLength"] >= 32
    assert secret["KmsKeyId"] == {"Ref": "SecretsKeyArn"}


@pytest.mark.requirement("X-SEC-1")
def test_it_is_attached_to_the_cluster_and_rotates_every_thirty_days() -> None:
    attachment = one(P, "DatabaseSecretAttachment").properties
    assert attachment["TargetType"] == "AWS::RDS::DBCluster"
    assert attachment["TargetId"] == {"Ref": "DatabaseClusterId"}
    schedule = one(P, "DatabaseSecretRotation")
    assert schedule.properties["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert schedule.properties["RotationLambdaARN"] == {"Fn::GetAtt": ["RotateSecretFunction", "Arn"]}
    # The first rotation comes at once: the function may be called, the secret is whole, the user exists.
    assert schedule.body["DependsOn"] == ["RotationPermission", "DatabaseSecretAttachment", "DatabaseMigration"]


@pytest.mark.requirement("X-SEC-1")
def test_only_this_secrets_rotation_may_call_the_function() -> None:
    permission = one(P, "RotationPermission").properties
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceArn"] == {"Ref": "DatabaseSecret"}
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


@pytest.mark.requirement("X-SEC-1", "A-6")
def test_the_rotation_may_change_this_secret_and_read_the_masters() -> None:
    allowed = {each["Sid"]: each for each in permissions_of(P, "RotateSecretRole")}
    assert allowed["RotateSecret"]["Resource"] == [{"Ref": "DatabaseSecret"}]
    assert "secretsmanager:PutSecretValue" in allowed["RotateSecret"]["Action"]
    assert allowed["ReadMasterSecret"]["Action"] == ["secretsmanager:GetSecretValue"]
    assert allowed["ReadMasterSecret"]["Resource"] == [{"Ref": "DatabaseMasterSecretArn"}]
    assert allowed["DrawPassword"]["Action"] == ["secretsmanager:GetRandomPassword"]


def keys_through_secrets_manager(role: str) -> dict[str, set[str]]:
    """Key → what the role may do with it through Secrets Manager."""
    return {
        text(statement["Resource"][0]): set(statement["Action"])
        for statement in permissions_of(P, role)
        if text(statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", [""])[0]).startswith(
            "secrets"
        )
    }


@pytest.mark.requirement("X-SEC-1", "A-6")
def test_a_data_key_is_given_only_where_a_secret_is_written() -> None:
    """Every reader of a secret could also encrypt under its key; the master's is written by RDS alone."""
    read, write = {"kms:Decrypt"}, {"kms:Decrypt", "kms:GenerateDataKey"}
    assert keys_through_secrets_manager("RotateSecretRole") == {"${SecretsKeyArn}": write, "${DatabaseKeyArn}": read}
    assert keys_through_secrets_manager("MigrateMysqlRole") == {"${SecretsKeyArn}": read, "${DatabaseKeyArn}": read}


@pytest.mark.requirement("X-SEC-1", "X-DB-1")
def test_the_migration_waits_for_the_whole_cluster_and_runs_again_with_new_sql() -> None:
    run = one(P, "DatabaseMigration").properties
    assert run["ArtifactKey"] == {"Ref": "MigrateMysqlArtifactKey"}
    assert run["Reader"] == {"Ref": "DatabaseReaderId"}
    assert templates(P)["database"]["Outputs"]["DatabaseReaderId"]["Value"] == {"Ref": "DatabaseReader"}


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for item in value.values() for found in strings(item)]
    if isinstance(value, list):
        return [found for item in value for found in strings(item)]
    return [str(value)]


@pytest.mark.requirement("X-SEC-1")
@pytest.mark.parametrize("found", list(resources(P)), ids=str)
def test_no_template_holds_or_passes_a_password(found: Found) -> None:
    """A resolved secret stands only where the header is compared and where it is sent."""
    resolved = [each for each in strings(found.properties) if "{{resolve:secretsmanager" in each]
    assert not resolved or found.title in {"Distribution", "HttpFromCloudFront", "HttpsFromCloudFront"}
    assert "MasterUserPassword" not in found.properties


@pytest.mark.requirement("X-SEC-1")
def test_the_runbook_says_to_rotate_twice_after_a_leak() -> None:
    """Two users take turns: one rotation leaves the password that leaked valid for up to thirty days."""
    runbook = (PROJECT / "docs" / "transactions.md").read_text("utf-8")
    about = runbook.partition("## The database login")[2].partition("\n## ")[0]
    assert "After a leak rotate twice" in about
    assert "for turn in first second; do" in about
    name = text(one(P, "DatabaseSecret").properties["Name"]).replace("${EnvironmentSuffix}", "<suffix>")
    assert f"secret={name}\n" in about
