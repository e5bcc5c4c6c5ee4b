"""How ``local.cloud`` starts the emulator's process: its command, its environment, and the version.

The process has an environment of its own, because ministack reads its settings from the environment while Python
imports it.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys

from local.host.errors import EmulatorMismatchError
from local.host.project import PROJECT
from local.host.settings import ACCOUNT, REGION, Settings

MINISTACK_VERSION = "1.5.33"

_HOST_VARIABLES = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "HOME",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "XDG_CACHE_HOME",
    "DATABASE_PATH",
)
"""What the process keeps of its launcher's environment: nothing that could point a function at a real account."""


def emulator_environment(settings: Settings, access_key: str, secret_key: str) -> dict[str, str]:
    """Return the whole environment of the emulator. Functions inherit it, except for the credentials.

    Args:
        settings: the emulator's settings.
        access_key: the account's root credentials, first part.
        secret_key: second part.
    """
    return {
        **{name: os.environ[name] for name in _HOST_VARIABLES if name in os.environ},
        **_ministack_variables(settings),
        "TMPDIR": str(settings.run_directory / "tmp"),
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


def _ministack_variables(settings: Settings) -> dict[str, str]:
    """Return ministack's own settings."""
    variables = {
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
    }
    if settings.keep is not None:
        variables |= {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(settings.keep / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(settings.keep / "s3"),
        }
    return variables


def check_version() -> None:
    """Reject another version: the patches reach into internals that no version promises to keep.

    Raises:
        EmulatorMismatchError: Another version of ministack is installed.
    """
    installed = importlib.metadata.version("ministack")
    if installed != MINISTACK_VERSION:
        raise EmulatorMismatchError(f"ministack {MINISTACK_VERSION}", f"ministack {installed}")


def command_line(settings: Settings) -> list[str]:
    """Return the command that runs ``local.launch.server``. Not by ``-m``: a PYTHONPATH would reach the functions."""
    program = (
        f"import sys; sys.path.insert(0, {str(PROJECT)!r}); "
        f"from local.launch.server import main; main({settings.to_json()!r})"
    )
    return [sys.executable, "-s", "-c", program]
