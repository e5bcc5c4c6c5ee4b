"""gunicorn's settings: ``python -m gunicorn --config python:payments.gunicorn_conf payments.wsgi:app``.

The times belong together; the README lists them with those of the load balancer and of the unit.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from payments.logs import configuration
from payments.settings import number, tls_files

# Loopback unless told otherwise; the unit says 0.0.0.0, behind a security group that lets only the balancer in.
bind = f"{os.environ.get('BIND_ADDRESS') or '127.0.0.1'}:{number('PORT', 8080, 1, 65535)}"
certfile, keyfile = tls_files()  # with TLS_DIRECTORY, which the unit sets, nothing is served but TLS
worker_class = "payments.worker.Worker"
workers = number("WEB_WORKERS", 2, 1, 32)  # processes: one for each core of a t3.large
threads = number("WEB_THREADS", 8, 1, 64)  # of each; each has one database connection, and the process one for health
worker_connections = number("WEB_CONNECTIONS", 1000, 100, 3000)  # of each; beyond that, the oldest that stalls goes
keepalive = 75  # seconds; longer than the balancer's idle timeout of 60, or it would use connections that just closed
graceful_timeout = 30  # seconds for requests under way at a stop; none takes longer (see payments.database)
timeout = 60  # seconds without a sign of life after which a worker process is replaced
max_requests = 20_000  # a worker is replaced after so many requests, at another moment than its neighbours
max_requests_jitter = 2_000
limit_request_line = 2048
limit_request_fields = 64
control_socket_disable = True  # nothing manages the server at run time but systemd
logconfig_dict = configuration()
# Heartbeats are files; on a disk they would make workers hang with it.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"


def ssl_context(_configuration: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """What gunicorn would take, said rather than left to the machine's policy: TLS 1.2 or newer."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
