"""The database of transactions (X-DB-1)."""

from __future__ import annotations

import pytest

from builders.contract.parameters import MYSQL_VERSION
from tests.builders.support.resources import find_resource, resources, templates, text

PLATFORM = "transactions"


@pytest.mark.requirement("X-DB-1")
def test_the_cluster_is_aurora_mysql_8_encrypted_with_seven_days_of_backups() -> None:
    cluster = find_resource(PLATFORM, "DatabaseCluster").properties
    assert cluster["Engine"] == "aurora-mysql"
    assert cluster["EngineVersion"] == {"Ref": "MysqlEngineVersion"}
    assert all(str(version).startswith("8.0.mysql_aurora.3.") for version in MYSQL_VERSION.allowed_values)
    assert cluster["StorageEncrypted"] is True
    assert cluster["BackupRetentionPeriod"] == {"Ref": "BackupRetentionDays"}
    assert templates(PLATFORM)["root"]["Parameters"]["BackupRetentionDays"]["Default"] == 7
    assert templates("trading")["root"]["Parameters"]["BackupRetentionDays"]["Default"] == 1
    assert cluster["MasterUserSecret"] == {"KmsKeyId": {"Ref": "DatabaseKeyArn"}}


@pytest.mark.requirement("X-DB-1")
def test_two_instances_of_r6g_large_stand_in_different_zones_with_performance_insights() -> None:
    instances = [resource.properties for resource in resources(PLATFORM, "AWS::RDS::DBInstance")]
    assert [each["AvailabilityZone"] for each in instances] == [{"Ref": "ZoneA"}, {"Ref": "ZoneB"}]
    assert {text(each["DBInstanceClass"]) for each in instances} == {"${DatabaseInstanceClass}"}
    assert templates(PLATFORM)["root"]["Parameters"]["DatabaseInstanceClass"]["Default"] == "db.r6g.large"
    assert all(each["EnablePerformanceInsights"] is True for each in instances)
    assert all(each["PerformanceInsightsKMSKeyId"] == {"Ref": "DatabaseKeyArn"} for each in instances)
    assert all(each["PubliclyAccessible"] is False for each in instances)


@pytest.mark.requirement("X-DB-1")
def test_tls_is_required_and_no_log_holds_data() -> None:
    parameters = find_resource(PLATFORM, "DatabaseClusterParameters").properties["Parameters"]
    assert parameters["require_secure_transport"] == "ON"
    assert parameters["tls_version"] == "TLSv1.2,TLSv1.3"
    assert "QUERY," not in parameters["server_audit_events"] + ","
    assert find_resource(PLATFORM, "DatabaseInstanceParameters").properties["Parameters"]["slow_query_log"] == "0"
    assert find_resource(PLATFORM, "DatabaseCluster").properties["EnableCloudwatchLogsExports"] == ["audit", "error"]


@pytest.mark.requirement("X-DB-1", "X-MON-1")
def test_log_groups_exist_before_aurora_would_create_them() -> None:
    cluster = find_resource(PLATFORM, "DatabaseCluster")
    assert cluster.body["DependsOn"] == ["DatabaseAuditLogGroup", "DatabaseErrorLogGroup"]
    identifier = text(cluster.properties["DBClusterIdentifier"])
    for log, title in (("audit", "DatabaseAuditLogGroup"), ("error", "DatabaseErrorLogGroup")):
        assert text(find_resource(PLATFORM, title).properties["LogGroupName"]) == f"/aws/rds/cluster/{identifier}/{log}"
