"""The errors that more than one function raises. ``common`` draws the whole tree.

Each error carries data fields. Only the handlers turn errors into answers. ``web_src/payments/errors.py`` is alike on
purpose: the functions and the payment service are two deployables that share no code.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class FunctionError(Exception):
    """Base of all errors that the functions raise on purpose."""


@dataclass
class ConfigurationError(FunctionError):
    """An environment variable is missing or has an invalid value."""

    variable: str
    reason: str

    def __str__(self) -> str:
        return f"environment variable {self.variable}: {self.reason}"


@dataclass
class RequestError(FunctionError):
    """A request that the client has to change. It becomes a 4xx (or 503) answer with a JSON error body."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    details: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


@dataclass
class DatabaseUnavailableError(FunctionError):
    """The database cannot be reached, or the connection was lost. The caller may retry.

    Attributes:
        host: the server.
        reason: the first line of the driver's message.
        resuming: whether the server probably resumes from a pause, which the connection has started.
    """

    host: str
    reason: str
    resuming: bool = False

    def __str__(self) -> str:
        return f"database {self.host}: {self.reason}"


class CredentialsRejectedError(DatabaseUnavailableError):
    """The database rejects the user's password or token. A retry with the same one would fail again."""


@dataclass
class MigrationError(FunctionError):
    """A schema migration cannot be applied. ``version`` is 0 if no single file is at fault."""

    version: int
    reason: str

    def __str__(self) -> str:
        return f"migration {self.version:04d}: {self.reason}" if self.version else self.reason


@dataclass
class BadObjectError(FunctionError):
    """A stored object that no retry can process. It goes to quarantine."""

    key: str
    reason: str

    def __str__(self) -> str:
        return f"object {self.key}: {self.reason}"


@dataclass
class CustomResourceError(FunctionError):
    """A custom resource cannot be created, changed or deleted. The text appears in the stack's events."""

    reason: str

    def __str__(self) -> str:
        return self.reason
