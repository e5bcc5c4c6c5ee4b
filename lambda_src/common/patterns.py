"""Regular expressions that match once and never try again, on each Python that the project runs on."""

from __future__ import annotations

import sys

POSSESSIVE_GROUPS_ARE_RIGHT = sys.version_info >= (3, 11, 5)
"""Before, a possessive group whose last repetition failed half-way left the match in the middle of it (CPython issue
106052). Lambda's Python is newer; Debian 12 has 3.11.2."""


def repeated(pattern: str) -> str:
    """``pattern`` any number of times, as often as possible and never less: what a hostile text costs stays linear."""
    return rf"(?:{pattern})*+" if POSSESSIVE_GROUPS_ARE_RIGHT else rf"(?>(?:{pattern})*)"
