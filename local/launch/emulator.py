"""How `local.cloud.EmbeddedCloud` starts the emulator's process: its command, its environment, and the version.

The process has an environment of its own, because ministack reads its settings from the environment while Python
imports it.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path

from local.host.errors import EmulatorMismatchError
from local.host.settings import ACCOUNT, REGION, Settings

MINISTACK_VERSION = "1.5.33"

_OF_THE_HOST = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME", "USER", "LOGNAME", "LD_LIBRARY_PATH", "SYSTEMROOT",
                "XDG_CACHE_HOME", "DATABASE_PATH")  # fmt: skip
"""What the process keeps of its launcher's environment: nothing that could point a function at a real account."""


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


def command_line(settings: Settings) -> list[str]:
    """Return the command that runs `local.launch.server`. Not by ``-m``: a PYTHONPATH would reach the functions."""
    project = str(Path(__file__).resolve().parents[2])
    program = f"import sys; sys.path.insert(0, {project!r}); from local.launch.server import main; main({settings.to_json()!r})"
    return [sys.executable, "-s", "-c", program]
