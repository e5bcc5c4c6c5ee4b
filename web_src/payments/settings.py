"""The settings from the environment, checked once before the service starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ConfigurationError

RDS_BUNDLE = Path(__file__).with_name("global-bundle.pem")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the application.

    Attributes:
        secret_arn: The secret with the database's address and credentials.
        environment: dev, staging or prod.
        ca_file: The authorities (PEM) of which one must have issued the database's certificate.
    """

    secret_arn: str
    environment: str
    ca_file: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read DB_SECRET_ARN, ENVIRONMENT and MYSQL_SSL_CA, which defaults to the RDS authorities in the artifact.

        Raises:
            ConfigurationError: One of the first two is not set, or the file of the third does not exist.
        """
        ca_file = Path(environment.get("MYSQL_SSL_CA") or RDS_BUNDLE)
        if not ca_file.is_file():
            raise ConfigurationError("MYSQL_SSL_CA", f"{ca_file} is not a file")
        return cls(_required(environment, "DB_SECRET_ARN"), _required(environment, "ENVIRONMENT"), ca_file)


def tls_files(environment: Mapping[str, str] = os.environ) -> tuple[str | None, str | None]:
    """Certificate and key (PEM) in the folder TLS_DIRECTORY; None for both if it is not set.

    Raises:
        ConfigurationError: A file is missing. A service that should speak TLS never falls back to HTTP.
    """
    if not environment.get("TLS_DIRECTORY"):
        return None, None
    files = [Path(environment["TLS_DIRECTORY"]) / name for name in ("certificate.pem", "key.pem")]
    for file in files:
        if not file.is_file():
            raise ConfigurationError("TLS_DIRECTORY", f"{file} is not a file")
    return str(files[0]), str(files[1])


def number(name: str, default: int, lowest: int, highest: int, environment: Mapping[str, str] = os.environ) -> int:
    """Read a whole number between two bounds.

    Args:
        name: The environment variable.
        default: The value if the variable is missing or empty.
        lowest: The lower bound, which is allowed.
        highest: The upper bound, which is allowed.
        environment: The variables.

    Raises:
        ConfigurationError: The value is not a whole number between the bounds.
    """
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
        raise ConfigurationError(name, f"must be a whole number from {lowest} to {highest}")
    return int(text)


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise ConfigurationError(name, "is not set")
    return value
