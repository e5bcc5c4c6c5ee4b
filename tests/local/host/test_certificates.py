"""The authority and the server's certificate."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from local.host.certificates import ensure_certificates


def handshake(directory: Path, name: str) -> str:
    """The peer's certificate, as a client sees it that trusts only our authority and checks ``name``."""
    certificates = ensure_certificates(directory)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates.certificate, certificates.key)
    client = ssl.create_default_context(cafile=str(certificates.authority))
    client_end, server_end = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(server_end, server_side=True).close()
        except ssl.SSLError:
            server_end.close()  # the client rejected the certificate, which the test sees on its side

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(client_end, server_hostname=name) as connection:
            return str(connection.getpeercert())
    finally:
        thread.join()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_clients_that_trust_the_authority_verify_the_loopback_names(tmp_path: Path, name: str) -> None:
    assert "localhost" in handshake(tmp_path, name)


def test_clients_reject_another_name(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, "example.com")


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path / "tls")
    assert stat.S_IMODE(certificates.key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700


def test_valid_certificates_are_used_again(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path).certificate.read_bytes()
    assert ensure_certificates(tmp_path).certificate.read_bytes() == first
