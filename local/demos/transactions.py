"""The demo uses transactions as a client does: it pays through CloudFront, also while the database's login rotates."""

from __future__ import annotations

import time
from collections.abc import Mapping

from local.clients.answer import UnexpectedAnswerError, expect
from local.clients.transactions import TransactionsClient, pay_and_read, put_static, rotate
from local.cloud import EmbeddedCloud
from local.demos.platform_demo import PlatformDemo
from local.host import servers
from local.host.certificates import self_signed
from local.host.errors import ServerMissingError

_STYLE = b"body { font-family: sans-serif }\n"
_SECURITY_HEADERS = ("strict-transport-security", "x-content-type-options", "content-security-policy")


def needs() -> str | None:
    """Download MariaDB, which Aurora MySQL is here, if this machine lacks it; return why that is not possible."""
    try:
        servers.ensure(servers.MARIADB, lambda line: print(line, flush=True))
    except ServerMissingError as error:
        return str(error)
    return None


def prepare(cloud: EmbeddedCloud, parameters: Mapping[str, str]) -> None:
    """Import a certificate under the ARN that the parameter file names, such as the example in prod's.

    Here the caller owns that certificate.
    """
    arn, host = parameters.get("CertificateArn", ""), parameters.get("DomainName", "")
    if not arn:
        return
    certificate, key = self_signed(host)
    cloud.client("acm").import_certificate(CertificateArn=arn, Certificate=certificate, PrivateKey=key)
    print(f"ACM has a certificate for {host} now: {arn}")


def use(cloud: EmbeddedCloud, stack: str) -> str:
    """Show health, a payment and its repetition, the closed back door, a static file, and a rotation under load."""
    client = TransactionsClient.of(cloud, stack)
    begun = time.monotonic()
    _show_health(client)
    payment, repetition = pay_and_read(client)
    print(f"POST /transactions: {payment['id']}, {payment['amount']} {payment['currency']}, read back the same")
    replayed = repetition.headers["idempotent-replayed"]
    print(f"  the same request again: {repetition.status}, Idempotent-Replayed: {replayed}")
    rejection = expect("GET /health at the load balancer", client.direct("/health"), 403)
    print(f"The load balancer past CloudFront: {rejection.status}")
    _show_static_file(client)
    rotation = rotate(client)
    print(f"RotateSecret: login {rotation.before} → {rotation.after}, version {rotation.version}")
    counts = ", ".join(f"{count} × {status}" for status, count in sorted(rotation.answers.items()))
    print(f"  meanwhile a client posted: {counts} ({time.monotonic() - begun:.1f} s in all)")
    host = client.outputs["WebUrl"].removeprefix("https://")
    print(f"By hand:\n  curl --cacert {cloud.authority} -H 'Host: {host}' {cloud.endpoint}/health")
    return (
        f"{sum(rotation.answers.values()) + 1} payments were made through it, the database's login was rotated between "
        "them and none failed; a second plan found no changes."
    )


def _show_health(client: TransactionsClient) -> None:
    health = expect("GET /health", client.call("GET", "/health"), 200)
    print(f"GET {client.outputs['WebUrl']}/health: {health.status} {health.body.decode().strip()}")
    for name in _SECURITY_HEADERS:
        print(f"  {name}: {health.headers.get(name, '-')}")


def _show_static_file(client: TransactionsClient) -> None:
    answer = put_static(client, "style.css", _STYLE, "text/css")
    if (answer.status, answer.body) != (200, _STYLE):
        raise UnexpectedAnswerError("GET /static/style.css", answer, "200 with the file")
    print(f"GET /static/style.css: {answer.status}, from the bucket by origin access control")


DEMO = PlatformDemo("a client pays through CloudFront, the load balancer and two instances", needs, prepare, use)
