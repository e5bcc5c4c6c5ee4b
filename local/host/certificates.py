"""A certificate authority of our own and one server certificate for loopback.

Emulator and databases present the same certificate; clients trust the CA by AWS_CA_BUNDLE and PGSSLROOTCERT.
The keys are in the run directory, which only its owner can read, and go with it.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.host.files import write_new

LIFETIME = dt.timedelta(days=397)
"""Longest lifetime that clients accept for a server certificate (CA/Browser Forum baseline requirements)."""


@dataclass(frozen=True)
class Certificates:
    """Paths of the PEM files.

    Attributes:
        authority: the CA's certificate.
        certificate: the server's certificate.
        key: the server's key.
    """

    authority: Path
    certificate: Path
    key: Path


def ensure_certificates(directory: Path) -> Certificates:
    """Return the certificates in ``directory``; create them if they are missing or expire within a day."""
    paths = Certificates(directory / "ca.pem", directory / "server.pem", directory / "server.key")
    if not _usable(paths):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create(paths)
    return paths


def self_signed(host: str) -> tuple[bytes, bytes]:
    """Return a self-signed certificate for a host name, and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(host), _name(host), key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def _usable(paths: Certificates) -> bool:
    if not (paths.authority.exists() and paths.certificate.exists() and paths.key.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(paths.certificate.read_bytes())
    return certificate.not_valid_after_utc > dt.datetime.now(dt.UTC) + dt.timedelta(days=1)


def _create(paths: Certificates) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("embedded AWS local authority")
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        _builder(_name("localhost"), authority_name, server_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("localhost"),
                    x509.DNSName("*.localhost"),
                    x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        # Python 3.13 verifies with VERIFY_X509_STRICT, which wants this identifier.
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    write_new(paths.authority, authority.public_bytes(serialization.Encoding.PEM), 0o644)
    write_new(paths.certificate, server.public_bytes(serialization.Encoding.PEM), 0o644)
    write_new(paths.key, _key_pem(server_key), 0o600)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
