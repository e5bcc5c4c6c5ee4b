"""Regular expressions that never backtrack, on each Python version that the project runs on."""

from __future__ import annotations

import sys

POSSESSIVE_GROUPS_ARE_RIGHT = sys.version_info >= (3, 11, 5)
"""Whether possessive groups work.

Before 3.11.5, a possessive group whose last repetition failed half-way left the match inside that repetition (CPython
issue 106052). Lambda's Python is newer; Debian 12 has 3.11.2.
"""


def repeated(pattern: str) -> str:
    """``pattern`` repeated as often as possible, without backtracking, so that a hostile text costs linear time."""
    return rf"(?:{pattern})*+" if POSSESSIVE_GROUPS_ARE_RIGHT else rf"(?>(?:{pattern})*)"
