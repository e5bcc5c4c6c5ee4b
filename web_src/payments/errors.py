"""The errors of the payment service; the package's docstring draws the tree.

lambda_src/common/errors.py is alike on purpose. Functions and service are two deployables that share no code, so each
has its own tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class ServiceError(Exception):
    """Base of all errors that the service raises on purpose."""


@dataclass
class ConfigurationError(ServiceError):
    """A setting is missing or invalid; the service does not start."""

    setting: str
    reason: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.reason}"


@dataclass
class RequestError(ServiceError):
    """The client must change the request. The message never repeats what the client sent.

    Attributes:
        status: The HTTP status of the answer.
        code: The error code in the answer's body, which clients may rely on.
        message: The sentence in the answer's body that says what to do.
        headers: Further headers of the answer.
    """

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


@dataclass
class DatabaseUnavailableError(ServiceError):
    """The database or its credentials are unavailable, or the connection broke at each attempt."""

    reason: str

    def __str__(self) -> str:
        return f"database: {self.reason}"


@dataclass
class DatabaseBusyError(ServiceError):
    """Each attempt at the transaction ended with a lock wait or a deadlock."""

    reason: str

    def __str__(self) -> str:
        return f"database: {self.reason}"
