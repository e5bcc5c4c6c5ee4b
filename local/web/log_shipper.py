"""The work of the CloudWatch agent on an instance: ship the lines of a file to a log stream, with the instance's role."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger("local.web")

INTERVAL_SECONDS = 0.5
"""The agent's force_flush_interval is 5 by default."""


class LogShipper:
    """Ships whole lines until it is closed. Lines that the role may not write are lost; one warning reports that.

    Args:
        logs: a client of CloudWatch Logs with the instance's role.
        group: the log group.
        stream: the log stream, which the shipper creates.
        file: the file to ship.
    """

    def __init__(self, logs: Any, group: str, stream: str, file: Path) -> None:
        self._logs, self._group, self._stream, self._file = logs, group, stream, file
        self._position = 0
        self._stream_exists = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"logs-{stream}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ship the lines that remain and end."""
        self._closed.set()
        self._thread.join(5)

    def _run(self) -> None:
        try:
            while not self._closed.wait(INTERVAL_SECONDS):
                self._ship()
            self._ship()
        except (BotoCoreError, ClientError) as error:
            logger.warning("No more log of %s: %s", self._stream, error)

    def _ship(self) -> None:
        lines = self._new_lines()
        if not lines:
            return
        if not self._stream_exists:
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
            self._stream_exists = True
        now = int(time.time() * 1000)
        for first in range(0, len(lines), 1000):
            events = [{"timestamp": now, "message": line} for line in lines[first : first + 1000]]
            self._logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=events)

    def _new_lines(self) -> list[str]:
        if not self._file.exists():
            return []
        with self._file.open("rb") as stream:
            stream.seek(self._position)
            content = stream.read()
        complete_lines, separator, _ = content.rpartition(b"\n")
        self._position += len(complete_lines) + len(separator)
        return [line for line in complete_lines.decode(errors="replace").splitlines() if line]
