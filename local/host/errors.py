"""Errors of the embedded AWS. Each carries data; ``local.__main__`` prints its message. ``local`` draws the tree."""

from __future__ import annotations


class LocalError(Exception):
    """Base of the errors of the embedded AWS. A person can act on each."""


class StartError(LocalError):
    """A process of the embedded AWS did not become healthy.

    Attributes:
        what: the process, as a message names it.
        reason: why it failed.
        log_tail: the end of its log, "" without a log.
    """

    def __init__(self, what: str, reason: str, log_tail: str = "") -> None:
        self.what = what
        self.reason = reason
        self.log_tail = log_tail
        tail = f"\nThe end of its log:\n{log_tail}" if log_tail else ""
        super().__init__(f"{what} did not start: {reason}{tail}")


class EmulatorMismatchError(LocalError):
    """The installed emulator does not look as the patches expect: another version, most likely.

    Attributes:
        expected: what a patch needs.
        actual: what the emulator has.
    """

    def __init__(self, expected: str, actual: str) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"The emulator's internals changed: expected {expected}, found {actual}. "
            "Install the version that requirements pin (make setup), or adapt local/patches."
        )


class PostgresError(LocalError):
    """PostgreSQL could not be found, initialised or started.

    Attributes:
        action: what failed.
        detail: the reason.
    """

    def __init__(self, action: str, detail: str) -> None:
        self.action = action
        self.detail = detail
        super().__init__(f"PostgreSQL: {action} failed: {detail}")


class StateError(LocalError):
    """The state of the embedded AWS, or its state file, does not allow the command."""


class PackageError(LocalError):
    """apt could not deliver a package. The message has no full stop: it ends another sentence."""


class ServerMissingError(LocalError):
    """This machine lacks a database server or a browser, and it cannot be downloaded.

    Attributes:
        name: the server or the browser.
        reason: why it cannot be downloaded.
    """

    def __init__(self, name: str, reason: str, install: str, variable: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(
            f"{name} is not on this machine and cannot be downloaded: {reason.rstrip('.')}. Install it ({install}), or name "
            f"its folder in {variable}."
        )


class Interruption(KeyboardInterrupt):
    """Ctrl-C at a point that knows better than the state file what keeps running. The message is the whole sentence."""
