"""The settings that the launcher hands to the emulator's process: one JSON object on its command line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "111122223333"
"""The account of AWS's own examples. No customer owns it."""


@dataclass(frozen=True)
class Settings:
    """The emulator's settings. Paths are absolute.

    Attributes:
        port: the emulator's port.
        run_directory: holds everything that goes with the cloud.
        authority: the CA file.
        certificate: the certificate of the emulator and the databases.
        key: its key.
        keep: where the state survives a restart; None if it does not.
        postgres_binaries: a PostgreSQL bin directory other than the bundled one.
    """

    port: int
    run_directory: Path
    authority: Path
    certificate: Path
    key: Path
    keep: Path | None = None
    postgres_binaries: Path | None = None

    def to_json(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(
            {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}
        )

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Return the settings in a text that ``to_json`` wrote."""
        document = json.loads(text)

        def optional(name: str) -> Path | None:
            return None if document[name] is None else Path(document[name])

        return cls(
            port=document["port"],
            run_directory=Path(document["run_directory"]),
            authority=Path(document["authority"]),
            certificate=Path(document["certificate"]),
            key=Path(document["key"]),
            keep=optional("keep"),
            postgres_binaries=optional("postgres_binaries"),
        )

    @property
    def endpoint(self) -> str:
        """The URL of the emulator."""
        return f"https://127.0.0.1:{self.port}"
