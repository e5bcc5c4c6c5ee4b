"""Gaps: an imported certificate has no names in the emulator, and a listener accepts an unknown certificate.

ACM reads the names from the certificate; Elastic Load Balancing rejects one that it cannot find (CreateListener,
CertificateNotFound).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography import x509

from local.ministack.internals import emulator_module, require, wrap

_acm = emulator_module("services.acm")
_provisioners = emulator_module("services.cloudformation.provisioners")


def install() -> None:
    """Wrap ImportCertificate, and the reading of a listener's certificates from a template."""
    require(_acm, "_certificates", "_decode_pem_field")
    wrap(_acm, "_import_certificate", _with_names)
    wrap(_provisioners, "_elbv2_listener_tls", _known_certificates_only)


def _with_names(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def import_certificate(data: dict[str, Any]) -> Any:
        before = set(_acm._certificates)
        answer = original(data)
        arns = (set(_acm._certificates) - before) | {data.get("CertificateArn")}
        names = _names(_acm._decode_pem_field(data.get("Certificate")))
        for record in (_acm._certificates[arn] for arn in arns if names and arn in _acm._certificates):
            record.update({"DomainName": names[0], "SubjectAlternativeNames": names})
        return answer

    return import_certificate


def _names(pem: str) -> list[str]:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def _known_certificates_only(original: Callable[..., None]) -> Callable[..., None]:
    def tls(listener: dict[str, Any], props: dict[str, Any]) -> None:
        for entry in props.get("Certificates") or []:
            arn = entry.get("CertificateArn") if isinstance(entry, dict) else None
            if arn and arn not in _acm._certificates:
                raise ValueError(f"Certificate '{arn}' not found (CertificateNotFound)")
        original(listener, props)

    return tls
