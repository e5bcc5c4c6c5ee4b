"""The functions' settings, which are environment variables. Each is checked where it is read."""

from __future__ import annotations

import os

from .errors import ConfigurationError


def required(name: str) -> str:
    """The variable's value. Raises ConfigurationError if it is missing or empty."""
    value = os.environ.get(name, "")
    if not value:
        raise ConfigurationError(name, "is not set")
    return value


def optional(name: str, default: str = "") -> str:
    """The variable's value, or ``default`` if it is missing or empty."""
    return os.environ.get(name) or default


def port(name: str) -> int:
    """A TCP port number. Raises ConfigurationError."""
    text = required(name)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ConfigurationError(name, f"{text!r} is not a port number")
    return int(text)
