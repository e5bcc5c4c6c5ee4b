"""The database's address and credentials from Secrets Manager, read once and again after the database rejects them.

Rotation alternates between two users ("Rotation strategies", AWS Secrets Manager User Guide). The credentials of before a
rotation stay valid until the next one, so it is enough to read the secret again when a login fails.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import DatabaseUnavailableError

AWS_CONNECT_SECONDS, AWS_READ_SECONDS, AWS_ATTEMPTS = 1, 2, 2
# Between two readings of an unchanged secret: a wrong password must not become a flood of API calls.
REREAD_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """The address, database and user to connect with. The repr hides the password."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


def from_secrets_manager(arn: str) -> Callable[[], str]:
    """Build a function that reads the current version of a secret, with short timeouts and few attempts."""

    def read() -> str:
        import boto3
        from botocore.config import Config

        sdk: Any = boto3  # boto3 and botocore have no types
        client_config: Any = Config
        retries = {"mode": "standard", "total_max_attempts": AWS_ATTEMPTS}
        config = client_config(connect_timeout=AWS_CONNECT_SECONDS, read_timeout=AWS_READ_SECONDS, retries=retries)
        # A new client for each reading, because there are few and a client must not be kept across a fork.
        client = sdk.session.Session().client("secretsmanager", config=config)
        text: str = client.get_secret_value(SecretId=arn)["SecretString"]
        return text

    return read


@dataclass
class CredentialCache:
    """The credentials that were read last, shared by all threads of a process.

    Attributes:
        read: Reads the text of the secret.
        clock: A monotonic clock in seconds.
    """

    read: Callable[[], str]
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _cached: Credentials | None = field(default=None, repr=False)
    _unchanged_at: float | None = None

    def current(self) -> Credentials:
        """The cached credentials, or those of a first reading.

        Raises:
            DatabaseUnavailableError: No credentials are cached and the secret cannot be read.
        """
        with self._lock:
            return self._cached or self._read()

    def other_than(self, rejected: Credentials) -> Credentials:
        """The secret's present credentials, after a login failed; the same again if no newer ones are available.

        If several threads fail together, one of them reads the secret.

        Args:
            rejected: The credentials of the login that failed.

        Raises:
            DatabaseUnavailableError: No credentials are cached and the secret cannot be read.
        """
        with self._lock:
            if self._cached is not None and (self._cached != rejected or self._was_just_read()):
                return self._cached
            try:
                present = self._read()
            except DatabaseUnavailableError:
                if self._cached is None:
                    raise
                # A new connection repairs a lost one. An outage of Secrets Manager must not prevent that.
                present = self._cached
            self._unchanged_at = self.clock() if present == rejected else None
            return present

    def _was_just_read(self) -> bool:
        return self._unchanged_at is not None and self.clock() - self._unchanged_at < REREAD_PAUSE_SECONDS

    def _read(self) -> Credentials:
        try:
            text = self.read()
        except Exception as error:  # noqa: BLE001 - botocore's errors have no common base, and none of them is a bug of the service
            raise DatabaseUnavailableError(f"its secret cannot be read ({type(error).__name__})") from None
        self._cached = parse(text)
        return self._cached


def parse(text: str) -> Credentials:
    """Parse the JSON that Secrets Manager and its target attachment write.

    Source: "JSON structure of AWS Secrets Manager secrets", Secrets Manager User Guide.

    Raises:
        DatabaseUnavailableError: The text is not such JSON.
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
        # Without the cause, because its text could hold a part of the secret.
        raise DatabaseUnavailableError("its secret lacks host, port, dbname, username or password") from None
