"""The error tree of the payment service. ``app`` alone turns errors into answers."""

from __future__ import annotations

from dataclasses import dataclass, field


class PlatformError(Exception):
    """Base of all errors that the service raises on purpose."""


@dataclass
class ConfigurationError(PlatformError):
    """A setting is missing or has a value that cannot be used; the service does not start."""

    setting: str
    reason: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.reason}"


@dataclass
class RequestError(PlatformError):
    """A request that the client has to change. The message never repeats what the client sent."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


@dataclass
class DatabaseUnavailableError(PlatformError):
    """The database or its credentials could not be had, or the connection was lost each time."""

    reason: str

    def __str__(self) -> str:
        return f"database: {self.reason}"


@dataclass
class DatabaseBusyError(PlatformError):
    """Lock waits or deadlocks, each time that the transaction was tried."""

    reason: str

    def __str__(self) -> str:
        return f"database: {self.reason}"
