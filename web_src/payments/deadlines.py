"""How long a client may take. Plain values and arithmetic; ``worker`` has the sockets."""

from __future__ import annotations

from dataclasses import dataclass

from .settings import number

# From a request's first byte to its last. A TLS handshake may take as long.
REQUEST_SECONDS = number("WEB_REQUEST_SECONDS", 10, 1, 10)
# For each write of an answer, because a client may be slow to read it.
WRITE_SECONDS = 10.0
# For the rest of a request after a stop has begun. The requests that threads work on need the time that remains.
STOP_SECONDS = 1.0
# After the last answer, so that a client that is still sending reads the answer before the connection breaks.
LINGER_SECONDS = 2.0
# Between two searches for connections that are overdue.
CHECK_INTERVAL_SECONDS = 0.25


@dataclass(slots=True)
class Phase:
    """What a connection does now: the time when that began, and the time when it must have ended.

    Attributes:
        since: The begin, in seconds of the monotonic clock.
        until: The deadline, in seconds of the same clock.
    """

    since: float
    until: float

    @classmethod
    def lasting(cls, seconds: float, now: float) -> Phase:
        """Return a phase that begins now and may last so many seconds."""
        return cls(now, now + seconds)

    def end_in(self, seconds: float, now: float) -> None:
        """Move the deadline; the begin stays."""
        self.until = now + seconds

    def shorten_to(self, seconds: float, now: float) -> None:
        """Move the deadline forward, unless it is sooner already."""
        self.until = min(self.until, now + seconds)

    def is_over(self, now: float) -> bool:
        """Whether the deadline has passed."""
        return self.until <= now

    def milliseconds(self, now: float) -> float:
        """The time since the begin, rounded as log lines show it."""
        return round((now - self.since) * 1000, 1)
