"""gunicorn's settings: ``python -m gunicorn --config python:payments.gunicorn_conf payments.wsgi:app``.

The times depend on each other. web_src/README.md lists them with those of the load balancer and of the unit.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from payments.logs import configuration
from payments.settings import number, tls_files

# Loopback by default. The unit sets 0.0.0.0, behind a security group that admits only the load balancer.
bind = f"{os.environ.get('BIND_ADDRESS') or '127.0.0.1'}:{number('PORT', 8080, 1, 65535)}"
# With TLS_DIRECTORY, which the unit sets, the service speaks only TLS.
certfile, keyfile = tls_files()
worker_class = "payments.worker.Worker"
# Processes: one for each core of a t3.large.
workers = number("WEB_WORKERS", 2, 1, 32)
# Of each process. Each thread has a database connection, and each process has one more for health.
threads = number("WEB_THREADS", 8, 1, 64)
# Of each process. Beyond that, the worker closes the connection that has stalled for longest.
worker_connections = number("WEB_CONNECTIONS", 1000, 100, 3000)
# Seconds. Longer than the load balancer's idle timeout of 60, or it would use connections that have just closed.
keepalive = 75
# Seconds for the requests in progress at a stop. None takes longer (see payments.database).
graceful_timeout = 30
# Seconds without a heartbeat, after which gunicorn replaces a worker process.
timeout = 60
# gunicorn replaces a worker after so many requests. The jitter makes its neighbours' turn come at other moments.
max_requests = 20_000
max_requests_jitter = 2_000
limit_request_line = 2048
limit_request_fields = 64
# Only systemd manages the server at run time.
control_socket_disable = True
logconfig_dict = configuration()
# Heartbeats are files. If they were on a disk, workers would hang with it.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"


def ssl_context(_configuration: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Allow TLS 1.2 or newer. gunicorn does so too, but the machine's policy could change its default."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
