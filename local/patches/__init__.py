"""The mends of the emulator, one module for each gap. They are imported in the emulator's process only."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from local.host.settings import Settings

Asgi = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]
Answer = Callable[[], dict[str, Any]]


@dataclass
class Application:
    """The emulator with the launcher's own paths in front; `close` ends what the patches started."""

    emulator: Asgi
    answers: dict[str, Answer] = field(default_factory=dict)
    closers: list[Callable[[], None]] = field(default_factory=list)

    async def asgi(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        answer = self.answers.get(scope.get("path", "")) if scope["type"] == "http" else None
        if answer is None:
            await self.emulator(scope, receive, send)
            return
        body = json.dumps(await asyncio.to_thread(answer), default=str).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def close(self) -> None:
        for closer in reversed(self.closers):
            closer()


def install_patches(settings: Settings) -> Application:
    """Import the emulator, mend it, and return what to serve.

    Raises EmulatorMismatchError where the emulator does not look as a patch expects.
    """
    from local.leftovers import Leftovers
    from local.ministack import resource_types
    from local.ministack.internals import emulator_module
    from local.ministack.records import records
    from local.patches import (
        access_logs,
        acm,
        api_gateway,
        conditions,
        functions,
        log_events,
        nested_stacks,
        parameters,
        prefix_lists,
        property_types,
        request_validation,
        secrets,
    )
    from local.resources import api, autoscaling, cdn, compute, ec2, governance, identity, logs, rds, storage
    from local.web import balancer_logs, door, origin_tls, refresh
    from local.web.fleet import Fleet

    application = Application(door.before(emulator_module("app").app))
    health = _start_databases(settings, application)
    nested_stacks.install()
    property_types.install()
    parameters.install()
    prefix_lists.install()
    functions.install(settings.run_directory)
    log_events.install()
    conditions.install()
    api_gateway.install()
    access_logs.install()
    acm.install()
    request_validation.install()
    secrets.install()
    api.replace_request_validator()
    compute.patch_metric_math_alarms()
    resource_types.install(
        {
            **ec2.NEW_TYPES,
            **compute.NEW_TYPES,
            **api.NEW_TYPES,
            **governance.NEW_TYPES,
            **identity.NEW_TYPES,
            **logs.NEW_TYPES,
        },
        {
            **storage.SUPPLEMENTS,
            **compute.SUPPLEMENTS,
            **api.SUPPLEMENTS,
            **rds.SUPPLEMENTS,
            **balancer_logs.SUPPLEMENTS,
            **cdn.SUPPLEMENTS,
        },
    )
    resource_types.on_worker_threads(["AWS::RDS::DBCluster"])
    fleet = Fleet(settings.run_directory)
    fleet.install()
    autoscaling.install(fleet)
    refresh.install(fleet)
    logs_of_balancers = balancer_logs.BalancerLogs()
    logs_of_balancers.install()
    origin_tls.install()
    application.closers += [fleet.close, logs_of_balancers.close]
    if settings.keep is not None:
        records.keep_in(settings.keep / "records.json")
    application.answers["/_local/health"] = lambda: health
    leftovers = Leftovers(settings.keep / "first-start.json" if settings.keep is not None else None)
    application.answers["/_local/leftovers"] = lambda: {"leftovers": leftovers.list()}
    application.answers["/_local/recorded"] = lambda: {"resources": records.all()}
    return application


def save_state() -> None:
    """Write the emulator's state; it does so itself only after every connection has closed."""
    from local.ministack.internals import emulator_module, require

    app = emulator_module("app")
    require(app, "save_all", "_build_persistence_save_dict")
    app.save_all(app._build_persistence_save_dict())


def _start_databases(settings: Settings, application: Application) -> dict[str, str]:
    """Prepare the databases beside the emulator's own start; the answer's `postgres` says how far they are."""
    from local.databases.mysql_clusters import MySqlClusters
    from local.databases.postgres import PostgresHost
    from local.databases.postgres_proxy import DatabaseProxy
    from local.host.errors import PostgresError, StartError
    from local.resources import rds

    host = PostgresHost(settings.run_directory, settings.keep, settings.postgres_binaries)
    ports_file = settings.keep / "database-ports.json" if settings.keep is not None else None
    mysql = MySqlClusters(
        settings.run_directory,
        settings.keep,
        certificate=settings.certificate,
        key=settings.key,
        authority=settings.authority,
    )
    databases = rds.Databases(host, DatabaseProxy(settings.certificate, settings.key), ports_file, mysql)
    rds.install(databases)
    health = {"postgres": "starting", "instance": settings.run_directory.name}

    def prepare() -> None:
        try:
            host.prepare()
            databases.resume()
        except (PostgresError, StartError, OSError) as error:
            health["postgres"] = f"failed: {error}"
        else:
            health["postgres"] = "ready"

    threading.Thread(target=prepare, name="postgres-start", daemon=True).start()
    application.closers += [host.close, mysql.close]
    return health
