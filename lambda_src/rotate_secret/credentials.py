"""The database secret: what it must hold, whose turn is next, and which changes of it are not to be believed.

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
# What a rotation may not change. Whoever may write a new version of the secret, but not read the master's, could
# otherwise have this function log in to a server of his choice with the master's password.
_CONSTANT = ("engine", "host", "port", "dbname", "masterarn")


@dataclass
class RotationError(FunctionError):
    """A rotation cannot go on; a person has to look. The text never holds a part of a secret's value."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Credentials:
    """One value of the secret. ``document`` is all of it, so that keys that nobody here knows survive a rotation."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    database: str
    master: str
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, text: str, which: str) -> Credentials:
        """Read a secret's value; ``which`` names it in errors. Raises RotationError."""
        document = parse_object(text, which)
        absent = [key for key in _REQUIRED if not isinstance(document.get(key), str) or not document[key]]
        if absent:
            raise RotationError(f"{which} lacks {', '.join(absent)}")
        if document["engine"] not in ENGINES:
            raise RotationError(f"{which} is for the engine {document['engine']}; this function knows {ENGINES[0]}")
        return cls(
            document["host"],
            _port(document.get("port", DEFAULT_PORT), which),
            _user(document["username"], which),
            document["password"],
            str(document.get("dbname") or ""),
            document["masterarn"],
            document,
        )

    def login(self, database: str = "") -> Login:
        """The login with this value."""
        return Login(self.host, self.port, self.username, self.password, database)

    def successor(self, password: str) -> str:
        """The JSON of the next value: the other user and his new password, everything else unchanged."""
        return json.dumps({**self.document, "username": other_user(self.username), "password": password})


def parse_object(text: str, which: str) -> Mapping[str, Any]:
    """A JSON object. Raises RotationError without the cause: a decoder's text could quote the secret."""
    try:
        document = json.loads(text)
    except ValueError:
        raise RotationError(f"{which} is not JSON") from None
    if not isinstance(document, dict):
        raise RotationError(f"{which} is not a JSON object")
    return document


def other_user(user: str) -> str:
    """``payments`` for ``payments_clone`` and the reverse. Raises RotationError when the name would be too long."""
    if user.endswith(CLONE_SUFFIX):
        return user.removesuffix(CLONE_SUFFIX)
    clone = user + CLONE_SUFFIX
    if len(clone) > MAX_USER_LENGTH:
        raise RotationError(f"the user name {clone} is longer than the {MAX_USER_LENGTH} characters that MySQL allows")
    return clone


def check_successor(current: Credentials, pending: Credentials) -> None:
    """Refuse a pending value that is not the current one's successor. Raises RotationError."""
    for key in _CONSTANT:
        if current.document.get(key) != pending.document.get(key):
            raise RotationError(f"the pending value has another {key} than the current one; {_REMEDY}")
    expected = other_user(current.username)
    if pending.username != expected:
        raise RotationError(f"the pending value is for {pending.username} and not for {expected}; {_REMEDY}")


_REMEDY = "take the label AWSPENDING from that version (update-secret-version-stage --remove-from-version-id) and rotate again"


def _port(value: Any, which: str) -> int:
    text = str(value)  # CloudFormation's attachment writes a number, people write text
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise RotationError(f"{which} has a port that is none")
    return int(text)


def _user(name: str, which: str) -> str:
    try:
        quote_user(name)
    except ValueError as error:
        raise RotationError(f"{which}: {error}") from None
    if name == CLONE_SUFFIX:
        raise RotationError(f"{which} has the user name {name}, which is a suffix only")
    return name
