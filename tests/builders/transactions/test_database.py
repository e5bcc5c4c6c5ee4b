"""The database of transactions (X-DB-1)."""

from __future__ import annotations

import pytest

from builders.contract.parameters import MYSQL_VERSION
from tests.builders.support.resources import one, resources, templates, text

P = "transactions"


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
