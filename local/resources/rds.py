"""RDS: the emulator keeps records of clusters; here each Aurora cluster also gets a server that runs.

The cluster goes through the RDS API, which the emulator's CloudFormation bypasses. So the managed master secret, the
scaling configuration and the rest exist. Endpoints are 127.0.0.1 and the port of the cluster's proxy (PostgreSQL) or
of the server itself (MySQL).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.databases.mysql_clusters import MySqlClusters, MySqlSpec
from local.databases.postgres import PostgresClusters, PostgresServer, PostgresSpec
from local.databases.postgres_proxy import Listener, PostgresProxy
from local.host.ports import LOOPBACK, free_port, remember_port, remembered_ports
from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module, handlers, require, wrap, wrap_action
from local.ministack.properties import Attributes, Props, changed, removed_tag_keys, tag_list, truth
from local.ministack.records import records
from local.ministack.resource_types import Place, Supplement, on_worker_threads
from local.resources import rds_login

logger = logging.getLogger("local.database")

_rds = emulator_module("services.rds")
_provisioners = emulator_module("services.cloudformation.provisioners")

_NOT_SHOWN = (
    "EnableCloudwatchLogsExports",
    "PerformanceInsightsEnabled",
    "PerformanceInsightsKmsKeyId",
    "PerformanceInsightsRetentionPeriod",
    "DatabaseInsightsMode",
    "EnablePerformanceInsights",
    "PerformanceInsightsKMSKeyId",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "StorageType",
)
"""Properties that the emulator's DescribeDBClusters and DescribeDBInstances leave out. They are recorded."""


class Databases:
    """The servers of all clusters, and the proxy in front of PostgreSQL.

    Args:
        postgres: the PostgreSQL servers.
        proxy: their proxy.
        ports_file: remembers the proxy's ports if the state is kept; None if it is not.
        mysql: the MariaDB servers.
    """

    def __init__(
        self, postgres: PostgresClusters, proxy: PostgresProxy, ports_file: Path | None, mysql: MySqlClusters
    ) -> None:
        self.postgres = postgres
        self.mysql = mysql
        self._proxy = proxy
        self._ports_file = ports_file

    def create(self, cluster: dict[str, Any]) -> int:
        """Start a server for the emulator's record of a cluster; return the port of its endpoint."""
        identifier = cluster["DBClusterIdentifier"]
        if _is_mysql(cluster):
            return self.mysql.create(
                MySqlSpec(
                    identifier=identifier,
                    master=cluster["MasterUsername"],
                    password=cluster["_MasterUserPassword"],
                    database=cluster.get("DatabaseName") or "",
                )
            )
        server = self.postgres.create(
            PostgresSpec(
                identifier=identifier,
                major=int(str(cluster["EngineVersion"]).split(".")[0]),
                master=cluster["MasterUsername"],
                password=cluster["_MasterUserPassword"],
                database=cluster.get("DatabaseName") or "",
            )
        )
        port = free_port()
        self._open(server, port)
        if self._ports_file is not None:
            remember_port(self._ports_file, identifier, port)
        return port

    def set_password(self, cluster: dict[str, Any], password: str) -> None:
        """Change the master user's password."""
        servers = self.mysql if _is_mysql(cluster) else self.postgres
        servers.set_password(cluster["DBClusterIdentifier"], cluster["MasterUsername"], password)

    def answers(self, cluster: dict[str, Any]) -> bool:
        """Return whether a cluster's server runs and answers."""
        servers = self.mysql if _is_mysql(cluster) else self.postgres
        return servers.answers(cluster["DBClusterIdentifier"])

    def drop(self, identifier: str) -> None:
        """End a cluster's server and remove its data."""
        self.mysql.drop(identifier)
        self._proxy.shut(identifier)
        self.postgres.drop(identifier)
        if self._ports_file is not None:
            remember_port(self._ports_file, identifier, None)

    def resume(self) -> None:
        """Serve the kept clusters again, at their ports."""
        self.mysql.resume()
        if self._ports_file is None:
            return
        ports = remembered_ports(self._ports_file)
        for server in self.postgres.resume():
            self._open(server, ports[server.identifier])

    def _open(self, server: PostgresServer, port: int) -> None:
        self._proxy.open(
            Listener(
                server=server,
                port=port,
                verify_token=lambda token, user, at: rds_login.login_fault(server.identifier, token, user, at),
                requires_tls=lambda: rds_login.requires_tls(server.identifier),
            )
        )


_databases: Databases | None = None


