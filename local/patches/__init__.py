"""The mends of the emulator, one module for each gap. Order matters only where a comment says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from local.settings import Settings

Asgi = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]
Answer = Callable[[], dict[str, Any]]


@dataclass
class Application:
    """The emulator with the launcher's own paths in front; `close` ends what the patches started."""

    emulator: Asgi
    answers: dict[str, Answer] = field(default_factory=dict)
    closers: list[Callable[[], None]] = field(default_factory=list)

    async def asgi(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        answer = self.answers.get(scope.get("path", "")) if scope["type"] == "http" else None
        if answer is None:
            await self.emulator(scope, receive, send)
            return
        body = json.dumps(await asyncio.to_thread(answer), default=str).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def close(self) -> None:
        for closer in reversed(self.closers):
            closer()


def install_patches(settings: Settings) -> Application:
    """Import the emulator, mend it, and return what to serve.

    Raises EmulatorMismatchError where the emulator does not look as a patch expects.
    """
    from local.patches import nested_stacks
    from local.patches.internals import emulator_module

    application = Application(emulator_module("app").app)
    nested_stacks.install()
    application.answers["/_local/health"] = lambda: {"postgres": "ready"}
    return application
