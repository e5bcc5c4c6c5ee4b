"""The end of an embedded AWS that a person started by hand, and what Ctrl-C reports about it.

Shared by ``python -m local`` and the demo.
"""

from __future__ import annotations

from pathlib import Path

from local.cloud import EmbeddedCloud
from local.host.errors import Interruption, StateError


def stop_and_forget(cloud: EmbeddedCloud, state: Path) -> None:
    """Stop the cloud and remove its state file.

    Raises:
        Interruption: Ctrl-C came meanwhile. The embedded AWS ends all the same.
    """
    try:
        cloud.stop(lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        raise Interruption("Interrupted. The embedded AWS ends on its own; `make down` waits until it has.") from None
    state.unlink(missing_ok=True)


def what_keeps_running(state: Path, again: str) -> str:
    """Return the sentence for Ctrl-C: what keeps running, and what to type next.

    Args:
        state: the state file of the embedded AWS, which may be missing.
        again: the command that continues.
    """
    try:
        cloud = EmbeddedCloud.load(state) if state.exists() else None
    except StateError as error:
        return f"Interrupted. {error}"
    if cloud is None or not cloud.is_alive():
        return "Interrupted. Nothing keeps running."
    next_steps = f"`{again}` continues with it, `make down` stops it."
    return f"Interrupted. The embedded AWS goes on running at {cloud.endpoint}; {next_steps}"
