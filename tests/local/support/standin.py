"""A small web service and its artifact in the form that packaging creates: content-addressed, with a systemd unit."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

SITE = Path(__file__).with_name("site.yaml").read_text()
"""A template with a distribution, a load balancer and a group of instances that run the service.

A request for /break makes the instance that gets it fail its health checks from then on; it serves other paths as before.
"""

_SERVICE = """
import json, os, signal, ssl, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if {broken}:
    sys.exit("this version is broken")

class Handler(BaseHTTPRequestHandler):
    works = True

    def do_GET(self):
        size = int(self.headers.get("content-length") or 0)
        said = {{"version": {version!r}, "pid": os.getpid(), "path": self.path, "headers": dict(self.headers),
                 "body": self.rfile.read(size).decode(), "path_entries": sys.path}}
        with open(os.environ["LOG_FILE"], "a") as log:
            log.write(json.dumps({{"level": "INFO", "path": self.path}}) + "\\n")
        if self.path == "/break":
            Handler.works = False
        body = json.dumps(said).encode()
        self.send_response(500 if self.path == "/health" and not Handler.works else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *arguments):
        pass

signal.signal(signal.SIGTERM, lambda *arguments: os._exit(0))
server = ThreadingHTTPServer((os.environ["BIND_ADDRESS"], int(os.environ["PORT"])), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(os.environ["TLS_DIRECTORY"] + "/certificate.pem", os.environ["TLS_DIRECTORY"] + "/key.pem")
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""

_UNIT = "\n".join(
    [
        "[Service]",
        "Environment=TLS_DIRECTORY=/run/standin",
        "ExecStartPre=/usr/bin/openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=standin "
        "-keyout /run/standin/key.pem -out /run/standin/certificate.pem",
        "ExecStart=/usr/bin/python3.14 -m standin",
        "",
    ]
)


def artifact(version: str, *, broken: bool = False) -> tuple[str, bytes]:
    """(key, content) of a version of the service."""
    files = {
        "standin/__init__.py": "",
        "standin/__main__.py": _SERVICE.format(version=version, broken=broken),
        "standin/system/standin.service": _UNIT,
    }
    total = hashlib.sha256()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in sorted(files.items()):
            total.update(f"{path}\0{hashlib.sha256(text.encode()).hexdigest()}\n".encode())
            archive.writestr(path, text)
    return f"web/standin/{total.hexdigest()}.zip", stream.getvalue()
