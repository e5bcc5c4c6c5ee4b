"""The engine version is compared with what runs and with what RDS offers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cfn.errors import Fault
from deploy.planning.preflight.engine_version import check_engine_version
from tests.deploy.support.aws import Scripted
from tests.deploy.support.preflight import FILE, script_resource, subject

TIER = """
Parameters: {Version: {Type: String}}
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties: {Engine: aurora-postgresql, EngineVersion: !Ref Version}
"""
UPGRADES = {"17.4": ("17.6", "17.7", "17.9"), "17.6": ("17.7", "17.9"), "17.7": ("17.9",), "17.9": ()}
PARAMETER = "PostgresEngineVersion"


def script_catalogue(scripted: Scripted, *, deprecated: tuple[str, ...] = ("17.4",)) -> None:
    entries = [
        {
            "Engine": "aurora-postgresql",
            "EngineVersion": version,
            "Status": "deprecated" if version in deprecated else "available",
            "ValidUpgradeTarget": [{"EngineVersion": target} for target in targets],
        }
        for version, targets in UPGRADES.items()
    ]
    request = {"Engine": "aurora-postgresql", "IncludeAll": True}
    scripted["rds"].add_response("describe_db_engine_versions", {"DBEngineVersions": entries}, request)


def script_cluster(scripted: Scripted, running: str) -> None:
    script_resource(scripted, "Cluster", "small-aurora-dev")
    cluster = {"DBClusterIdentifier": "small-aurora-dev", "EngineVersion": running}
    request = {"DBClusterIdentifier": "small-aurora-dev"}
    scripted["rds"].add_response("describe_db_clusters", {"DBClusters": [cluster]}, request)


def check(scripted: Scripted, wanted: str, deployed: Mapping[str, str] | None = None) -> list[Fault | str]:
    values = {PARAMETER: wanted, "ManageApiGatewayAccount": "false"}
    return list(check_engine_version(subject(scripted, values, tier=TIER, deployed=deployed)))


def test_a_version_that_rds_offers_can_be_created(scripted: Scripted) -> None:
    script_catalogue(scripted)
    assert check(scripted, "17.7") == []


def test_a_version_that_rds_no_longer_offers_is_a_fault(scripted: Scripted) -> None:
    script_catalogue(scripted, deprecated=("17.4", "17.6"))
    assert check(scripted, "17.6") == [
        Fault(
            FILE,
            PARAMETER,
            "AWS does not offer aurora-postgresql 17.6 to new clusters in us-east-1.",
            "Set it to 17.7 or 17.9.",
        )
    ]


def test_a_version_that_was_never_offered_in_the_region_is_a_fault(scripted: Scripted) -> None:
    script_catalogue(scripted, deprecated=("17.4", "17.6", "17.7", "17.9"))
    (fault,) = check(scripted, "17.8")
    assert isinstance(fault, Fault)
    assert fault.do == "Offer a newer version in the parameter of the template."


def test_a_cluster_whose_creation_failed_counts_as_new(scripted: Scripted) -> None:
    script_resource(scripted, "Cluster", None)
    script_catalogue(scripted)
    assert check(scripted, "17.7", {PARAMETER: "17.7"}) == []


def test_a_cluster_that_somebody_deleted_counts_as_new(scripted: Scripted) -> None:
    script_resource(scripted, "Cluster", "small-aurora-dev")
    scripted["rds"].add_client_error("describe_db_clusters", "DBClusterNotFoundFault", "not found", 404)
    script_catalogue(scripted)
    assert check(scripted, "17.7", {PARAMETER: "17.7"}) == []


@pytest.mark.parametrize("deployed", ["17.6", "17.9"], ids=["changed to it", "unchanged"])
def test_the_version_that_runs_is_right(scripted: Scripted, deployed: str) -> None:
    """AWS has upgraded to 17.9, and the parameter follows."""
    script_cluster(scripted, "17.9")
    assert check(scripted, "17.9", {PARAMETER: deployed}) == []


def test_an_upgrade_is_right(scripted: Scripted) -> None:
    script_cluster(scripted, "17.6")
    script_catalogue(scripted)
    assert check(scripted, "17.9", {PARAMETER: "17.6"}) == []


def test_an_upgrade_from_a_version_that_rds_no_longer_offers_is_right(scripted: Scripted) -> None:
    script_cluster(scripted, "17.4")
    script_catalogue(scripted)
    assert check(scripted, "17.6", {PARAMETER: "17.4"}) == []


def test_a_parameter_that_stays_behind_what_runs_is_a_note(scripted: Scripted) -> None:
    """CloudFormation sends no version while the parameter keeps its value."""
    script_cluster(scripted, "17.9")
    (note,) = check(scripted, "17.7", {PARAMETER: "17.7"})
    assert isinstance(note, str)
    assert note.startswith("PostgresEngineVersion is 17.7, but small-aurora-dev runs 17.9")
    assert note.endswith("Change it to 17.9 or to an upgrade of it only.")


def test_a_change_to_an_older_version_than_the_running_one_is_a_fault(scripted: Scripted) -> None:
    """17.6 was deployed and AWS upgraded to 17.9. A person sets 17.7, which RDS rejects: the whole update rolled back."""
    script_cluster(scripted, "17.9")
    script_catalogue(scripted)
    assert check(scripted, "17.7", {PARAMETER: "17.6"}) == [
        Fault(
            FILE,
            PARAMETER,
            "small-aurora-dev runs aurora-postgresql 17.9, and RDS offers no upgrade from there to 17.7.",
            "Set it to 17.9, which runs.",
        )
    ]


def test_where_the_template_does_not_allow_what_runs_the_old_value_is_the_way_back(scripted: Scripted) -> None:
    script_cluster(scripted, "17.10")
    script_catalogue(scripted)
    (fault,) = check(scripted, "17.7", {PARAMETER: "17.6"})
    assert isinstance(fault, Fault)
    assert fault.do == "Set it back to 17.6: CloudFormation then leaves the version that runs alone."


def test_a_platform_without_a_database_calls_nothing(scripted: Scripted) -> None:
    assert list(check_engine_version(subject(scripted, {"ManageApiGatewayAccount": "false"}))) == []
