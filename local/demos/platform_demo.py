"""What each platform brings to the demo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.cloud import EmbeddedCloud


@dataclass(frozen=True)
class PlatformDemo:
    """A platform's part of the demo.

    Attributes:
        client: what the client does, to complete "Use it: …".
        needs: returns what this machine lacks for the platform, None if it lacks nothing.
        prepare: (cloud, parameters of the environment) → None. Creates what the account must have before the
            deployment. Raises LocalError.
        use: (cloud, root stack's name) → the result in one sentence. Prints what it does; raises LocalError.
    """

    client: str
    needs: Callable[[], str | None]
    prepare: Callable[[EmbeddedCloud, Mapping[str, str]], None]
    use: Callable[[EmbeddedCloud, str], str]