def install(databases: Databases) -> None:
    """Replace the handlers of clusters by ones that use ``databases``, and let passwords change there too."""
    global _databases
    require(_rds, "_clusters", "_instances", "_p", "_error")
    rds_login.install()
    _databases = databases
    wrap(_rds, "_apply_cluster_master_password_change", _with_database)
    wrap_action(_rds, "ModifyDBCluster", _only_if_available)
    table = handlers()["AWS::RDS::DBCluster"]
    own_create, own_update = table["create"], table["update"]

    def create(logical_id: str, props: Props, stack_name: str) -> tuple[str, Attributes]:
        if not _is_served(props):
            physical_id, attributes = own_create(logical_id, props, stack_name)
            return str(physical_id), attributes
        return _create_cluster(Place(stack_name, logical_id), props)

    def update(
        physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None
    ) -> tuple[str, Attributes]:
        if not _is_served(new):
            same_id, attributes = own_update(physical_id, old, new, stack_name, logical_id)
            return str(same_id), attributes
        renamed = new.get("DBClusterIdentifier", physical_id) != physical_id
        if renamed or _provisioners._requires_replacement("AWS::RDS::DBCluster", old, new):
            return _create_cluster(Place(stack_name, logical_id or physical_id), new)
        return _update_cluster(physical_id, old, new)

    table.update(create=create, update=update, delete=_delete_cluster)
    on_worker_threads(["AWS::RDS::DBCluster"])


def _is_served(props: Props) -> bool:
    """Return whether the cluster has a server here."""
    return "postgres" in str(props.get("Engine", "")) or _is_mysql(props)


def _is_mysql(props: Props) -> bool:
    return str(props.get("Engine", "")) == "aurora-mysql"


# -- the master user's password ---------------------------------------------------------------------------------------


def _with_database(original: Callable[[dict[str, Any], str], None]) -> Callable[[dict[str, Any], str], None]:
    """Change the password in the database too. The emulator does so only in databases that it runs itself.

    MasterUserPassword and RotateMasterUserPassword come here ("Rotating the master user password secret for a DB cluster",
    rds-secrets-manager.html). The emulator has put the new password into the master's secret by then.
    """

    def apply(cluster: dict[str, Any], password: str) -> None:
        original(cluster, password)
        if _is_served(cluster):
            _running().set_password(cluster, password)

    return apply


