"""The protocol of custom resources: exactly one answer, also shortly before the timeout and after an exception."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from common import custom_resource
from common.errors import CustomResourceError
from tests.lambda_src.support.fakes import Context

pytestmark = pytest.mark.requirement("T-FN-2")


@dataclass
class CloudFormation:
    """The receiver of answers at ``url``, which rejects the first ``failures`` of them."""

    url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    failures: int = 0


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    received = CloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if received.failures:
                received.failures -= 1
                self.send_error(503)
                return
            received.answers.append(json.loads(body))
            received.headers.append(dict(self.headers.items()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setattr("common.custom_resource.time.sleep", lambda _: None)
    received.url = f"http://127.0.0.1:{server.server_port}/answer?X-Amz-Signature=TOPSECRET"
    yield received
    server.shutdown()
    server.server_close()


def event(cloudformation: CloudFormation, request: str = "Create", **more: Any) -> dict[str, Any]:
    base = {"RequestType": request, "ResourceType": "Custom::Thing", "LogicalResourceId": "Thing", "StackId": "stack"}
    return {**base, "RequestId": "r1", "ResponseURL": cloudformation.url, "ResourceProperties": {"Name": "n"}, **more}


def providers(upsert: Any = None, delete: Any = None) -> dict[str, custom_resource.Provider]:
    def physical_id(properties: Mapping[str, Any]) -> str:
        return f"thing:{properties['Name']}"

    provider = custom_resource.Provider(physical_id, upsert or (lambda _: {"Key": "v"}), delete or (lambda _: None))
    return {"Custom::Thing": provider}


def test_success_is_answered_with_id_and_data(cloudformation: CloudFormation) -> None:
    custom_resource.handle(event(cloudformation), Context(), providers())
    assert cloudformation.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "thing:n",
            "StackId": "stack",
            "RequestId": "r1",
            "LogicalResourceId": "Thing",
            "NoEcho": False,
            "Data": {"Key": "v"},
        }
    ]
    # The URL is signed for an empty content type.
    assert cloudformation.headers[0].get("Content-Type", "") == ""


@pytest.mark.parametrize(
    "error", [CustomResourceError("out of paper"), RuntimeError("out of paper"), KeyError("out of paper")]
)
def test_every_exception_is_answered_with_its_reason(error: Exception, cloudformation: CloudFormation) -> None:
    def fail(_: Mapping[str, Any]) -> Mapping[str, str]:
        raise error

    custom_resource.handle(event(cloudformation), Context(), providers(fail))
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "out of paper" in answer["Reason"]
    assert answer["PhysicalResourceId"] == "failed:Thing"


def test_the_deletion_of_a_failed_creation_calls_nothing(cloudformation: CloudFormation) -> None:
    def never(_: Mapping[str, Any]) -> None:
        raise AssertionError("deleted a resource that was never created")

    for physical_id in ("failed:Thing", "", None):
        request = event(cloudformation, "Delete", PhysicalResourceId=physical_id)
        assert custom_resource.handle(request, Context(), providers(delete=never))["Status"] == "SUCCESS"


def test_a_failed_update_or_deletion_keeps_the_id(cloudformation: CloudFormation) -> None:
    """With another id CloudFormation would delete the old resource."""

    def fail(_: Mapping[str, Any]) -> Any:
        raise CustomResourceError("no")

    for request in ("Update", "Delete"):
        sent = custom_resource.handle(
            event(cloudformation, request, PhysicalResourceId="thing:old"), Context(), providers(fail, fail)
        )
        assert (sent["Status"], sent["PhysicalResourceId"]) == ("FAILED", "thing:old")


def test_the_answer_is_repeated_until_it_is_accepted(cloudformation: CloudFormation) -> None:
    cloudformation.failures = 3
    custom_resource.handle(event(cloudformation), Context(), providers())
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]


def test_an_answer_that_is_never_accepted_raises_nothing_and_shows_no_url(
    cloudformation: CloudFormation, log: Any
) -> None:
    cloudformation.failures = 99
    custom_resource.handle(event(cloudformation), Context(), providers())
    assert "answer could not be delivered" in log.getvalue()
    assert "TOPSECRET" not in log.getvalue()


def test_a_worker_that_hangs_is_answered_for_before_the_function_ends(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def hang(_: Mapping[str, Any]) -> Mapping[str, str]:
        release.wait(10)
        return {}

    remaining = int(custom_resource.TIME_RESERVE_SECONDS * 1000) + 100
    worker = threading.Thread(
        target=custom_resource.handle, args=(event(cloudformation), Context(remaining_ms=remaining), providers(hang))
    )
    worker.start()
    deadline = time.monotonic() + 5
    while not cloudformation.answers and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    release.set()
    worker.join()
    assert [answer["Status"] for answer in cloudformation.answers] == ["FAILED"], "one answer only"
    assert "ran out of time" in cloudformation.answers[0]["Reason"]


def test_an_answer_longer_than_the_limit_becomes_a_failure_that_fits(cloudformation: CloudFormation) -> None:
    custom_resource.handle(event(cloudformation), Context(), providers(lambda _: {"Key": "x" * 5000}))
    (answer,) = cloudformation.answers
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "the answer is longer than 4096 bytes")


def test_a_reason_of_any_length_and_alphabet_fits(cloudformation: CloudFormation) -> None:
    def fail(_: Mapping[str, Any]) -> Mapping[str, str]:
        raise CustomResourceError("é" * 100_000)

    custom_resource.handle(event(cloudformation), Context(), providers(fail))
    assert len(json.dumps(cloudformation.answers[0])) < custom_resource.RESPONSE_LIMIT_BYTES


def test_an_unknown_type_or_request_is_a_failure(cloudformation: CloudFormation) -> None:
    for change in ({"ResourceType": "Custom::Other"}, {"RequestType": "Read"}):
        assert custom_resource.handle(event(cloudformation, **change), Context(), providers())["Status"] == "FAILED"


@pytest.mark.parametrize("url", ["", "file:///etc/passwd"])
def test_without_a_usable_url_the_answer_is_returned_only(url: str, cloudformation: CloudFormation) -> None:
    sent = custom_resource.handle(event(cloudformation, ResponseURL=url), Context(), providers())
    assert sent["Status"] == "SUCCESS"
    assert cloudformation.answers == []
