"""What the emulator's process is told by its launcher: one JSON object on its command line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "111122223333"
"""The account of AWS's own examples: no one owns it."""


@dataclass(frozen=True)
class Settings:
    """Paths are absolute. `keep` is where state survives a restart, None when it does not."""

    port: int
    run_directory: Path
    authority: Path
    certificate: Path
    key: Path
    keep: Path | None = None
    postgres_binaries: Path | None = None

    def to_json(self) -> str:
        return json.dumps(
            {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}
        )

    @classmethod
    def from_json(cls, text: str) -> Settings:
        raw = json.loads(text)

        def optional(name: str) -> Path | None:
            return None if raw[name] is None else Path(raw[name])

        return cls(
            port=raw["port"],
            run_directory=Path(raw["run_directory"]),
            authority=Path(raw["authority"]),
            certificate=Path(raw["certificate"]),
            key=Path(raw["key"]),
            keep=optional("keep"),
            postgres_binaries=optional("postgres_binaries"),
        )

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}"
