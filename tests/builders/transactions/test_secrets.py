"""The database login of transactions (X-SEC-1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.builders.support.paths import PROJECT
from tests.builders.support.policies import permissions_of
from tests.builders.support.resources import Resource, find_resource, resources, templates, text

PLATFORM = "transactions"


@pytest.mark.requirement("X-SEC-1")
def test_secrets_manager_generates_the_login_which_names_the_master_secret() -> None:
    secret = find_resource(PLATFORM, "DatabaseSecret").properties
    generated = secret["GenerateSecretString"]
    assert generated["GenerateStringKey"] == "password"
    assert json.loads(text(generated["SecretStringTemplate"])) == {
        "username": "payments",
        "dbname": "payments",
        "masterarn": "${DatabaseMasterSecretArn}",
    }
    assert generated["PasswordLength"] >= 32
    assert secret["KmsKeyId"] == {"Ref": "SecretsKeyArn"}


@pytest.mark.requirement("X-SEC-1")
def test_the_login_is_attached_to_the_cluster_and_rotates_every_thirty_days() -> None:
    attachment = find_resource(PLATFORM, "DatabaseSecretAttachment").properties
    assert attachment["TargetType"] == "AWS::RDS::DBCluster"
    assert attachment["TargetId"] == {"Ref": "DatabaseClusterId"}
    schedule = find_resource(PLATFORM, "DatabaseSecretRotation")
    assert schedule.properties["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert schedule.properties["RotationLambdaARN"] == {"Fn::GetAtt": ["RotateSecretFunction", "Arn"]}
    # The first rotation comes at once. Before it, the function may be invoked, the secret is complete, and the user exists.
    assert schedule.body["DependsOn"] == ["RotationPermission", "DatabaseSecretAttachment", "DatabaseMigration"]


@pytest.mark.requirement("X-SEC-1")
def test_only_this_secrets_rotation_may_call_the_function() -> None:
    permission = find_resource(PLATFORM, "RotationPermission").properties
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceArn"] == {"Ref": "DatabaseSecret"}
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


@pytest.mark.requirement("X-SEC-1", "A-6")
def test_the_rotation_may_change_this_secret_and_read_the_masters() -> None:
    allowed = {each["Sid"]: each for each in permissions_of(PLATFORM, "RotateSecretRole")}
    assert allowed["RotateSecret"]["Resource"] == [{"Ref": "DatabaseSecret"}]
    assert "secretsmanager:PutSecretValue" in allowed["RotateSecret"]["Action"]
    assert allowed["ReadMasterSecret"]["Action"] == ["secretsmanager:GetSecretValue"]
    assert allowed["ReadMasterSecret"]["Resource"] == [{"Ref": "DatabaseMasterSecretArn"}]
    assert allowed["DrawPassword"]["Action"] == ["secretsmanager:GetRandomPassword"]


def keys_through_secrets_manager(role: str) -> dict[str, set[str]]:
    """Key → what the role may do with it through Secrets Manager."""
    return {
        text(statement["Resource"][0]): set(statement["Action"])
        for statement in permissions_of(PLATFORM, role)
        if text(statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", [""])[0]).startswith(
            "secrets"
        )
    }


@pytest.mark.requirement("X-SEC-1", "A-6")
def test_only_a_writer_of_a_secret_may_generate_data_keys() -> None:
    """Regression: every reader of a secret could also encrypt under its key. RDS alone writes the master's secret."""
    read, write = {"kms:Decrypt"}, {"kms:Decrypt", "kms:GenerateDataKey"}
    assert keys_through_secrets_manager("RotateSecretRole") == {"${SecretsKeyArn}": write, "${DatabaseKeyArn}": read}
    assert keys_through_secrets_manager("MigrateMysqlRole") == {"${SecretsKeyArn}": read, "${DatabaseKeyArn}": read}


@pytest.mark.requirement("X-SEC-1", "X-DB-1")
def test_the_migration_waits_for_the_whole_cluster_and_runs_again_with_new_sql() -> None:
    run = find_resource(PLATFORM, "DatabaseMigration").properties
    assert run["ArtifactKey"] == {"Ref": "MigrateMysqlArtifactKey"}
    assert run["Reader"] == {"Ref": "DatabaseReaderId"}
    assert templates(PLATFORM)["database"]["Outputs"]["DatabaseReaderId"]["Value"] == {"Ref": "DatabaseReader"}


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [string for item in value.values() for string in strings(item)]
    if isinstance(value, list):
        return [string for item in value for string in strings(item)]
    return [str(value)]


@pytest.mark.requirement("X-SEC-1")
@pytest.mark.parametrize("resource", list(resources(PLATFORM)), ids=str)
def test_no_template_contains_or_passes_a_password(resource: Resource) -> None:
    """Only the comparison of the header and its sending resolve a secret."""
    resolved = [each for each in strings(resource.properties) if "{{resolve:secretsmanager" in each]
    assert not resolved or resource.title in {"Distribution", "HttpFromCloudFront", "HttpsFromCloudFront"}
    assert "MasterUserPassword" not in resource.properties


@pytest.mark.requirement("X-SEC-1")
def test_the_runbook_says_to_rotate_twice_after_a_leak() -> None:
    """Two users alternate, so after one rotation the leaked password stays valid for up to thirty days."""
    runbook = (PROJECT / "docs" / "transactions.md").read_text("utf-8")
    about = runbook.partition("## The database login")[2].partition("\n## ")[0]
    assert "After a leak rotate twice" in about
    assert "for turn in first second; do" in about
    name = text(find_resource(PLATFORM, "DatabaseSecret").properties["Name"]).replace(
        "${EnvironmentSuffix}", "<suffix>"
    )
    assert f"secret={name}\n" in about
