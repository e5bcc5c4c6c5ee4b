"""The WSGI application that gunicorn serves, with the settings of this process's environment."""

from __future__ import annotations

from functools import partial

from .app import create_app
from .database import Database, connect, verified_tls
from .health import Health
from .secret import CredentialCache, from_secrets_manager
from .settings import Settings
from .store import Store

_settings = Settings.from_environment()
_credentials = CredentialCache(from_secrets_manager(_settings.secret_arn))
_tls = verified_tls(_settings.ca_file)

app = create_app(
    Store(Database(_credentials, partial(connect, tls=_tls))),
    Health(_credentials, partial(connect, tls=_tls, connect_timeout_seconds=2, read_timeout_seconds=2)),
)
