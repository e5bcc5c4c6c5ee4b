"""The database secret: its required content, the next of its two users, and the changes that a rotation rejects.

JSON as in "JSON structure of Secrets Manager secrets", "Amazon RDS and Aurora credentials", with the ``masterarn`` of
alternating users.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from common.errors import FunctionError
from common.mysql import MAX_USER_LENGTH, Login, quote_user

CLONE_SUFFIX = "_clone"
ENGINES = ("mysql", "aurora-mysql")
DEFAULT_PORT = 3306
_REQUIRED = ("engine", "host", "username", "password", "masterarn")
# Fields that a rotation may not change. Otherwise a caller who may write a version of the secret, but not read the
# master's secret, could make this function log in to a server of the caller's choice with the master's password.
_CONSTANT = ("engine", "host", "port", "dbname", "masterarn")


@dataclass
class RotationError(FunctionError):
    """A rotation cannot continue until a person fixes the cause. The text never contains a part of a secret's value."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Credentials:
    """One value of the secret. ``document`` is the whole value, so that a rotation keeps unknown keys."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    database: str
    master: str
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, text: str, subject: str) -> Credentials:
        """Read a secret's value, which errors call ``subject``. Raises RotationError."""
        document = parse_object(text, subject)
        missing = [key for key in _REQUIRED if not isinstance(document.get(key), str) or not document[key]]
        if missing:
            raise RotationError(f"{subject} lacks {', '.join(missing)}")
        if document["engine"] not in ENGINES:
            raise RotationError(f"{subject} is for the engine {document['engine']}; this function knows {ENGINES[0]}")
        return cls(
            document["host"],
            _port(document.get("port", DEFAULT_PORT), subject),
            _user(document["username"], subject),
            document["password"],
            str(document.get("dbname") or ""),
            document["masterarn"],
            document,
        )

    def login(self, database: str = "") -> Login:
        """The login of this value's user."""
        return Login(self.host, self.port, self.username, self.password, database)

    def successor(self, password: str) -> str:
        """The JSON of the next value: the other user with the new password, all else unchanged."""
        return json.dumps({**self.document, "username": other_user(self.username), "password": password})


def parse_object(text: str, subject: str) -> Mapping[str, Any]:
    """A JSON object. Raises RotationError, without the cause, whose text could quote the secret."""
    try:
        document = json.loads(text)
    except ValueError:
        raise RotationError(f"{subject} is not JSON") from None
    if not isinstance(document, dict):
        raise RotationError(f"{subject} is not a JSON object")
    return document


def other_user(user: str) -> str:
    """``payments`` for ``payments_clone`` and the reverse. Raises RotationError if the name would be too long."""
    if user.endswith(CLONE_SUFFIX):
        return user.removesuffix(CLONE_SUFFIX)
    clone = user + CLONE_SUFFIX
    if len(clone) > MAX_USER_LENGTH:
        raise RotationError(f"the user name {clone} is longer than the {MAX_USER_LENGTH} characters that MySQL allows")
    return clone


def check_successor(current: Credentials, pending: Credentials) -> None:
    """Raises RotationError for a pending value that is not the successor of the current one."""
    for key in _CONSTANT:
        if current.document.get(key) != pending.document.get(key):
            raise RotationError(f"the pending value has another {key} than the current one; {_REMEDY}")
    expected = other_user(current.username)
    if pending.username != expected:
        raise RotationError(f"the pending value is for {pending.username} and not for {expected}; {_REMEDY}")


_REMEDY = "remove the label AWSPENDING from that version (update-secret-version-stage --remove-from-version-id) and rotate again"


def _port(value: Any, subject: str) -> int:
    text = str(value)  # CloudFormation's attachment writes a number, people write a text
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise RotationError(f"{subject} has an invalid port")
    return int(text)


def _user(name: str, subject: str) -> str:
    try:
        quote_user(name)
    except ValueError as error:
        raise RotationError(f"{subject}: {error}") from None
    if name == CLONE_SUFFIX:
        raise RotationError(f"{subject} has the user name {name}, which is only a suffix")
    return name
