"""The engine version: AWS offers it to a new cluster, and a cluster that runs can be upgraded to it.

RDS upgrades minor versions by itself in the maintenance window (``AutoMinorVersionUpgrade`` of
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html), and CloudFormation does not notice. What
follows depends on whether the parameter changes in this deployment:

- The parameter keeps its value: CloudFormation sends ModifyDBCluster no version, also if other properties of the cluster
  change (modifyDbClusterRequest in https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds). The
  database keeps what runs. That is a note, because the next change of the parameter has to start from there.
- The parameter gets another value: RDS accepts the version that runs and its upgrade targets (``ValidUpgradeTarget`` of
  https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBEngineVersion.html). It rejects an older one:
  "Cannot upgrade aurora-postgresql from 17.5 to 17.4" (https://github.com/hashicorp/terraform-provider-aws/issues/45026).
  Then the whole update would roll back, so it is a fault.
- There is no cluster yet: RDS creates one only with a version that it still offers (``Status`` is ``available``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cfn.errors import Fault
from deploy.planning.preflight.subject import Finding, Subject
from deploy.session import code_of

CLUSTER = "AWS::RDS::DBCluster"
ENGINES = {"PostgresEngineVersion": "aurora-postgresql", "MysqlEngineVersion": "aurora-mysql"}
"""The parameter with the version -> the engine."""


def check_engine_version(subject: Subject) -> Iterator[Finding]:
    """Compare each version with what runs and with what AWS offers."""
    for parameter, engine in ENGINES.items():
        if parameter in subject.values:
            yield from _check(subject, parameter, engine)


def _check(subject: Subject, parameter: str, engine: str) -> Iterator[Finding]:
    wanted, deployed = subject.values[parameter], subject.deployed_value(parameter)
    cluster = _running_cluster(subject, engine)
    if cluster is None:
        yield from _check_offer(subject, parameter, _Catalogue.read(subject, engine))
        return
    name, running = cluster["DBClusterIdentifier"], cluster["EngineVersion"]
    if wanted == running:
        return
    if wanted == deployed:
        yield (
            f"{parameter} is {wanted}, but {name} runs {running}. RDS upgrades minor versions by itself, and CloudFormation "
            f"leaves the version alone until the parameter changes. Change it to {running} or to an upgrade of it only."
        )
    elif wanted not in _Catalogue.read(subject, engine).upgrades(running):
        what = f"{name} runs {engine} {running}, and RDS offers no upgrade from there to {wanted}."
        yield Fault(subject.file, parameter, what, _way_back(subject, parameter, running))


def _way_back(subject: Subject, parameter: str, running: str) -> str:
    """The value with which the plan leaves the database as it is: what runs, or what the parameter was."""
    deployed = subject.deployed_value(parameter)
    if deployed is None or running in _allowed(subject, parameter):
        return f"Set it to {running}, which runs."
    return f"Set it back to {deployed}: CloudFormation then leaves the version that runs alone."


def _check_offer(subject: Subject, parameter: str, catalogue: _Catalogue) -> Iterator[Finding]:
    wanted = subject.values[parameter]
    if wanted in catalogue.offered:
        return
    allowed = [version for version in _allowed(subject, parameter) if version in catalogue.offered]
    do = f"Set it to {' or '.join(allowed)}." if allowed else "Offer a newer version in the parameter of the template."
    what = f"AWS does not offer {catalogue.engine} {wanted} to new clusters in {subject.aws.region}."
    yield Fault(subject.file, parameter, what, do)


def _allowed(subject: Subject, parameter: str) -> Sequence[str]:
    """The values that the root allows for a parameter."""
    allowed: Sequence[str] = subject.templates.root.document["Parameters"][parameter].get("AllowedValues", ())
    return allowed


def _running_cluster(subject: Subject, engine: str) -> Mapping[str, Any] | None:
    """The stack's cluster of an engine, as RDS describes it; None if it does not exist."""
    for resource in subject.planned(CLUSTER):
        if resource.properties.get("Engine") != engine:
            continue
        identifier = subject.deployed_id(resource.path, resource.logical_id)
        try:
            clusters = identifier and subject.aws.client("rds").describe_db_clusters(DBClusterIdentifier=identifier)
        except ClientError as error:
            if code_of(error) != "DBClusterNotFoundFault":
                raise
            return None
        if clusters:
            cluster: Mapping[str, Any] = clusters["DBClusters"][0]
            return cluster
    return None


@dataclass(frozen=True)
class _Catalogue:
    """The versions of an engine, each as DescribeDBEngineVersions has it, also those that are no longer offered."""

    engine: str
    versions: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, subject: Subject, engine: str) -> _Catalogue:
        pages = subject.aws.client("rds").get_paginator("describe_db_engine_versions")
        entries = (
            entry for page in pages.paginate(Engine=engine, IncludeAll=True) for entry in page["DBEngineVersions"]
        )
        return cls(engine, {entry["EngineVersion"]: entry for entry in entries})

    @property
    def offered(self) -> frozenset[str]:
        """The versions with which a cluster can be created."""
        return frozenset(
            version for version, entry in self.versions.items() if entry.get("Status", "available") == "available"
        )

    def upgrades(self, version: str) -> frozenset[str]:
        """The versions to which a cluster of a version can be upgraded."""
        targets = self.versions.get(version, {}).get("ValidUpgradeTarget", [])
        return frozenset(target["EngineVersion"] for target in targets)
