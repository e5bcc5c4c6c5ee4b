"""The database of trading (T-DB-*)."""

from __future__ import annotations

import json

import pytest

from builders.trading import facts
from builders.trading.database import ANALYST_USER
from tests.builders.support.conditions import deployed
from tests.builders.support.paths import PROJECT
from tests.builders.support.policies import permissions_of, statements
from tests.builders.support.resources import find_resource, resources, templates, text

CLUSTER = find_resource("trading", "DatabaseCluster").properties


@pytest.mark.requirement("T-DB-1")
def test_aurora_postgresql_serverless_in_private_subnets() -> None:
    assert CLUSTER["Engine"] == "aurora-postgresql"
    assert CLUSTER["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": {"Ref": "DatabaseMinCapacity"},
        "MaxCapacity": {"Ref": "DatabaseMaxCapacity"},
        "SecondsUntilAutoPause": {"Fn::If": ["DatabasePauses", 300, {"Ref": "AWS::NoValue"}]},
    }
    subnets = find_resource("trading", "DatabaseSubnetGroup").properties["SubnetIds"]
    assert subnets == [{"Ref": f"PrivateSubnet{zone}Id"} for zone in "ABC"]


@pytest.mark.requirement("T-DB-1")
def test_writer_and_reader_stand_in_different_zones() -> None:
    instances = list(resources("trading", "AWS::RDS::DBInstance"))
    assert [instance.properties["AvailabilityZone"] for instance in instances] == [{"Ref": "ZoneA"}, {"Ref": "ZoneB"}]
    assert all(instance.properties["DBInstanceClass"] == "db.serverless" for instance in instances)
    assert not any(instance.properties["PubliclyAccessible"] for instance in instances)


@pytest.mark.requirement("T-DB-5")
@pytest.mark.parametrize(
    ("capacity", "seconds", "idle_session"), [("0", 300, "300000"), ("0.5", None, None), ("4", None, None)]
)
def test_database_pauses_only_at_a_minimum_of_0(capacity: str, seconds: int | None, idle_session: str | None) -> None:
    """Above it Aurora knows no time until a pause, and nothing closes idle sessions."""
    content = deployed(
        templates("trading")["database"],
        AnalystPrincipalArns="none",
        DatabaseMinCapacity=capacity,
        ReserveConcurrency="false",
        SingleSignOnEnforcesMfa="false",
    )
    scaling = content["DatabaseCluster"]["Properties"]["ServerlessV2ScalingConfiguration"]
    assert scaling.get("SecondsUntilAutoPause") == seconds
    settings = content["DatabaseClusterParameters"]["Properties"]["Parameters"]
    assert settings.get("idle_session_timeout") == idle_session


@pytest.mark.requirement("T-DB-5")
def test_writer_and_reader_pause_together() -> None:
    """A reader in a promotion tier above 1 resumes alone, and the first answer of query comes from it later."""
    tiers = [instance.properties["PromotionTier"] for instance in resources("trading", "AWS::RDS::DBInstance")]
    assert tiers == [0, 1]


@pytest.mark.requirement("T-DB-5")
def test_only_dev_pauses() -> None:
    minimum = {
        path.stem: json.loads(path.read_text("utf-8"))["Parameters"]["DatabaseMinCapacity"]
        for path in (PROJECT / "params" / "trading").glob("*.json")
        if path.stem != "deployment"
    }
    assert {environment for environment, capacity in minimum.items() if capacity == "0"} == {"dev"}
    assert templates("trading")["root"]["Parameters"]["DatabaseMinCapacity"]["Default"] == 0.5


@pytest.mark.requirement("T-DB-2")
def test_backups_encryption_secret_and_sign_in() -> None:
    assert CLUSTER["BackupRetentionPeriod"] == {"Ref": "BackupRetentionDays"}
    assert templates("trading")["root"]["Parameters"]["BackupRetentionDays"]["Default"] == 1
    assert CLUSTER["StorageEncrypted"] is True
    assert CLUSTER["ManageMasterUserPassword"] is True
    assert CLUSTER["MasterUserSecret"] == {"KmsKeyId": {"Ref": "DatabaseKeyArn"}}
    assert "MasterUserPassword" not in CLUSTER
    assert CLUSTER["EnableIAMDatabaseAuthentication"] is True
    assert CLUSTER["DeleteAutomatedBackups"] is True


@pytest.mark.requirement("T-DB-2")
def test_tls_is_forced_and_no_data_is_logged() -> None:
    parameters = find_resource("trading", "DatabaseClusterParameters").properties["Parameters"]
    assert parameters["rds.force_ssl"] == "1"
    assert parameters["ssl_min_protocol_version"] == "TLSv1.2"
    assert parameters["log_statement"] == "ddl"
    assert parameters["log_error_verbosity"] == "terse", "DETAIL and CONTEXT of an error quote rows"
    assert parameters["log_parameter_max_length"] == "0"


