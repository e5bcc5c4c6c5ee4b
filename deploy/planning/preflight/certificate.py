"""The certificate: known to ACM in the region, issued, and for the domain name of the parameters."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cfn.errors import Fault
from deploy.planning.preflight.subject import Finding, Subject
from deploy.session import code_of

CERTIFICATE, DOMAIN = "CertificateArn", "DomainName"


def check_certificate(subject: Subject) -> Iterator[Finding]:
    """Compare the certificate with ACM, in one call."""
    arn, host = subject.values.get(CERTIFICATE, ""), subject.values.get(DOMAIN, "")
    if not arn:
        return
    try:
        certificate = subject.aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if code_of(error) not in ("ResourceNotFoundException", "InvalidArnException", "ValidationException"):
            raise
        what = f"ACM has no {arn} in {subject.aws.region}."
        yield Fault(subject.file, CERTIFICATE, what, "Request or import one there, and set its ARN.")
        return
    if certificate.get("Status") != "ISSUED":
        what = f"Its status in ACM is {certificate.get('Status')}."
        yield Fault(subject.file, CERTIFICATE, what, "Finish its validation, then plan again.")
    names = [certificate.get("DomainName", ""), *certificate.get("SubjectAlternativeNames", [])]
    if host and not any(_covers(name, host) for name in names):
        what = f"It is for {', '.join(dict.fromkeys(names))}, not for {DOMAIN} {host}."
        yield Fault(subject.file, CERTIFICATE, what, "Correct one of the two.")


def _covers(name: str, host: str) -> bool:
    """Whether a name in a certificate covers the host: the host itself, or a wildcard for its first label."""
    wildcard_match = f"{host.partition('.')[0]}{name[1:]}" if name.startswith("*.") else ""
    return host.lower() in (name.lower(), wildcard_match.lower())
