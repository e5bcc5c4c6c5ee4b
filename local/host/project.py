"""Where the project is, and the state file of the embedded AWS that a person starts by hand."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

STATE_FILE = PROJECT / ".local" / "state.json"
"""Written by ``python -m local up`` and by the demo; the deployer looks for it, too (``deploy.session``)."""
