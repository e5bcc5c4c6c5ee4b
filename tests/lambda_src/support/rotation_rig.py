"""A database secret in the embedded Secrets Manager, its users on a real MariaDB, and rotations step by step.

A rotation can run in a process of its own that kills itself after a chosen effect, as one that Lambda kills.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from common import mysql
from common.mysql_users import parse_grants
from local.cloud import EmbeddedCloud
from rotate_secret import handler
from rotate_secret.rotation import STEPS
from tests.lambda_src.support.fakes import Context
from tests.lambda_src.support.mariadb import Server

KILLED = -signal.SIGKILL
FUNCTION = "rotation-driven-by-tests"
TABLES = ("entries", "transactions")
_CALLS = frozenset({"PutSecretValue", "UpdateSecretVersionStage"})
_STATEMENTS = ("CREATE", "ALTER", "GRANT")


@dataclass(frozen=True)
class Rig:
    """One secret, the master's secret, and the database with the rights of both users."""

    cloud: EmbeddedCloud
    server: Server
    database: str
    arn: str
    master_arn: str
    secrets: Any

    def value(self, stage: str = "AWSCURRENT") -> dict[str, Any]:
        text = self.secrets.get_secret_value(SecretId=self.arn, VersionStage=stage)["SecretString"]
        return dict(json.loads(text))

    def stages(self) -> dict[str, list[str]]:
        described = self.secrets.describe_secret(SecretId=self.arn)
        return {version: sorted(stages) for version, stages in described["VersionIdsToStages"].items()}

    def begin(self) -> str:
        """Start a rotation as Secrets Manager does: add a version without a value that has the label AWSPENDING."""
        token = str(uuid.uuid4())
        self.secrets.rotate_secret(SecretId=self.arn, ClientRequestToken=token)
        return token

    def put(self, value: Mapping[str, Any] | str, *, stage: str, token: str | None = None) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.secrets.put_secret_value(
            SecretId=self.arn,
            SecretString=text,
            VersionStages=[stage],
            ClientRequestToken=token or str(uuid.uuid4()),
        )

    def step(self, name: str, token: str) -> str:
        """Call the function once; returns its outcome."""
        event = {"Step": name, "SecretId": self.arn, "ClientRequestToken": token}
        return str(handler.handler(event, Context())["outcome"])

    def rotate(self, token: str | None = None) -> list[str]:
        """A whole rotation; with a token a repetition of one, as Secrets Manager retries it."""
        chosen = token or self.begin()
        return [self.step(name, chosen) for name in STEPS]

    def opens(self, value: Mapping[str, Any]) -> bool:
        """Whether the user of a secret's value can log in, read and write."""
        login = self.server.login(value["username"], value["password"], self.database)
        try:
            connection = mysql.connect(login)
        except mysql.LoginRejectedError:
            return False
        with connection:
            mysql.rows(connection, "INSERT INTO entries VALUES ()")
            return bool(mysql.rows(connection, "SELECT COUNT(*) FROM transactions"))

    def rights(self, user: str) -> set[tuple[str, str, str]]:
        """Each right of a user as privilege, column and object."""
        lines = [str(line) for (line,) in self.server.query("SHOW GRANTS FOR %s@%s", user, "%")]
        return {atom for grant in parse_grants(lines, user) for atom in grant.atoms()}


@contextmanager
def rig(cloud: EmbeddedCloud, server: Server, database: str) -> Iterator[Rig]:
    """The state after the migration: an application user with a secret whose rotation is enabled and has never run."""
    _make_users(server, database)
    secrets = aws(cloud, "secretsmanager")
    name = uuid.uuid4().hex
    master = {"username": "payments_admin", "password": "master-password"}
    master_arn = secrets.create_secret(Name=f"rds!cluster-{name}", SecretString=json.dumps(master))["ARN"]
    value = {
        "engine": "mysql",
        "host": server.host,
        "port": server.port,
        "username": "payments",
        "password": "first-password",
        "dbname": database,
        "dbClusterIdentifier": "transactions-aurora-dev",
        "masterarn": master_arn,
    }
    arn = secrets.create_secret(Name=f"transactions-database-{name}", SecretString=json.dumps(value))["ARN"]
    secrets.rotate_secret(
        SecretId=arn,
        RotationLambdaARN=_function(cloud),
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediately=False,
    )
    try:
        yield Rig(cloud, server, database, arn, master_arn, secrets)
    finally:
        for secret_arn in (arn, master_arn):
            secrets.delete_secret(SecretId=secret_arn, ForceDeleteWithoutRecovery=True)


