"""The application that the emulator's process serves: ministack with every patch, resource type and instance.

Only that process imports this module, because importing a patch imports ministack.

``build`` installs in this order:

1. The routing to distributions and load balancers. Its wrapper of the load balancers' dispatcher is the inner one, so that
   their access log sees a request's headers as they came.
2. The databases, because PostgreSQL prepares itself in a thread while the rest is installed.
3. ``PATCHES``, in any order: no two of them wrap the same function.
4. The resource types. A supplement completes the handler that it finds, so patches that replace a handler come first.
5. The instances. The load balancers' access log wraps last, so that it notes a target by the id of its instance, before
   the wrapper of the health checks turns that into an address.
6. What the launcher asks the process, because the leftovers compare with the stores as they are now.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from local.databases.mysql_clusters import MySqlClusters
from local.databases.postgres import PostgresClusters
from local.databases.postgres_proxy import PostgresProxy
from local.host.errors import PostgresError, StartError
from local.host.settings import Settings
from local.launch.leftovers import Leftovers
from local.ministack import resource_types
from local.ministack.internals import emulator_module, require
from local.ministack.records import records
from local.ministack.resource_types import NewType, Supplement
from local.patches import (
    access_logs,
    acm,
    alarms,
    api_gateway,
    buckets,
    conditions,
    deployments,
    engine_versions,
    functions,
    instance_profiles,
    log_events,
    metric_math,
    nested_stacks,
    networks,
    parameters,
    prefix_lists,
    property_types,
    queues,
    request_validation,
    roles,
    secrets,
    stack_rules,
    template_conditions,
    web_acls,
    workgroups,
)
from local.resources import api, autoscaling, cdn, compute, ec2, governance, identity, logs, rds, storage
from local.web import balancer_logs, origin_tls, refresh, scaling_actions, schedule
from local.web.fleet import Fleet
from local.web.host_routing import Asgi, with_host_routing

Answer = Callable[[], dict[str, Any]]
"""Returns what one of the launcher's own paths answers, as JSON."""

Row = TypeVar("Row")


class Patch(Protocol):
    """A module that closes a gap of the emulator."""

    def install(self) -> None:
        """Close the gap. Raises EmulatorMismatchError if the emulator does not look as expected."""


PATCHES: tuple[Patch, ...] = (
    # CloudFormation
    nested_stacks,
    property_types,
    parameters,
    stack_rules,
    template_conditions,
    # Authorization
    conditions,
    # Services
    access_logs,
    acm,
    alarms,
    api_gateway,
    buckets,
    deployments,
    engine_versions,
    instance_profiles,
    log_events,
    metric_math,
    networks,
    prefix_lists,
    queues,
    request_validation,
    roles,
    secrets,
    web_acls,
    workgroups,
    origin_tls,
    schedule,
)
"""All patches but ``functions``, which needs a folder for the runtime of the functions."""


def _merged(*tables: Mapping[str, Row]) -> dict[str, Row]:
    """Return all rows by resource type. Raises ValueError if two tables have the same type."""
    merged = {resource_type: row for table in tables for resource_type, row in table.items()}
    if len(merged) != sum(len(table) for table in tables):
        raise ValueError("a resource type is in two tables of local/resources")
    return merged


NEW_TYPES: dict[str, NewType] = _merged(
    api.NEW_TYPES, compute.NEW_TYPES, ec2.NEW_TYPES, governance.NEW_TYPES, identity.NEW_TYPES, logs.NEW_TYPES
)
SUPPLEMENTS: dict[str, Supplement] = _merged(
    api.SUPPLEMENTS,
    balancer_logs.SUPPLEMENTS,
    cdn.SUPPLEMENTS,
    compute.SUPPLEMENTS,
    rds.SUPPLEMENTS,
    storage.SUPPLEMENTS,
)


@dataclass
class Application:
    """The emulator with the launcher's own paths in front of it.

    Attributes:
        emulator: the patched ministack.
        answers: what the launcher's own paths answer, by path.
        closers: what ends the servers and threads that were started, in the order of their start.
    """

    emulator: Asgi
    answers: dict[str, Answer] = field(default_factory=dict)
    closers: list[Callable[[], None]] = field(default_factory=list)

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        answer = self.answers.get(scope.get("path", "")) if scope["type"] == "http" else None
        if answer is None:
            await self.emulator(scope, receive, send)
            return
        body = json.dumps(await asyncio.to_thread(answer), default=str).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def close(self) -> None:
        """End what the patches started, the latest first."""
        for closer in reversed(self.closers):
            closer()


def build(settings: Settings) -> Application:
    """Install everything and return the application.

    Raises:
        EmulatorMismatchError: The emulator does not look as a patch expects.
    """
    application = Application(with_host_routing(emulator_module("app").app))
    _start_databases(settings, application)
    functions.install(settings.run_directory)
    for patch in PATCHES:
        patch.install()
    resource_types.install(NEW_TYPES, api.REPLACED_TYPES, SUPPLEMENTS)
    _start_instances(settings, application)
    _answer_the_launcher(settings, application)
    return application


def save_state() -> None:
    """Write the emulator's state. The emulator itself does so only after every connection has closed."""
    app = emulator_module("app")
    require(app, "save_all", "_build_persistence_save_dict")
    app.save_all(app._build_persistence_save_dict())


def _start_databases(settings: Settings, application: Application) -> None:
    """Prepare the databases beside the emulator's own start; the health answer's ``postgres`` reports how far they are."""
    postgres = PostgresClusters(settings.run_directory, settings.keep, settings.postgres_binaries)
    ports_file = settings.keep / "database-ports.json" if settings.keep is not None else None
    mysql = MySqlClusters(
        settings.run_directory,
        settings.keep,
        certificate=settings.certificate,
        key=settings.key,
        authority=settings.authority,
    )
    databases = rds.Databases(postgres, PostgresProxy(settings.certificate, settings.key), ports_file, mysql)
    rds.install(databases)
    health = {"postgres": "starting", "instance": settings.run_directory.name}

    def prepare() -> None:
        try:
            postgres.prepare()
            databases.resume()
        except (PostgresError, StartError, OSError) as error:
            health["postgres"] = f"failed: {error}"
        else:
            health["postgres"] = "ready"

    threading.Thread(target=prepare, name="postgres-start", daemon=True).start()
    application.answers["/_local/health"] = lambda: health
    application.closers += [postgres.close, mysql.close]


def _start_instances(settings: Settings, application: Application) -> None:
    fleet = Fleet(settings.run_directory)
    fleet.install()
    autoscaling.install(fleet)
    refresh.install(fleet)
    scaling_actions.install(fleet)
    access_log = balancer_logs.BalancerLogs()
    access_log.install()
    application.closers += [fleet.close, access_log.close]


def _answer_the_launcher(settings: Settings, application: Application) -> None:
    if settings.keep is not None:
        records.keep_in(settings.keep / "records.json")
    leftovers = Leftovers(settings.keep / "first-start.json" if settings.keep is not None else None)
    application.answers["/_local/leftovers"] = lambda: {"leftovers": leftovers.list()}
    application.answers["/_local/recorded"] = lambda: {"resources": records.all()}
