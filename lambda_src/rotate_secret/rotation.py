"""The four steps of a rotation. A repeated step has the same effect as one run, even if it ended at any point before.

A valid password exists at each moment. AWSCURRENT names one user, and all steps change only the other one, until a single
call moves the label. A client that still has the previous value (AWSPREVIOUS) has a valid password until the next
rotation.

The last effect takes AWSPENDING off the version that is current by then. Secrets Manager may leave it there
(aws-samples/aws-secrets-manager-rotation-lambdas#168). If a person later put another value as AWSCURRENT, the next
RotateSecret would find AWSPENDING on another version, take that version for an unfinished rotation (API_RotateSecret), and
make its old password current again.
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
# Characters with a meaning in shells, URLs, JSON, SQL, INI files or format strings. "+-._~" remain for servers that demand
# a special character.
EXCLUDED_CHARACTERS = " !\"#$%&'()*,/:;<=>?@[\\]^`{|}"


@dataclass(frozen=True, slots=True)
class Rotation:
    """One call of Secrets Manager."""

    step: str
    secret_id: str
    token: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Rotation:
        """The call in an event. Raises RotationError for an event that is not from Secrets Manager."""
        values = [event.get(key) for key in ("Step", "SecretId", "ClientRequestToken")]
        step, secret_id, token = (value if isinstance(value, str) else "" for value in values)
        if step not in STEPS or not secret_id or not token:
            raise RotationError("the event has no valid Step, SecretId and ClientRequestToken")
        return cls(step, secret_id, token)


def run_step(secrets: Any, rotation: Rotation) -> str:
    """Run the step.

    Returns:
        The effect of the step, in one or two words.

    Raises:
        RotationError: The rotation cannot continue.
        DatabaseUnavailableError: The database failed.
        LoginRejectedError: The database rejects a user of the secret.
    """
    versions = _versions(secrets, rotation)
    stages = versions.get(rotation.token)
    if stages is None:
        raise RotationError(f"version {rotation.token} is not a version of the secret {rotation.secret_id}")
    if CURRENT in stages:
        if rotation.step == "finishSecret" and PENDING in stages:  # an earlier attempt ended between the two calls
            _remove_pending(secrets, rotation)
        return "already current"
    if PENDING not in stages:
        raise RotationError(f"version {rotation.token} has no label {PENDING}: another rotation has taken its place")
    return STEPS[rotation.step](secrets, rotation)


def create_secret(secrets: Any, rotation: Rotation) -> str:
    """Give the pending version a value: the other user with a new password. An existing value stays."""
    current = _current(secrets, rotation)
    if _value(secrets, rotation, VersionId=rotation.token, VersionStage=PENDING) is not None:
        return "kept"
    other_user(current.username)  # raises before the first write
    reply = secrets.get_random_password(PasswordLength=PASSWORD_LENGTH, ExcludeCharacters=EXCLUDED_CHARACTERS)
    try:
        secrets.put_secret_value(
            SecretId=rotation.secret_id,
            ClientRequestToken=rotation.token,
            SecretString=current.successor(reply["RandomPassword"]),
            VersionStages=[PENDING],
        )
    except Exception as error:
        # A parallel call of this step was faster, because the value of a version can be written only once.
        if error_code(error) != "ResourceExistsException":
            raise
        return "kept"
    return "created"


def set_secret(secrets: Any, rotation: Rotation) -> str:
    """Bring the database to the pending value: the user, who must use TLS, with the rights of the current user."""
    current, pending = _pair(secrets, rotation)
    # The login as the current user proves that this secret belongs to the database, before the master's secret is used.
    with closing(mysql.connect(current.login())) as connection:
        grants = mysql_users.own_grants(connection, current.username)
    password_works = _password_works(pending)
    with closing(_connect_master(secrets, current)) as master:
        outcome = mysql_users.ensure_user(master, pending.username, pending.password, password_works=password_works)
        mysql_users.ensure_grants(master, pending.username, grants)
    return outcome


def test_secret(secrets: Any, rotation: Rotation) -> str:
    """Log in with the pending value, read, and compare the rights with the current user's."""
    current, pending = _pair(secrets, rotation)
    with closing(mysql.connect(pending.login(pending.database))) as connection:
        _read_one_row(connection, pending.username)
        pending_grants = mysql_users.own_grants(connection, pending.username)
    with closing(mysql.connect(current.login())) as connection:
        current_grants = mysql_users.own_grants(connection, current.username)
    missing = mysql_users.missing_privileges(current_grants, pending_grants)
    if missing:
        raise RotationError(f"{pending.username} lacks {len(missing)} of the rights of {current.username}")
    return "tested"


