"""The emulator's process: mends ministack, serves it over TLS on loopback, and ends cleanly on SIGTERM.

Started by `local.cloud.EmbeddedCloud` with an environment of its own (see `emulator_environment`), because ministack
reads its settings from the environment while it is imported.
"""

from __future__ import annotations

import asyncio
import faulthandler
import importlib.metadata
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from local.host.errors import EmulatorMismatchError
from local.host.settings import ACCOUNT, REGION, Settings

MINISTACK_VERSION = "1.5.33"

FAREWELL = 0.5
"""Seconds that open connections get at the end."""

_OF_THE_HOST = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME", "USER", "LOGNAME", "LD_LIBRARY_PATH", "SYSTEMROOT",
                "XDG_CACHE_HOME", "DATABASE_PATH")  # fmt: skip
"""What the process keeps of its launcher's environment: nothing that could point a function at a real account."""

logger = logging.getLogger("local")


def emulator_environment(settings: Settings, access_key: str, secret_key: str) -> dict[str, str]:
    """The whole environment of the emulator. Functions inherit it, except for the credentials."""
    temporary = settings.run_directory / "tmp"
    environment = {name: os.environ[name] for name in _OF_THE_HOST if name in os.environ}
    environment |= {
        "AUTH": "true",
        "USE_SSL": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(settings.port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_SSL_CERT": str(settings.certificate),
        "MINISTACK_SSL_KEY": str(settings.key),
        "MINISTACK_AUTOCREATE_AWS_MANAGED": "true",
        # Listeners on fixed ports would keep two emulators from running side by side.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{settings.run_directory}/no-docker.sock",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": os.environ.get("LOCAL_LOG_LEVEL", "INFO"),
        "TMPDIR": str(temporary),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_CA_BUNDLE": str(settings.authority),
        "SSL_CERT_FILE": str(settings.authority),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": str(settings.authority),
        "MYSQL_SSL_CA": str(settings.authority),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if settings.keep is not None:
        environment |= {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(settings.keep / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(settings.keep / "s3"),
        }
    return environment


def check_version() -> None:
    """Refuse another version: the patches reach into internals that no version promises to keep.

    Raises EmulatorMismatchError.
    """
    found = importlib.metadata.version("ministack")
    if found != MINISTACK_VERSION:
        raise EmulatorMismatchError(f"ministack {MINISTACK_VERSION}", f"ministack {found}")


def main(settings_json: str) -> None:
    """Run until SIGTERM."""
    settings = Settings.from_json(settings_json)
    check_version()
    faulthandler.register(signal.SIGUSR1)  # kill -USR1: every thread's stack goes to the log
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from local.patches import install_patches, save_state

    logging.getLogger("botocore").setLevel(logging.WARNING)  # the handlers' own calls back
    application: Any = install_patches(settings)
    config = Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.certfile, config.keyfile = str(settings.certificate), str(settings.key)
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1.0
    config.shutdown_timeout = 5.0
    config.loglevel = "WARNING"
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    serving = asyncio.ensure_future(serve(application.asgi, config, shutdown_trigger=stopped.wait))
    try:
        await asyncio.wait([serving, asyncio.ensure_future(stopped.wait())], return_when=asyncio.FIRST_COMPLETED)
        # An idle TLS connection can hold the server's own end back for half a minute.
        await asyncio.wait([serving], timeout=FAREWELL)
        if serving.done():
            serving.result()
    finally:
        if settings.keep is not None:
            save_state()
        application.close()
        logging.shutdown()
        # Pooled threads of the emulator (long polls, pollers) would be waited for. The state is saved by now.
        os._exit(0 if stopped.is_set() else 1)


def command_line(settings: Settings) -> list[str]:
    """The command that runs this module. Not `-m`: a PYTHONPATH would reach the functions."""
    project = str(Path(__file__).resolve().parent.parent)
    program = (
        f"import sys; sys.path.insert(0, {project!r}); from local.emulator import main; main({settings.to_json()!r})"
    )
    return [sys.executable, "-s", "-c", program]
