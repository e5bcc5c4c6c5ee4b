"""Uses a deployed transactions platform as its clients do: through CloudFront, and nothing behind the service's back.

The demo shows what these steps return; the end-to-end tests assert on it.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.clients.visit import Page, visit
from local.cloud import EmbeddedCloud
from local.host.errors import PlatformError

ROTATED_WITHIN = 60.0
"""Seconds after which a rotation must have ended; the function's four steps take about one."""


class PaymentsError(PlatformError):
    """The deployed platform does not do what its clients rely on."""

    def __init__(self, step: str, answer: Page | None, expected: str) -> None:
        self.step, self.answer, self.expected = step, answer, expected
        got = f"{answer.status} {answer.body[:300]!r}" if answer is not None else "nothing of the kind in time"
        super().__init__(f"{step}: expected {expected}, got {got}")


@dataclass(frozen=True)
class Client:
    """A client of one deployment.

    Attributes:
        outputs: the root stack's outputs by name.
    """

    cloud: EmbeddedCloud
    outputs: Mapping[str, str]

    @classmethod
    def of(cls, cloud: EmbeddedCloud, stack: str) -> Client:
        """Of a stack; raises botocore's ClientError where there is none."""
        (found,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return cls(cloud, {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]})

    def call(self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None) -> Page:
        """A request through CloudFront; ``body`` is sent as JSON, bytes as they are."""
        payload = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **(headers or {})} if payload is not None else headers
        return visit(self.cloud, method, self.outputs["WebUrl"] + path, body=payload, headers=given)

    def post(self, payment: Mapping[str, Any], key: str) -> Page:
        """POST /transactions under an idempotency key."""
        return self.call("POST", "/transactions", body=dict(payment), headers={"Idempotency-Key": key})

    def direct(self, path: str, headers: Mapping[str, str] | None = None) -> Page:
        """A request to the load balancer itself, past CloudFront; by HTTPS where it redirects there."""
        page = visit(self.cloud, "GET", f"http://{self.outputs['LoadBalancerDnsName']}{path}", headers=headers)
        return visit(self.cloud, "GET", page.headers["location"], headers=headers) if page.status == 301 else page


def payment(amount: str = "10.50", **changes: Any) -> dict[str, Any]:
    """A payment that the service takes."""
    accounts = {"debitAccount": "acct-1001", "creditAccount": "acct-2002"}
    return {**accounts, "amount": amount, "currency": "USD", "description": "Invoice 7", **changes}


def pay_and_read(client: Client) -> tuple[dict[str, Any], Page]:
    """Makes a payment, reads it, and posts it again; gives the payment and the answer to the repetition."""
    key = str(uuid.uuid4())
    made = client.post(payment(), key)
    if made.status != 201:
        raise PaymentsError("POST /transactions", made, "201")
    stored: dict[str, Any] = made.json()
    read = client.call("GET", f"/transactions/{stored['id']}")
    if read.status != 200 or read.json() != stored:
        raise PaymentsError(f"GET /transactions/{stored['id']}", read, f"200 with {stored}")
    again = client.post(payment(), key)
    if again.status != 200 or again.json() != stored:
        raise PaymentsError("POST /transactions again", again, "200 with the same payment")
    return stored, again


def put_static(client: Client, name: str, body: bytes, content_type: str) -> Page:
    """Uploads a static file as the team does, and gets it as a visitor does."""
    client.cloud.client("s3").put_object(
        Bucket=client.outputs["StaticBucketName"], Key=f"static/{name}", Body=body, ContentType=content_type
    )
    return client.call("GET", f"/static/{name}")


# -- rotation ---------------------------------------------------------------------------------------------------------


@dataclass
class Posting:
    """A client that posts payments until it is told to stop, each under a key of its own.

    Attributes:
        answers: how many answers came, by status.
        failed: the first answer that was no 201.
    """

    client: Client
    answers: dict[int, int] = field(default_factory=dict)
    failed: Page | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Posting:
        self._thread = threading.Thread(target=self._run, name="posting")
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            answer = self.client.post(payment("0.01"), str(uuid.uuid4()))
            self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
            if answer.status != 201 and self.failed is None:
                self.failed = answer


@dataclass(frozen=True)
class Rotation:
    """A rotation that has ended: the login before and after it, and what a posting client saw meanwhile."""

    before: str
    after: str
    version: str
    answers: Mapping[int, int]


def settled(client: Client) -> str:
    """The secret's current version once no rotation is under way; raises `PaymentsError` after `ROTATED_WITHIN`."""
    deadline = time.monotonic() + ROTATED_WITHIN
    while time.monotonic() < deadline:
        stages = client.cloud.client("secretsmanager").describe_secret(SecretId=client.outputs["DatabaseSecretArn"])[
            "VersionIdsToStages"
        ]
        (current,) = [version for version, names in stages.items() if "AWSCURRENT" in names]
        pending = [version for version, names in stages.items() if "AWSPENDING" in names]
        if pending in ([], [current]):
            return str(current)
        time.sleep(0.1)
    raise PaymentsError("a rotation of the database's secret", None, f"its end within {ROTATED_WITHIN:.0f} seconds")


def login(client: Client) -> str:
    """The user of the secret's current version."""
    secrets = client.cloud.client("secretsmanager")
    value = json.loads(secrets.get_secret_value(SecretId=client.outputs["DatabaseSecretArn"])["SecretString"])
    return str(value["username"])


def rotate(client: Client) -> Rotation:
    """Rotates the secret while a client posts, before, during and after; no post may fail."""
    first = settled(client)
    before = login(client)
    with Posting(client) as posting:
        time.sleep(0.5)
        client.cloud.client("secretsmanager").rotate_secret(SecretId=client.outputs["DatabaseSecretArn"])
        deadline = time.monotonic() + ROTATED_WITHIN
        while (version := settled(client)) == first:
            if time.monotonic() > deadline:
                raise PaymentsError("RotateSecret", None, "another current version")
            time.sleep(0.1)
        time.sleep(1)
    if posting.failed is not None:
        raise PaymentsError("POST /transactions during the rotation", posting.failed, "201")
    return Rotation(before, login(client), version, dict(posting.answers))
