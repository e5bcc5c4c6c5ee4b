"""A client of a deployed transactions platform: payments through CloudFront.

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

from local.clients.answer import Answer, UnexpectedAnswerError, expect, payload, stack_outputs
from local.clients.edge import visit
from local.cloud import EmbeddedCloud

ROTATED_WITHIN_SECONDS = 60.0
"""How soon a rotation must end; the function's four steps take about one second."""


@dataclass(frozen=True)
class TransactionsClient:
    """A client of one deployment.

    Attributes:
        cloud: the embedded AWS that the platform is deployed to.
        outputs: the root stack's outputs by name.
    """

    cloud: EmbeddedCloud
    outputs: Mapping[str, str]

    @classmethod
    def of(cls, cloud: EmbeddedCloud, stack: str) -> TransactionsClient:
        """Return a client of a stack. Raises botocore's ClientError if the stack does not exist."""
        return cls(cloud, stack_outputs(cloud, stack))

    def call(self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request through CloudFront; ``body`` goes as JSON, bytes as they are."""
        content = payload(body)
        fields = {"Content-Type": "application/json", **(headers or {})} if content is not None else headers
        return visit(self.cloud, method, self.outputs["WebUrl"] + path, body=content, headers=fields)

    def post(self, body: Mapping[str, Any], key: str) -> Answer:
        """POST /transactions under an idempotency key."""
        return self.call("POST", "/transactions", body=dict(body), headers={"Idempotency-Key": key})

    def direct(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request to the load balancer itself, past CloudFront; by HTTPS if the balancer redirects there."""
        answer = visit(self.cloud, "GET", f"http://{self.outputs['LoadBalancerDnsName']}{path}", headers=headers)
        return visit(self.cloud, "GET", answer.headers["location"], headers=headers) if answer.status == 301 else answer


def payment(amount: str = "10.50", **changes: Any) -> dict[str, Any]:
    """Return a payment that the service accepts."""
    accounts = {"debitAccount": "acct-1001", "creditAccount": "acct-2002"}
    return {**accounts, "amount": amount, "currency": "USD", "description": "Invoice 7", **changes}


def pay_and_read(client: TransactionsClient) -> tuple[dict[str, Any], Answer]:
    """Make a payment, read it, and post it again; return the payment and the answer to the repetition."""
    key = str(uuid.uuid4())
    stored: dict[str, Any] = expect("POST /transactions", client.post(payment(), key), 201).json()
    path = f"/transactions/{stored['id']}"
    reading = client.call("GET", path)
    if reading.status != 200 or reading.json() != stored:
        raise UnexpectedAnswerError(f"GET {path}", reading, f"200 with {stored}")
    repetition = client.post(payment(), key)
    if repetition.status != 200 or repetition.json() != stored:
        raise UnexpectedAnswerError("POST /transactions again", repetition, "200 with the same payment")
    return stored, repetition


def put_static(client: TransactionsClient, name: str, body: bytes, content_type: str) -> Answer:
    """Upload a static file as the team does, and get it as a visitor does."""
    client.cloud.client("s3").put_object(
        Bucket=client.outputs["StaticBucketName"], Key=f"static/{name}", Body=body, ContentType=content_type
    )
    return client.call("GET", f"/static/{name}")


# -- rotation ---------------------------------------------------------------------------------------------------------


@dataclass
class Posting:
    """Posts payments in a thread until its block ends, each under a key of its own.

    Attributes:
        client: the client that posts.
        answers: how many answers came, by status.
        failed: the first answer that was not 201.
    """

    client: TransactionsClient
    answers: dict[int, int] = field(default_factory=dict)
    failed: Answer | None = None
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
    """A rotation that has ended.

    Attributes:
        before: the database user before the rotation.
        after: the database user after it.
        version: the secret's current version after it.
        answers: how many answers a posting client got meanwhile, by status.
    """

    before: str
    after: str
    version: str
    answers: Mapping[int, int]


def settled_version(client: TransactionsClient) -> str:
    """Wait until no rotation is under way and return the secret's current version.

    Raises:
        UnexpectedAnswerError: The rotation did not end within ``ROTATED_WITHIN_SECONDS``.
    """
    deadline = time.monotonic() + ROTATED_WITHIN_SECONDS
    secrets = client.cloud.client("secretsmanager")
    while time.monotonic() < deadline:
        stages = secrets.describe_secret(SecretId=client.outputs["DatabaseSecretArn"])["VersionIdsToStages"]
        (current,) = [version for version, names in stages.items() if "AWSCURRENT" in names]
        pending = [version for version, names in stages.items() if "AWSPENDING" in names]
        if pending in ([], [current]):
            return str(current)
        time.sleep(0.1)
    expected = f"its end within {ROTATED_WITHIN_SECONDS:.0f} seconds"
    raise UnexpectedAnswerError("a rotation of the database's secret", None, expected)


def database_user(client: TransactionsClient) -> str:
    """Return the user in the secret's current version."""
    secrets = client.cloud.client("secretsmanager")
    value = json.loads(secrets.get_secret_value(SecretId=client.outputs["DatabaseSecretArn"])["SecretString"])
    return str(value["username"])


def rotate(client: TransactionsClient) -> Rotation:
    """Rotate the secret while a client posts, before, during and after; no post may fail."""
    first = settled_version(client)
    before = database_user(client)
    with Posting(client) as posting:
        time.sleep(0.5)
        client.cloud.client("secretsmanager").rotate_secret(SecretId=client.outputs["DatabaseSecretArn"])
        deadline = time.monotonic() + ROTATED_WITHIN_SECONDS
        while (version := settled_version(client)) == first:
            if time.monotonic() > deadline:
                raise UnexpectedAnswerError("RotateSecret", None, "another current version")
            time.sleep(0.1)
        time.sleep(1)
    if posting.failed is not None:
        raise UnexpectedAnswerError("POST /transactions during the rotation", posting.failed, "201")
    return Rotation(before, database_user(client), version, dict(posting.answers))
