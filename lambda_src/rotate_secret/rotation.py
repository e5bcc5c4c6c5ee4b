"""The four steps. Each can be repeated, and ended at any point and repeated; then it has the same effect.

Why there is a valid password at every moment: AWSCURRENT names one user, and everything here is done to the other one,
until a single call moves the label. Whoever still holds the value before (AWSPREVIOUS) has a valid password until the
next rotation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common import mysql, mysql_users
from common.clients import error_code
from common.mysql import quote_name, rows
from common.observe import logger

from .credentials import Credentials, RotationError, check_successor, other_user, parse_object

if TYPE_CHECKING:
    import pymysql

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
PASSWORD_LENGTH = 32
# What shells, URLs, JSON, SQL, INI files or format strings give a meaning to. "+-._~" remain, so that a server that
# asks for a special character gets one.
EXCLUDED_CHARACTERS = " !\"#$%&'()*,/:;<=>?@[\\]^`{|}"


@dataclass(frozen=True, slots=True)
class Rotation:
    """One call of the service."""

    step: str
    secret_id: str
    token: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Rotation:
        """Raises RotationError for an event that is not Secrets Manager's."""
        values = [event.get(key) for key in ("Step", "SecretId", "ClientRequestToken")]
        step, secret_id, token = (value if isinstance(value, str) else "" for value in values)
        if step not in STEPS or not secret_id or not token:
            raise RotationError("the event has no valid Step, SecretId and ClientRequestToken")
        return cls(step, secret_id, token)


def run(secrets: Any, rotation: Rotation) -> str:
    """Do the step and return what was done. Raises RotationError, DatabaseUnavailableError, LoginRejectedError."""
    versions = _versions(secrets, rotation)
    stages = versions.get(rotation.token)
    if stages is None:
        raise RotationError(f"version {rotation.token} is none of the secret {rotation.secret_id}")
    if CURRENT in stages:
        return "already current"
    if PENDING not in stages:
        raise RotationError(f"version {rotation.token} has no label {PENDING}: another rotation has taken its place")
    return STEPS[rotation.step](secrets, rotation)


def create_secret(secrets: Any, rotation: Rotation) -> str:
    """Give the pending version a value: the other user with a new password. A value that is there stays."""
    current = _current(secrets, rotation)
    if _value(secrets, rotation, VersionId=rotation.token, VersionStage=PENDING) is not None:
        return "kept"
    other_user(current.username)  # raises before anything is written
    reply = secrets.get_random_password(PasswordLength=PASSWORD_LENGTH, ExcludeCharacters=EXCLUDED_CHARACTERS)
    try:
        secrets.put_secret_value(
            SecretId=rotation.secret_id,
            ClientRequestToken=rotation.token,
            SecretString=current.successor(reply["RandomPassword"]),
            VersionStages=[PENDING],
        )
    except Exception as error:
        # Another call of this step was faster; a version's value can be written once only.
        if error_code(error) != "ResourceExistsException":
            raise
        return "kept"
    return "created"


def set_secret(secrets: Any, rotation: Rotation) -> str:
    """Bring the database to the pending value: the user, TLS required of him, rights like the current user's."""
    current, pending = _pair(secrets, rotation)
    # Logging in as the current user first proves that this secret is the database's, before the master's is used.
    with closing(mysql.connect(current.login())) as connection:
        grants = mysql_users.own_grants(connection, current.username)
    works = _password_works(pending)
    with closing(_connect_master(secrets, current)) as master:
        outcome = mysql_users.ensure_user(master, pending.username, pending.password, password_works=works)
        mysql_users.ensure_grants(master, pending.username, grants)
    return outcome


def test_secret(secrets: Any, rotation: Rotation) -> str:
    """Log in with the pending value, read, and compare the rights with the current user's."""
    current, pending = _pair(secrets, rotation)
    with closing(mysql.connect(pending.login(pending.database))) as connection:
        _read_something(connection, pending.username)
        having = mysql_users.own_grants(connection, pending.username)
    with closing(mysql.connect(current.login())) as connection:
        missing = mysql_users.lacking(mysql_users.own_grants(connection, current.username), having)
    if missing:
        raise RotationError(f"{pending.username} lacks {len(missing)} of the rights of {current.username}")
    return "tested"