def finish_secret(secrets: Any, rotation: Rotation) -> str:
    """Move AWSCURRENT to the pending version, in one call, then take AWSPENDING off it.

    Secrets Manager moves AWSPREVIOUS with AWSCURRENT.
    """
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
    _remove_pending(secrets, rotation)
    return "finished"


STEPS: Mapping[str, Callable[[Any, Rotation], str]] = {
    "createSecret": create_secret,
    "setSecret": set_secret,
    "testSecret": test_secret,
    "finishSecret": finish_secret,
}


def _remove_pending(secrets: Any, rotation: Rotation) -> None:
    secrets.update_secret_version_stage(
        SecretId=rotation.secret_id, VersionStage=PENDING, RemoveFromVersionId=rotation.token
    )


def _versions(secrets: Any, rotation: Rotation) -> dict[str, list[str]]:
    description = secrets.describe_secret(SecretId=rotation.secret_id)
    if not description.get("RotationEnabled"):
        raise RotationError(f"rotation is not enabled for the secret {rotation.secret_id}")
    return dict(description.get("VersionIdsToStages") or {})


def _pair(secrets: Any, rotation: Rotation) -> tuple[Credentials, Credentials]:
    """The current value and its successor, the pending value. Raises RotationError if they do not fit together."""
    current = _current(secrets, rotation)
    text = _value(secrets, rotation, VersionId=rotation.token, VersionStage=PENDING)
    if text is None:
        raise RotationError(f"version {rotation.token} has no value, because createSecret has not run")
    pending = Credentials.parse(text, "the pending value")
    check_successor(current, pending)
    return current, pending


def _current(secrets: Any, rotation: Rotation) -> Credentials:
    text = _value(secrets, rotation, VersionStage=CURRENT)
    if text is None:
        raise RotationError(f"no version of {rotation.secret_id} has the label {CURRENT} and a value")
    return Credentials.parse(text, "the current value")


def _value(secrets: Any, rotation: Rotation, **version: str) -> str | None:
    """The text of a version; None if the version does not exist or has no value yet."""
    try:
        reply = secrets.get_secret_value(SecretId=rotation.secret_id, **version)
    except Exception as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise
    text = reply.get("SecretString")
    return text if isinstance(text, str) else None


def _read_one_row(connection: pymysql.connections.Connection[Any], user: str) -> None:
    """Read a row of the first table that ``user`` may read. Raises RotationError for an unencrypted session."""
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
    """Whether the database accepts the pending password already, because an earlier attempt of the step set it."""
    try:
        mysql.connect(pending.login()).close()
    except mysql.LoginRejectedError:
        return False
    return True


def _connect_master(secrets: Any, current: Credentials) -> pymysql.connections.Connection[Any]:
    """Connect as the master user, whose secret RDS keeps (only user name and password)."""
    subject = f"the master secret {current.master}"
    reply = secrets.get_secret_value(SecretId=current.master)
    document = parse_object(str(reply.get("SecretString")), subject)
    user, password, host = (document.get(key) for key in ("username", "password", "host"))
    if not isinstance(user, str) or not isinstance(password, str) or not user or not password:
        raise RotationError(f"{subject} lacks username or password")
    if host and host != current.host:
        raise RotationError(f"{subject} is for the host {host}, the secret for {current.host}")
    if user in (current.username, other_user(current.username)):
        raise RotationError(f"{subject} is for {user}, one of the two users that it manages")
    try:
        return mysql.connect(mysql.Login(current.host, current.port, user, password))
    except mysql.LoginRejectedError as error:
        logger.error("the master's login was rejected", extra={"reason": error.reason})
        raise RotationError(
            f"the database rejects {user} of {subject} ({error.reason}); this is temporary while RDS rotates that secret"
        ) from None