@pytest.mark.requirement("T-DB-4")
def test_pgaudit_is_loaded_beside_the_statistics_and_logs_no_values() -> None:
    """``pgaudit.log`` is not set for the cluster, because the functions' user would be audited too."""
    parameters = find_resource("trading", "DatabaseClusterParameters").properties["Parameters"]
    assert parameters["shared_preload_libraries"] == "pg_stat_statements,pgaudit"
    assert {name: value for name, value in parameters.items() if name.startswith("pgaudit.")} == {
        "pgaudit.log_parameter": "0"
    }


@pytest.mark.requirement("T-DB-4")
def test_the_stack_says_whether_analysts_are_audited_and_the_migration_can_run_again() -> None:
    """After the reboot that loads pgAudit no code changes, so something else must change for the migration to run."""
    assert find_resource("trading", "DatabaseMigration").properties["Run"] == {"Ref": "MigrationRun"}
    root = templates("trading")["root"]
    assert root["Parameters"]["MigrationRun"]["Default"] == 1, "an existing stack needs no new value"
    assert root["Outputs"]["AnalystAudit"]["Value"] == {"Fn::GetAtt": ["Database", "Outputs.AnalystAudit"]}


@pytest.mark.requirement("T-DB-2", "A-2")
def test_log_group_exists_before_aurora_would_create_it() -> None:
    assert CLUSTER["EnableCloudwatchLogsExports"] == ["postgresql"]
    assert find_resource("trading", "DatabaseCluster").body["DependsOn"] == ["DatabaseLogGroup"]
    name = text(find_resource("trading", "DatabaseLogGroup").properties["LogGroupName"])
    assert name == f"/aws/rds/cluster/{text(CLUSTER['DBClusterIdentifier'])}/postgresql"


@pytest.mark.requirement("T-DB-2")
def test_performance_insights_are_under_the_key() -> None:
    for resource in resources("trading", "AWS::RDS::DBInstance"):
        assert resource.properties["EnablePerformanceInsights"] is True
        assert resource.properties["PerformanceInsightsKMSKeyId"] == {"Ref": "DatabaseKeyArn"}


@pytest.mark.requirement("T-DB-3")
@pytest.mark.parametrize(
    ("holder", "user"), [("DatabaseConnectPolicy", facts.APP_USER), ("AnalystPolicy", ANALYST_USER)]
)
def test_sign_in_is_for_one_user_on_this_cluster(holder: str, user: str) -> None:
    (statement,) = statements(find_resource("trading", holder).properties["PolicyDocument"])
    assert statement["Action"] == ["rds-db:connect"]
    (resource,) = statement["Resource"]
    pattern, values = resource["Fn::Sub"]
    assert pattern == "arn:${AWS::Partition}:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${Cluster}/" + user
    assert values == {"Cluster": {"Fn::GetAtt": ["DatabaseCluster", "DBClusterResourceId"]}}


@pytest.mark.requirement("T-DB-3")
def test_the_migration_signs_in_as_the_master_of_this_cluster() -> None:
    """RDS may reject the master's password once the master is an indirect member of rds_iam."""
    (statement,) = [s for s in permissions_of("trading", "MigrateRole") if s["Sid"] == "ConnectAsMaster"]
    assert statement["Action"] == ["rds-db:connect"]
    (resource,) = statement["Resource"]
    pattern, values = resource["Fn::Sub"]
    assert pattern.endswith(":dbuser:${Cluster}/" + CLUSTER["MasterUsername"])
    assert values == {"Cluster": {"Fn::GetAtt": ["DatabaseCluster", "DBClusterResourceId"]}}


@pytest.mark.requirement("T-DB-3")
def test_only_processing_and_query_sign_in_as_the_application() -> None:
    carriers = {
        resource.title
        for resource in resources("trading", "AWS::IAM::Role")
        if {"Ref": "DatabaseConnectPolicyArn"} in resource.properties["ManagedPolicyArns"]
    }
    assert carriers == {"ProcessRole", "QueryRole"}


@pytest.mark.requirement("T-DB-3")
def test_migration_runs_after_the_instances_and_again_when_its_code_changes() -> None:
    migration = find_resource("trading", "DatabaseMigration")
    assert migration.type == "Custom::DatabaseMigration"
    assert migration.body["DependsOn"] == ["DatabaseWriter", "DatabaseReader"]
    assert migration.properties["ArtifactKey"] == {"Ref": "MigrateArtifactKey"}
    reads = [s["Resource"] for s in permissions_of("trading", "MigrateRole") if s["Sid"] == "ReadMasterSecret"]
    assert reads == [[{"Fn::GetAtt": ["DatabaseCluster", "MasterUserSecret.SecretArn"]}]]
