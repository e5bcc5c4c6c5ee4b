"""The client verifies the database's TLS against the shipped roots, or against those of a named file."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from common import database
from common.errors import DatabaseUnavailableError
from local.host import servers
from local.testing import programs_or_skip
from tests.lambda_src.support.postgres import SUPERUSER, Postgres

pytestmark = pytest.mark.requirement("T-FN-2", "T-DB-2")


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate that is valid only for ``localhost``, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return pem, private


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Postgres, Path]]:
    programs = programs_or_skip(servers.POSTGRESQL)
    certificate, key = make_certificate(tmp_path_factory.mktemp("tls"), "server")
    server = Postgres(programs["initdb"].parent, certificate, key, programs.environment()).start()
    yield server, certificate
    server.stop()


def connect(server: Postgres, host: str = "localhost") -> tuple[object, ...] | None:
    target = database.Target(host, server.port, "postgres", SUPERUSER)
    with database.connect(target, "secret-token") as connection:
        return connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()


def test_with_a_known_root_and_the_right_name_the_connection_is_encrypted(
    tls_server: tuple[Postgres, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = tls_server
    monkeypatch.setenv("PGSSLROOTCERT", str(certificate))
    monkeypatch.delenv("PGSSLMODE", raising=False)
    assert connect(server) == (True,)


@pytest.mark.parametrize("fault", ["name", "root", "default roots"])
def test_a_wrong_name_or_an_unknown_root_is_rejected(
    fault: str, tls_server: tuple[Postgres, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = tls_server
    other, _ = make_certificate(tmp_path, "other")
    monkeypatch.delenv("PGSSLMODE", raising=False)
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    if fault != "default roots":
        monkeypatch.setenv("PGSSLROOTCERT", str(certificate if fault == "name" else other))
    with pytest.raises(DatabaseUnavailableError) as error:
        connect(server, "127.0.0.1" if fault == "name" else "localhost")
    assert ("does not match host name" if fault == "name" else "certificate verify failed") in error.value.reason
    assert "secret-token" not in str(error.value)


def test_a_server_without_tls_is_rejected_by_default(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    with pytest.raises(DatabaseUnavailableError, match="server does not support SSL"):
        connect(postgres)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_the_shipped_bundle_holds_valid_roots_of_amazon_rds_only() -> None:
    roots = x509.load_pem_x509_certificates(database.RDS_BUNDLE.read_bytes())
    names = [str(root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) for root in roots]
    assert len(roots) == 81
    for algorithm in ("RSA2048", "RSA4096", "ECC384"):
        assert f"Amazon RDS us-east-1 Root CA {algorithm} G1" in names
    for root in roots:
        root.verify_directly_issued_by(root)
        units = root.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        assert [unit.value for unit in units] == ["Amazon RDS"]
        assert root.not_valid_after_utc > datetime.now(UTC) + timedelta(days=365)


def test_the_iam_token_is_signed_for_host_port_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    token = database.iam_token(database.Target("db.example.com", 5432, "trading", "trading_app"))
    assert token.startswith("db.example.com:5432/?Action=connect&DBUser=trading_app&")
    assert "us-east-1%2Frds-db%2Faws4_request" in token