@cache
def aws(cloud: EmbeddedCloud, service: str) -> Any:
    """A cached client, because its creation takes longer than most calls."""
    return cloud.client(service)


def _make_users(server: Server, database: str) -> None:
    """Create the application user and a master that has only the rights of Aurora's: to create users and grant rights."""
    for table in TABLES:
        server.query(f"CREATE TABLE {database}.{table} (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(9))")
    server.query("CREATE USER 'payments_admin'@'%' IDENTIFIED BY 'master-password'")
    server.query("GRANT CREATE USER, PROCESS ON *.* TO 'payments_admin'@'%'")
    server.query("GRANT SELECT ON mysql.* TO 'payments_admin'@'%'")
    server.query(f"GRANT ALL ON {database}.* TO 'payments_admin'@'%' WITH GRANT OPTION")
    server.query("CREATE USER 'payments'@'%' IDENTIFIED BY 'first-password' REQUIRE SSL")
    server.query(f"GRANT SELECT, INSERT ON {database}.entries TO 'payments'@'%'")
    server.query(f"GRANT SELECT, INSERT (id, note), UPDATE (note) ON {database}.transactions TO 'payments'@'%'")


def _function(cloud: EmbeddedCloud) -> str:
    """The ARN of a function that fails at once, so that the emulator, which calls it, leaves the rotation to the tests."""
    functions, iam = aws(cloud, "lambda"), aws(cloud, "iam")
    for function in functions.list_functions()["Functions"]:
        if function["FunctionName"] == FUNCTION:
            return str(function["FunctionArn"])
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=FUNCTION, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    raise RuntimeError('left to the test')\n")
    created = functions.create_function(
        FunctionName=FUNCTION,
        Runtime="python3.14",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": package.getvalue()},
    )
    functions.add_permission(
        FunctionName=FUNCTION,
        StatementId="rotation",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    return str(created["FunctionArn"])


# -- In a process that is killed --------------------------------------------------------------------------------------


def forkserver() -> ForkServerContext:
    """A context that starts processes in milliseconds; it needs PYTHONPATH (see killed_processing.py)."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def rotate_and_die(environment: dict[str, str], arn: str, token: str, last: int, effects_file: Path) -> None:
    """Rotate, and die right after effect number ``last``; with fewer effects the rotation is complete.

    Args:
        environment: Environment variables to set first.
        arn: The ARN of the secret.
        token: The id of the pending version.
        last: The number of the effect after which the process kills itself.
        effects_file: The file for the name of this effect.
    """
    os.environ.update(environment)
    effects: list[str] = []

    def effect(name: str) -> None:
        effects.append(name)
        if len(effects) == last:
            effects_file.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)

    watch(effect)
    for step in STEPS:
        handler.handler({"Step": step, "SecretId": arn, "ClientRequestToken": token}, Context())


def watch(effect: Callable[[str], None]) -> None:
    """Call ``effect`` after every API call and SQL statement of this process that changes something, with its name."""
    import botocore.client
    import pymysql.cursors

    base: Any = vars(botocore.client)["BaseClient"]
    call, execute = base._make_api_call, pymysql.cursors.Cursor.execute

    def watched_call(self: Any, operation: str, parameters: Any) -> Any:
        reply = call(self, operation, parameters)
        if operation in _CALLS:
            effect(operation)
        return reply

    def watched_execute(self: Any, query: str, args: Any = None) -> Any:
        count = execute(self, query, args)
        if query.startswith(_STATEMENTS):
            effect(query[:40])
        return count

    base._make_api_call = watched_call
    pymysql.cursors.Cursor.execute = watched_execute  # type: ignore[method-assign]