def _only_if_available(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Reject a new password for a cluster whose server does not run, so that secret and database stay the same."""

    def modify(parameters: Any) -> Any:
        cluster = _rds._clusters.get(_rds._p(parameters, "DBClusterIdentifier"))
        changes_password = (
            _rds._p(parameters, "MasterUserPassword") or _rds._p(parameters, "RotateMasterUserPassword") == "true"
        )
        if changes_password and cluster is not None and _is_served(cluster) and not _running().answers(cluster):
            identifier = cluster["DBClusterIdentifier"]
            return _rds._error("InvalidDBClusterStateFault", f"DB cluster {identifier} is not available.", 400)
        return original(parameters)

    return modify


# -- cluster ----------------------------------------------------------------------------------------------------------

_RENAMED = {"EnableCloudwatchLogsExports": None, "Tags": None, "MasterUserSecret": None}


def _arguments(operation: str, props: Props) -> dict[str, Any]:
    """Return the template's properties that an API operation accepts under the same name, in its types."""
    members = aws("rds").meta.service_model.operation_model(operation).input_shape.members
    arguments: dict[str, Any] = {}
    for name, value in props.items():
        if name in _RENAMED or name not in members:
            continue
        kind = members[name].type_name
        arguments[name] = truth(value) if kind == "boolean" else int(value) if kind == "integer" else value
    if "ServerlessV2ScalingConfiguration" in arguments:
        scaling = arguments["ServerlessV2ScalingConfiguration"]
        integers = ("SecondsUntilAutoPause",)
        arguments["ServerlessV2ScalingConfiguration"] = {
            name: int(value) if name in integers else float(value) for name, value in scaling.items()
        }
    return arguments


def _create_cluster(place: Place, props: Props) -> tuple[str, Attributes]:
    identifier = str(props.get("DBClusterIdentifier") or place.name(63, lowercase=True)).lower()
    arguments = _arguments("CreateDBCluster", props)
    arguments["DBClusterIdentifier"] = identifier
    if "EnableCloudwatchLogsExports" in props:
        arguments["EnableCloudwatchLogsExports"] = props["EnableCloudwatchLogsExports"]
    if (props.get("MasterUserSecret") or {}).get("KmsKeyId"):
        arguments["MasterUserSecretKmsKeyId"] = props["MasterUserSecret"]["KmsKeyId"]
    if tag_list(props):
        arguments["Tags"] = tag_list(props)
    aws("rds").create_db_cluster(**arguments)
    try:
        record = _rds._clusters[identifier]
        _show(record, props)
        port = _running().create(record)
    except Exception:
        aws("rds").delete_db_cluster(DBClusterIdentifier=identifier, SkipFinalSnapshot=True)
        raise
    record.update(Endpoint=LOOPBACK, ReaderEndpoint=LOOPBACK, Port=port)
    return identifier, _attributes(record)


def _update_cluster(identifier: str, old: Props, new: Props) -> tuple[str, Attributes]:
    differing = {name: value for name, value in new.items() if changed(old, new, name)}
    arguments = _arguments("ModifyDBCluster", differing)
    for fixed in ("DBClusterIdentifier", "NewDBClusterIdentifier", "Port"):
        arguments.pop(fixed, None)
    if arguments:
        aws("rds").modify_db_cluster(DBClusterIdentifier=identifier, ApplyImmediately=True, **arguments)
    record = _rds._clusters[identifier]
    if changed(old, new, "Tags"):
        _retag(record["DBClusterArn"], old, new)
    _show(record, new)
    return identifier, _attributes(record)


def _show(record: dict[str, Any], props: Props) -> None:
    """Keep what the API drops: in the emulator's record if Describe shows it, else among the records."""
    record["EnabledCloudwatchLogsExports"] = list(props.get("EnableCloudwatchLogsExports") or [])
    hidden = {name: props[name] for name in _NOT_SHOWN if name in props}
    if hidden:
        records.put("AWS::RDS::DBCluster (some properties)", record["DBClusterIdentifier"], hidden)


def _attributes(record: dict[str, Any]) -> Attributes:
    secret = (record.get("MasterUserSecret") or {}).get("SecretArn")
    return {
        "DBClusterArn": record["DBClusterArn"],
        "DBClusterResourceId": record["DbClusterResourceId"],
        "Endpoint": record["Endpoint"],
        "Endpoint.Address": record["Endpoint"],
        "Endpoint.Port": str(record["Port"]),
        "ReadEndpoint.Address": record["ReaderEndpoint"],
        **({"MasterUserSecret.SecretArn": secret} if secret else {}),
    }


def _delete_cluster(identifier: str, props: Props) -> None:
    if _is_served(props):
        _running().drop(identifier)
    records.remove(identifier)
    with ignoring("DBClusterNotFoundFault"):
        aws("rds").delete_db_cluster(DBClusterIdentifier=identifier, SkipFinalSnapshot=True)


def _retag(arn: str, old: Props, new: Props) -> None:
    removed = removed_tag_keys(old, new)
    if removed:
        aws("rds").remove_tags_from_resource(ResourceName=arn, TagKeys=removed)
    if tag_list(new):
        aws("rds").add_tags_to_resource(ResourceName=arn, Tags=tag_list(new))


# -- instance ---------------------------------------------------------------------------------------------------------


def _complete_instance(identifier: str, old: Props, new: Props) -> Attributes | None:
    """A member of a running cluster answers at the cluster's server; the first is the writer."""
    instance = _rds._instances[identifier]
    hidden = {name: new[name] for name in _NOT_SHOWN if name in new}
    if hidden:
        records.put("AWS::RDS::DBInstance (some properties)", identifier, hidden)
    cluster = _rds._clusters.get(new.get("DBClusterIdentifier", ""))
    if cluster is None or not _is_served(cluster):
        return None
    instance["Endpoint"].update(Address=LOOPBACK, Port=cluster["Port"])
    instance["StorageEncrypted"], instance["KmsKeyId"] = cluster["StorageEncrypted"], cluster["KmsKeyId"]
    for number, member in enumerate(cluster["DBClusterMembers"]):
        member["IsClusterWriter"] = number == 0
    return {"Endpoint.Address": LOOPBACK, "Endpoint.Port": str(cluster["Port"])}


def _delete_instance(identifier: str, props: Props) -> None:
    _provisioners._rds_db_instance_delete(identifier, props)
    records.remove(identifier)
    cluster = _rds._clusters.get(props.get("DBClusterIdentifier", ""))
    if cluster is not None:
        cluster["DBClusterMembers"] = [
            member for member in cluster["DBClusterMembers"] if member["DBInstanceIdentifier"] != identifier
        ]


SUPPLEMENTS = {"AWS::RDS::DBInstance": Supplement(_complete_instance, _delete_instance)}


def _running() -> Databases:
    if _databases is None:
        raise RuntimeError("local.resources.rds.install() was not called")
    return _databases
