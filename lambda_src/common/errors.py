"""The error tree of the functions. Every error carries data fields; the handlers alone turn them into answers."""

from __future__ import annotations

from dataclasses import dataclass, field


class PlatformError(Exception):
    """Base of all errors that the functions raise on purpose."""


@dataclass
class ConfigurationError(PlatformError):
    """An environment variable is missing or has a value that cannot be used."""

    variable: str
    reason: str

    def __str__(self) -> str:
        return f"environment variable {self.variable}: {self.reason}"


@dataclass
class RequestError(PlatformError):
    """A request that the client has to change: becomes a 4xx (or 503) with a JSON error body."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    details: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


@dataclass
class DatabaseUnavailableError(PlatformError):
    """The database could not be reached or lost the connection; the work may be tried again."""

    host: str
    reason: str

    def __str__(self) -> str:
        return f"database {self.host}: {self.reason}"


@dataclass
class MigrationError(PlatformError):
    """A schema migration cannot be applied; ``version`` is 0 where no single file is at fault."""

    version: int
    reason: str

    def __str__(self) -> str:
        return f"migration {self.version:04d}: {self.reason}" if self.version else self.reason


@dataclass
class BadObjectError(PlatformError):
    """A stored object that can never be processed, whatever is tried: it goes to quarantine."""

    key: str
    reason: str

    def __str__(self) -> str:
        return f"object {self.key}: {self.reason}"


@dataclass
class CustomResourceError(PlatformError):
    """A custom resource cannot be made, changed or deleted; the text reaches the stack's events."""

    reason: str

    def __str__(self) -> str:
        return self.reason
