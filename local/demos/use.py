"""What a platform's part of the demo is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.cloud import EmbeddedCloud

Prepare = Callable[[EmbeddedCloud, Mapping[str, str]], None]
"""(cloud, parameters of the environment): makes what the account has to have before. Raises PlatformError."""
RunUse = Callable[[EmbeddedCloud, str], str]
"""(cloud, root stack's name) → what came of it, in one line. Prints what it does; raises PlatformError."""


@dataclass(frozen=True)
class Use:
    """`needs` says what this machine lacks for the platform, None where nothing; `run` uses the platform."""

    needs: Callable[[], str | None]
    prepare: Prepare
    run: RunUse
