"""The state file: what another process needs to find a running embedded AWS again."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local.host.errors import StateError
from local.host.settings import Settings

RUN_DIRECTORY_PREFIX = "embedded-aws-"
"""How the name of a run directory begins."""


@dataclass(frozen=True)
class CloudState:
    """A running embedded AWS.

    Attributes:
        settings: the emulator's settings.
        guard_pid: the process that ends everything when it gets SIGTERM.
        access_key: the account's root credentials, first part.
        secret_key: second part.
    """

    settings: Settings
    guard_pid: int
    access_key: str
    secret_key: str

    def write(self, file: Path) -> None:
        """Write the state to a file, whole or not at all.

        The file holds root credentials. Only its owner can read it, from its first byte on.

        Raises:
            StateError: The file cannot be written.
        """
        document = {
            "settings": json.loads(self.settings.to_json()),
            "guard": self.guard_pid,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
        }
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mode 600
            try:
                with os.fdopen(descriptor, "w") as stream:
                    json.dump(document, stream, indent=1)
                os.replace(temporary, file)
            finally:
                Path(temporary).unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"The state file {file} cannot be written ({error.strerror})") from error

    @classmethod
    def read(cls, file: Path) -> CloudState:
        """Return the state in a file.

        Raises:
            StateError: The file does not exist, cannot be read, or is damaged.
        """
        try:
            document = json.loads(file.read_text())
            state = cls(
                Settings.from_json(json.dumps(document["settings"])),
                int(document["guard"]),
                str(document["access_key"]),
                str(document["secret_key"]),
            )
        except FileNotFoundError:
            raise StateError("The embedded AWS is not up (start it with: python -m local up)") from None
        except OSError as error:
            raise StateError(f"The state file {file} cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(_unusable(file, "is damaged, or of another version")) from error
        if not state.settings.run_directory.name.startswith(RUN_DIRECTORY_PREFIX):  # `stop` removes that directory
            raise StateError(_unusable(file, "is damaged"))
        return state


def _unusable(file: Path, fault: str) -> str:
    return (
        f"The state file {file} {fault}. Remove it: rm {shlex.quote(str(file))}. "
        "An embedded AWS that still runs is shown by `ps -ef | grep '[g]uard.py.*detached'`; end its process with `kill`."
    )
