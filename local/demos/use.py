"""What a platform's part of the demo is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.cloud import EmbeddedCloud

RunUse = Callable[[EmbeddedCloud, str], str]
"""(cloud, root stack's name) → what came of it, in one line. Prints what it does; raises PlatformError."""


@dataclass(frozen=True)
class Use:
    """`needs` says what this machine lacks for the platform, None where nothing; `run` uses the platform."""

    needs: Callable[[], str | None]
    run: RunUse
