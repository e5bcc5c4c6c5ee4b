"""How names are spelled in templates."""

from __future__ import annotations


def pascal(name: str) -> str:
    """``log_alerts`` → ``LogAlerts``."""
    return "".join(word.capitalize() for word in name.split("_"))
