"""The service with an additional slow path, for the tests of a graceful stop (``tests.web_src.support.slow_app:app``)."""

from __future__ import annotations

import time

from payments.wsgi import app

__all__ = ["app"]


@app.get("/slow")
def slow() -> dict[str, str]:
    """Answer after a second and a half."""
    time.sleep(1.5)
    return {"slow": "done"}
