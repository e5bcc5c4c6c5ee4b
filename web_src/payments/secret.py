"""The database's address and credentials, from Secrets Manager: read once, and anew when they are refused.

Rotation alternates between two users ("Rotation strategies", AWS Secrets Manager User Guide): the credentials read before
a rotation stay valid until the next one. So it is enough to read the secret again when a login fails.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import DatabaseUnavailableError

AWS_CONNECT_S, AWS_READ_S, AWS_TRIES = 1, 2, 2
PAUSE_S = 1.0  # between two readings that gave the same: a wrong password must not become a flood of API calls


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where and as whom to connect. The password is in no repr."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


def from_secrets_manager(arn: str) -> Callable[[], str]:
    """A function that reads the current version of a secret, with short timeouts and few tries."""

    def read() -> str:
        import boto3
        from botocore.config import Config

        sdk: Any = boto3  # without types
        settings: Any = Config
        retries = {"mode": "standard", "total_max_attempts": AWS_TRIES}
        config = settings(connect_timeout=AWS_CONNECT_S, read_timeout=AWS_READ_S, retries=retries)
        # A client is made for each reading: there are few, and a client is not kept across a fork.
        client = sdk.session.Session().client("secretsmanager", config=config)
        text: str = client.get_secret_value(SecretId=arn)["SecretString"]
        return text

    return read


@dataclass
class CredentialCache:
    """The last credentials that were read, shared by all threads of a process."""

    read: Callable[[], str]
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _known: Credentials | None = field(default=None, repr=False)
    _unchanged_at: float | None = None

    def current(self) -> Credentials:
        """The cached credentials, or those of a first reading. Raises DatabaseUnavailableError."""
        with self._lock:
            return self._known or self._read()

    def other_than(self, refused: Credentials) -> Credentials:
        """What the secret holds now, after ``refused`` failed; the same again where nothing newer is to be had.

        Of several threads that were refused together one reads. Raises DatabaseUnavailableError only if none are known.
        """
        with self._lock:
            if self._known is not None and (self._known != refused or self._just_looked()):
                return self._known
            try:
                found = self._read()
            except DatabaseUnavailableError:
                if self._known is None:
                    raise
                # Secrets Manager being away must not turn a lost connection, which a new one mends, into an outage.
                found = self._known
            self._unchanged_at = self.clock() if found == refused else None
            return found

    def _just_looked(self) -> bool:
        return self._unchanged_at is not None and self.clock() - self._unchanged_at < PAUSE_S

    def _read(self) -> Credentials:
        try:
            text = self.read()
        except Exception as error:  # noqa: BLE001 - botocore's errors have no common base; none of them may pass as a bug
            raise DatabaseUnavailableError(f"its secret cannot be read ({type(error).__name__})") from None
        self._known = parse(text)
        return self._known


def parse(text: str) -> Credentials:
    """The JSON that Secrets Manager and its target attachment write. Raises DatabaseUnavailableError.

    Source: "JSON structure of AWS Secrets Manager secrets", Secrets Manager User Guide.
    """
    try:
        secret = json.loads(text)
        return Credentials(
            host=str(secret["host"]),
            port=int(secret.get("port", 3306)),
            database=str(secret["dbname"]),
            user=str(secret["username"]),
            password=str(secret["password"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        # Without the cause: its text could hold a part of the secret.
        raise DatabaseUnavailableError("its secret lacks host, port, dbname, username or password") from None
