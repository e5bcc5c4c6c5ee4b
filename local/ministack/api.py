"""Calls from inside the emulator to its own services, through their public API: boto3 on loopback.

Such a call needs a worker thread. The engine runs handlers on its event loop otherwise
(``resource_types.on_worker_threads``).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from local.host.aws import client_config, new_session
from local.ministack.internals import emulator_module

_core = emulator_module("core.responses")
_CLIENT_CONFIG = client_config(attempts=1)


class Api:
    """boto3 clients of this emulator as the account's root, one for each service and region, created on first use."""

    def __init__(self) -> None:
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()  # creating clients is not thread-safe in botocore

    def __call__(self, service: str) -> Any:
        """Return the client of ``service`` in the region of the stack that the engine is deploying."""
        key = (service, str(_core.get_region()))
        with self._lock:
            if key not in self._clients:
                if self._session is None:
                    self._session = new_session()  # endpoint, CA and root credentials are in the environment
                self._clients[key] = self._session.client(service, region_name=key[1], config=_CLIENT_CONFIG)
            return self._clients[key]


aws = Api()


@contextlib.contextmanager
def ignoring(*codes: str) -> Iterator[None]:
    """Swallow these error codes of the API: a deletion may find that the resource does not exist."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise
