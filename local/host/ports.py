"""Ports of 127.0.0.1: free ones, those that a process may listen at, and those that a kept state needs again."""

from __future__ import annotations

import errno
import json
import socket
from pathlib import Path

from local.host.errors import StartError
from local.host.files import replace_text

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def check_port(port: int) -> None:
    """Check that the emulator can listen at ``port``.

    Raises:
        StartError: The port is taken, reserved for the system, or out of range.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OverflowError as error:
            raise StartError("The emulator", f"there is no port {port}: they are 1 to 65535") from error
        except OSError as error:
            reason = f"port {port} of {LOOPBACK} is taken ({error.strerror}): choose another, or 0 for a free one"
            if error.errno == errno.EACCES:
                reason = f"this user may not listen at port {port} ({error.strerror}): choose one above 1023"
            raise StartError("The emulator", reason) from error


def remember_port(file: Path, identifier: str, port: int | None) -> None:
    """Write the port of a database cluster to ``file``, a JSON object; None removes the cluster."""
    ports = remembered_ports(file)
    if port is None:
        ports.pop(identifier, None)
    else:
        ports[identifier] = port
    replace_text(file, json.dumps(ports))


def remembered_ports(file: Path) -> dict[str, int]:
    """Return the ports that an earlier run wrote to ``file``, by cluster."""
    return dict(json.loads(file.read_text())) if file.exists() else {}
