"""The database of transactions and its login (X-DB-1, X-SEC-1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders.contract.parameters import MYSQL_VERSION
from tests.builders.support import Found, one, permissions_of, resources, templates, text

P = "transactions"


# --- X-DB-1 ----------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("X-DB-1")
def test_the_cluster_is_aurora_mysql_8_encrypted_with_seven_days_of_backups() -> None:
    cluster = one(P, "DatabaseCluster").properties
    assert cluster["Engine"] == "aurora-mysql"
    assert cluster["EngineVersion"] == {"Ref": "MysqlEngineVersion"}
    assert all(str(version).startswith("8.0.mysql_aurora.3.") for version in MYSQL_VERSION.allowed_values)
    assert cluster["StorageEncrypted"] is True
    assert cluster["BackupRetentionPeriod"] == {"Ref": "BackupRetentionDays"}
    assert templates(P)["root"]["Parameters"]["BackupRetentionDays"]["Default"] == 7
    assert templates("trading")["root"]["Parameters"]["BackupRetentionDays"]["Default"] == 1
    assert cluster["MasterUserSecret"] == {"KmsKeyId": {"Ref": "DatabaseKeyArn"}}


@pytest.mark.requirement("X-DB-1")
def test_two_instances_of_r6g_large_stand_in_different_zones_with_performance_insights() -> None:
    instances = [found.properties for found in resources(P, "AWS::RDS::DBInstance")]
    assert [each["AvailabilityZone"] for each in instances] == [{"Ref": "ZoneA"}, {"Ref": "ZoneB"}]
    assert {text(each["DBInstanceClass"]) for each in instances} == {"${DatabaseInstanceClass}"}
    assert templates(P)["root"]["Parameters"]["DatabaseInstanceClass"]["Default"] == "db.r6g.large"
    assert all(each["EnablePerformanceInsights"] is True for each in instances)
    assert all(each["PerformanceInsightsKMSKeyId"] == {"Ref": "DatabaseKeyArn"} for each in instances)
    assert all(each["PubliclyAccessible"] is False for each in instances)


@pytest.mark.requirement("X-DB-1")
def test_tls_is_required_and_no_log_holds_data() -> None:
    parameters = one(P, "DatabaseClusterParameters").properties["Parameters"]
    assert parameters["require_secure_transport"] == "ON"
    assert parameters["tls_version"] == "TLSv1.2,TLSv1.3"
    assert "QUERY," not in parameters["server_audit_events"] + ","
    assert one(P, "DatabaseInstanceParameters").properties["Parameters"]["slow_query_log"] == "0"
    assert one(P, "DatabaseCluster").properties["EnableCloudwatchLogsExports"] == ["audit", "error"]


@pytest.mark.requirement("X-DB-1", "X-MON-1")
def test_log_groups_exist_before_aurora_would_make_them() -> None:
    cluster = one(P, "DatabaseCluster")
    assert cluster.body["DependsOn"] == ["DatabaseAuditLogGroup", "DatabaseErrorLogGroup"]
    identifier = text(cluster.properties["DBClusterIdentifier"])
    for log, title in (("audit", "DatabaseAuditLogGroup"), ("error", "DatabaseErrorLogGroup")):
        assert text(one(P, title).properties["LogGroupName"]) == f"/aws/rds/cluster/{identifier}/{log}"


# --- X-SEC-1 ---------------------------------------------------------------------------------------------------------
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
    runbook = (Path(__file__).parents[2] / "docs" / "transactions.md").read_text("utf-8")
    about = runbook.partition("## The database login")[2].partition("\n## ")[0]
    assert "After a leak rotate twice" in about
    assert "for turn in first second; do" in about
    name = text(one(P, "DatabaseSecret").properties["Name"]).replace("${EnvironmentSuffix}", "<suffix>")
    assert f"secret={name}\n" in about
