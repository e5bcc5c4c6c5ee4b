"""The emulator's process: patches ministack, serves it over TLS on loopback, and ends cleanly on SIGTERM."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local.host.settings import Settings
from local.launch.emulator import check_version

FAREWELL_SECONDS = 0.5
"""How long open connections may go on at the end."""


def main(settings_json: str) -> None:
    """Run until SIGTERM.

    Args:
        settings_json: the emulator's settings, as ``Settings.to_json`` wrote them.

    Raises:
        EmulatorMismatchError: Another version of ministack is installed.
    """
    settings = Settings.from_json(settings_json)
    check_version()
    faulthandler.register(signal.SIGUSR1)  # kill -USR1: every thread's stack goes to the log
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    # After the check of the version: to import it is to import ministack's modules by their names.
    from local.launch.application import build, save_state

    logging.getLogger("botocore").setLevel(logging.WARNING)  # the handlers' own calls back
    application = build(settings)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    serving = asyncio.ensure_future(serve(application.asgi, _config(settings), shutdown_trigger=stopped.wait))
    try:
        await asyncio.wait([serving, asyncio.ensure_future(stopped.wait())], return_when=asyncio.FIRST_COMPLETED)
        # An idle TLS connection can hold the server's own end back for half a minute.
        await asyncio.wait([serving], timeout=FAREWELL_SECONDS)
        if serving.done():
            serving.result()
    finally:
        if settings.keep is not None:
            save_state()
        application.close()
        logging.shutdown()
        # Python would wait for pooled threads of the emulator (long polls, pollers). The state is saved by now.
        os._exit(0 if stopped.is_set() else 1)


def _config(settings: Settings) -> Config:
    config = Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.certfile, config.keyfile = str(settings.certificate), str(settings.key)
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1.0
    config.shutdown_timeout = 5.0
    config.loglevel = "WARNING"
    return config
