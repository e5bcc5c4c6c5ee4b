"""Engine versions of the embedded RDS: what a cluster can be upgraded to, and that no cluster goes back."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local.cloud import EmbeddedCloud

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize(
    ("engine", "version", "target", "other"),
    [
        ("aurora-postgresql", "17.7", "17.9", "17.6"),
        ("aurora-mysql", "8.0.mysql_aurora.3.10.3", "8.0.mysql_aurora.3.12.0", "8.4.mysql_aurora.8.4.7"),
    ],
)
def test_targets_are_later_versions_of_the_same_major_version(
    cloud: EmbeddedCloud, engine: str, version: str, target: str, other: str
) -> None:
    (entry,) = cloud.client("rds").describe_db_engine_versions(Engine=engine, EngineVersion=version)["DBEngineVersions"]
    targets = {upgrade["EngineVersion"] for upgrade in entry["ValidUpgradeTarget"]}
    assert target in targets
    assert not targets & {version, other}


def test_a_cluster_is_upgraded_and_never_goes_back(cloud: EmbeddedCloud) -> None:
    rds = cloud.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="versions",
        Engine="aurora-postgresql",
        EngineVersion="17.6",
        MasterUsername="keeper",
        ManageMasterUserPassword=True,
    )
    for version in ("17.6", "17.9"):
        changed = rds.modify_db_cluster(DBClusterIdentifier="versions", EngineVersion=version, ApplyImmediately=True)
        assert changed["DBCluster"]["EngineVersion"] == version
    with pytest.raises(ClientError, match=r"Cannot upgrade aurora-postgresql from 17\.9 to 17\.7"):
        rds.modify_db_cluster(DBClusterIdentifier="versions", EngineVersion="17.7", ApplyImmediately=True)
    rds.delete_db_cluster(DBClusterIdentifier="versions", SkipFinalSnapshot=True)
