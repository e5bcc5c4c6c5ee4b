"""The embedded AWS for the tests of the checks."""

from __future__ import annotations

from local.testing import embedded_cloud

__all__ = ["embedded_cloud"]
