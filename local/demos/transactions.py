"""The demo uses transactions as a client does: payments through CloudFront, also while the database's login is rotated."""

from __future__ import annotations

import time
from collections.abc import Mapping

from local.clients import payments
from local.cloud import EmbeddedCloud
from local.host import servers
from local.host.certificates import self_signed
from local.host.errors import ServerMissingError

_STYLE = b"body { font-family: sans-serif }\n"


def needs() -> str | None:
    """Aurora MySQL is a MariaDB, which is downloaded where this machine has none."""
    try:
        servers.ensure(servers.MARIADB, lambda line: print(line, flush=True))
    except ServerMissingError as error:
        return str(error)
    return None


def prepare(cloud: EmbeddedCloud, parameters: Mapping[str, str]) -> None:
    """The certificate that the parameter file names, such as the example in prod's: here its owner is whoever asks."""
    arn, host = parameters.get("CertificateArn", ""), parameters.get("DomainName", "")
    if not arn:
        return
    certificate, key = self_signed(host)
    cloud.client("acm").import_certificate(CertificateArn=arn, Certificate=certificate, PrivateKey=key)
    print(f"ACM has a certificate for {host} now: {arn}")


def run(cloud: EmbeddedCloud, stack: str) -> str:
    """Health, a payment and its repetition, the closed back door, a static file, a rotation under load."""
    print("\n--- Use it: a client pays through CloudFront, the load balancer and two instances", flush=True)
    client = payments.Client.of(cloud, stack)
    begun = time.monotonic()
    health = client.call("GET", "/health")
    if health.status != 200:
        raise payments.PaymentsError("GET /health", health, "200")
    print(f"GET {client.outputs['WebUrl']}/health: {health.status} {health.body.decode().strip()}")
    for name in ("strict-transport-security", "x-content-type-options", "content-security-policy"):
        print(f"  {name}: {health.headers.get(name, '-')}")
    made, again = payments.pay_and_read(client)
    print(f"POST /transactions: {made['id']}, {made['amount']} {made['currency']}, read back the same")
    print(f"  the same request again: {again.status}, Idempotent-Replayed: {again.headers['idempotent-replayed']}")
    refused = client.direct("/health")
    if refused.status != 403:
        raise payments.PaymentsError("GET /health at the load balancer", refused, "403")
    print(f"The load balancer past CloudFront: {refused.status}")
    style = payments.put_static(client, "style.css", _STYLE, "text/css")
    if (style.status, style.body) != (200, _STYLE):
        raise payments.PaymentsError("GET /static/style.css", style, "200 with the file")
    print(f"GET /static/style.css: {style.status}, from the bucket by origin access control")
    rotation = payments.rotate(client)
    print(f"RotateSecret: login {rotation.before} → {rotation.after}, version {rotation.version}")
    counts = ", ".join(f"{count} × {status}" for status, count in sorted(rotation.answers.items()))
    print(f"  meanwhile a client posted: {counts} ({time.monotonic() - begun:.1f} s in all)")
    host = client.outputs["WebUrl"].removeprefix("https://")
    print(f"By hand:\n  curl --cacert {cloud.authority} -H 'Host: {host}' {cloud.endpoint}/health")
    return (
        f"{sum(rotation.answers.values()) + 1} payments were made through it, the database's login was rotated between "
        "them and none failed; a second plan found no changes."
    )