def finish_secret(secrets: Any, rotation: Rotation) -> str:
    """Move AWSCURRENT to the pending version, in one call; the service moves AWSPREVIOUS along."""
    _pair(secrets, rotation)
    holders = [version for version, stages in _versions(secrets, rotation).items() if CURRENT in stages]
    if not holders:
        raise RotationError(f"no version of {rotation.secret_id} has the label {CURRENT}")
    secrets.update_secret_version_stage(
        SecretId=rotation.secret_id,
        VersionStage=CURRENT,
        MoveToVersionId=rotation.token,
        RemoveFromVersionId=holders[0],
    )
    return "finished"


STEPS: Mapping[str, Callable[[Any, Rotation], str]] = {
    "createSecret": create_secret,
    "setSecret": set_secret,
    "testSecret": test_secret,
    "finishSecret": finish_secret,
}


def _versions(secrets: Any, rotation: Rotation) -> dict[str, list[str]]:
    described = secrets.describe_secret(SecretId=rotation.secret_id)
    if not described.get("RotationEnabled"):
        raise RotationError(f"rotation is not enabled for the secret {rotation.secret_id}")
    return dict(described.get("VersionIdsToStages") or {})


def _pair(secrets: Any, rotation: Rotation) -> tuple[Credentials, Credentials]:
    """The current and the pending value, which belong together."""
    current = _current(secrets, rotation)
    text = _value(secrets, rotation, VersionId=rotation.token, VersionStage=PENDING)
    if text is None:
        raise RotationError(f"version {rotation.token} has no value: createSecret has not been done")
    pending = Credentials.parse(text, "the pending value")
    check_successor(current, pending)
    return current, pending


def _current(secrets: Any, rotation: Rotation) -> Credentials:
    text = _value(secrets, rotation, VersionStage=CURRENT)
    if text is None:
        raise RotationError(f"no version of {rotation.secret_id} has the label {CURRENT} and a value")
    return Credentials.parse(text, "the current value")


def _value(secrets: Any, rotation: Rotation, **which: str) -> str | None:
    """The text of a version; None where there is no such version or it has no value yet."""
    try:
        reply = secrets.get_secret_value(SecretId=rotation.secret_id, **which)
    except Exception as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise
    text = reply.get("SecretString")
    return text if isinstance(text, str) else None


def _read_something(connection: pymysql.connections.Connection[Any], user: str) -> None:
    """Read a row of the first table that ``user`` may read; the session must be encrypted. Raises RotationError."""
    with mysql_users.user_errors("a read by", user):
        [(_, cipher)] = rows(connection, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        tables = rows(
            connection,
            "SELECT table_name FROM information_schema.columns WHERE table_schema = DATABASE()"
            " AND privileges LIKE '%select%' ORDER BY table_name LIMIT 1",
        )
        for (table,) in tables:
            rows(connection, f"SELECT 1 FROM {quote_name(table)} LIMIT 1")
    if not cipher:
        raise RotationError(f"the session of {user} is not encrypted")


def _password_works(pending: Credentials) -> bool:
    """Whether the database knows the pending password already: an earlier try of the step got that far."""
    try:
        mysql.connect(pending.login()).close()
    except mysql.LoginRejectedError:
        return False
    return True


def _connect_master(secrets: Any, current: Credentials) -> pymysql.connections.Connection[Any]:
    """As the master user, whose secret RDS keeps (user name and password only)."""
    which = f"the master secret {current.master}"
    reply = secrets.get_secret_value(SecretId=current.master)
    document = parse_object(str(reply.get("SecretString")), which)
    user, password, host = (document.get(key) for key in ("username", "password", "host"))
    if not isinstance(user, str) or not isinstance(password, str) or not user or not password:
        raise RotationError(f"{which} lacks username or password")
    if host and host != current.host:
        raise RotationError(f"{which} is for the host {host}, the secret for {current.host}")
    if user in (current.username, other_user(current.username)):
        raise RotationError(f"{which} is for {user}, one of the two users it should manage")
    try:
        return mysql.connect(mysql.Login(current.host, current.port, user, password))
    except mysql.LoginRejectedError as error:
        logger.error("the master's login was refused", extra={"reason": error.reason})
        raise RotationError(
            f"{which} does not let {user} in ({error.reason}); while RDS rotates it, that passes"
        ) from None
