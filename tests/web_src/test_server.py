"""The service as the unit starts it: real sockets, real processes, and boto3 for the secret."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest

from builders.transactions.balancer import (
    DRAIN_SECONDS,
    HEALTH_INTERVAL_SECONDS,
    IDLE_TIMEOUT_SECONDS,
    UNHEALTHY_AFTER_CHECKS,
)
from payments import gunicorn_conf
from payments.database import CONNECT_TIMEOUT_SECONDS, GIVE_UP_SECONDS, LOCK_WAIT_SECONDS, READ_TIMEOUT_SECONDS
from payments.deadlines import REQUEST_SECONDS, STOP_SECONDS
from payments.model import MAX_BODY_BYTES
from payments.secret import AWS_ATTEMPTS, AWS_CONNECT_SECONDS, AWS_READ_SECONDS
from tests.web_src.support.bodies import payment
from tests.web_src.support.ledger import Ledger
from tests.web_src.support.paths import BOOT, README, UNIT
from tests.web_src.support.service import HttpAnswer, Service

pytestmark = pytest.mark.requirement("X-WEB-1")


@pytest.fixture
def slow(ledger: Ledger) -> Iterator[Service]:
    """The service with a slow path, for a test that stops it."""
    service = Service(ledger, "tests.web_src.support.slow_app:app", {"WEB_WORKERS": "1"})
    service.start()
    yield service
    if service.process.poll() is None:
        service.stop()


def new_key() -> str:
    return str(uuid.uuid4())


def test_payment_can_be_read_after_it_is_made(running: Service, ledger: Ledger) -> None:
    posted = running.post(payment(), new_key())
    assert posted.status == 201
    read = running.get(f"/transactions/{posted.json['id']}")
    assert (read.status, read.json) == (200, posted.json)
    assert running.get("/health").json == {"status": "ok"}


def test_headers_do_not_name_the_software(running: Service, ledger: Ledger) -> None:
    headers = running.get("/health").headers
    assert headers.get("Server", "") in ("", "gunicorn")  # no version; CloudFront removes the rest
    assert not {"X-Powered-By", "Via", "Set-Cookie"} & headers.keys()
    assert headers["Cache-Control"] == "no-store"


def test_large_body_is_rejected_with_and_without_a_length(running: Service, ledger: Ledger) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    small = json.dumps(payment()).encode()
    full = small + b" " * (MAX_BODY_BYTES - len(small))
    for body, status in ((full, 201), (full + b" ", 413), (b"x" * 100_000, 413)):
        assert running.request("POST", "/transactions", body, headers).status == status
        chunks = [body[start : start + 5000] for start in range(0, len(body), 5000)]
        # The key is the same, so an accepted body is a replay.
        assert post_chunks(running, chunks, headers) == (200 if status == 201 else status)


def post_chunks(service: Service, chunks: list[bytes], headers: dict[str, str]) -> int:
    """Send a body in chunks and return the status."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=20)
    try:
        connection.putrequest("POST", "/transactions")
        for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
            connection.putheader(name, value)
        connection.endheaders()
        for chunk in chunks:
            connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        connection.send(b"0\r\n\r\n")
        answer = connection.getresponse()
        return answer.status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /transactions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /transactions HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
    ],
)
def test_invalid_http_is_a_4xx(running: Service, ledger: Ledger, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").readline()
    # 505 is right for an unknown version of HTTP.
    assert answer[9:10] == b"4" or answer[9:12] == b"505", answer
    assert running.get("/health").status == 200


@pytest.mark.parametrize("name", ["Idempotency-Key", "Content-Type", "Host", "Content-Length"])
def test_duplicate_header_is_rejected(running: Service, ledger: Ledger, name: str) -> None:
    body = json.dumps(payment()).encode()
    headers = {
        "Host": "a",
        "Content-Type": "application/json",
        "Idempotency-Key": "k",
        "Content-Length": str(len(body)),
    }
    lines = [f"{header}: {value}" for header, value in [*headers.items(), (name, headers[name])]]
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall("\r\n".join(["POST /transactions HTTP/1.1", *lines, "", ""]).encode() + body)
        assert connection.makefile("rb").readline().split()[1] == b"400"
    assert ledger.counts() == (0, 0, 0)


def test_simultaneous_duplicates_across_processes_make_one_transaction(running: Service, ledger: Ledger) -> None:
    keys = [new_key() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda key: running.post(payment(), key), [key for key in keys for _ in range(6)]))
    assert sorted(answer.status for answer in answers) == [200] * 40 + [201] * 8
    assert ledger.counts() == (8, 8, 16)
    ledger.assert_balanced()


def test_rotations_under_load_cost_no_request(running: Service, ledger: Ledger) -> None:
    """The users alternate as in the rotation function: the other user gets a new password, then the secret changes.

    The test ends all connections between rotations, so that the service needs each new password at once.
    """
    is_over = threading.Event()
    answers: list[HttpAnswer] = []

    def load() -> None:
        while not is_over.is_set():
            answers.append(running.post(payment(), new_key()))

    with ThreadPoolExecutor(3) as pool:
        tasks = [pool.submit(load) for _ in range(3)]
        try:
            for number in range(6):
                time.sleep(0.25)
                user = ("payments_clone", "payments")[number % 2]
                ledger.set_user(user, f"password-{number}")
                ledger.set_secret(user, f"password-{number}")
                time.sleep(0.1)
                ledger.kill_connections()
        finally:
            is_over.set()
        for task in tasks:
            task.result()
    assert len(answers) > 20
    assert {answer.status for answer in answers} == {201}
    assert ledger.counts()[1] == len(answers)
    ledger.assert_balanced()


def test_each_line_of_the_log_is_json_without_secrets(running: Service, ledger: Ledger) -> None:
    running.post(payment(debitAccount="acct-of-mine"), "key-of-mine")
    running.get("/nowhere")
    lines = running.log_lines()
    assert {line["level"] for line in lines} <= {"INFO", "WARNING", "ERROR"}
    assert any(line["logger"] == "gunicorn.error" for line in lines)
    assert any(line["logger"] == "payments" and line.get("route") == "/transactions" for line in lines)
    text = running.log_file.read_text()
    for word in ("acct-of-mine", "key-of-mine", "first-password", "password-", "nowhere"):
        assert word not in text


def test_moved_log_file_loses_no_line(running: Service, ledger: Ledger) -> None:
    """The service opens a new file after logrotate has moved the old one."""
    moved = Path(f"{running.log_file}.1")
    running.get("/one")
    running.log_file.rename(moved)
    for _ in range(8):
        running.get("/two")
    assert sum('"status": 404' in line for line in running.log_file.read_text().splitlines()) == 8
    assert '"status": 404' in moved.read_text()


def test_stop_finishes_the_requests_in_progress(slow: Service) -> None:
    with ThreadPoolExecutor(3) as pool:
        in_progress = [pool.submit(slow.get, "/slow") for _ in range(3)]
        time.sleep(0.5)
        slow.process.send_signal(signal.SIGTERM)
        assert [task.result().json for task in in_progress] == [{"slow": "done"}] * 3
    assert slow.process.wait(10) == 0
    with pytest.raises(ConnectionRefusedError):
        slow.get("/health")


def test_reload_loses_no_request(slow: Service) -> None:
    with ThreadPoolExecutor(2) as pool:
        in_progress = [pool.submit(slow.get, "/slow") for _ in range(2)]
        time.sleep(0.3)
        slow.process.send_signal(signal.SIGHUP)
        assert [task.result().status for task in in_progress] == [200, 200]
    assert slow.get("/health").status == 200


def test_killed_worker_is_replaced(slow: Service, ledger: Ledger) -> None:
    assert slow.post(payment(), "k").status == 201
    children = Path(f"/proc/{slow.process.pid}/task/{slow.process.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    deadline = time.monotonic() + 15
    while True:
        try:
            assert slow.post(payment(), "k").status == 200
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    ledger.assert_balanced()


def test_missing_setting_stops_the_start(ledger: Ledger) -> None:
    service = Service(ledger, variables={"DB_SECRET_ARN": ""})
    with pytest.raises(RuntimeError, match="DB_SECRET_ARN: is not set"):
        service.start()
    assert service.process.wait(10) != 0
    service.secrets.close()


def test_times_fit_into_each_other() -> None:
    """The README's table: each stage gives the stage inside it enough time."""
    # The last attempt: a connection, the secret once more (with boto3's pause of a second at most), another connection.
    connection = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS
    longest = GIVE_UP_SECONDS + 2 * connection + AWS_ATTEMPTS * (AWS_CONNECT_SECONDS + AWS_READ_SECONDS) + 1
    assert longest + STOP_SECONDS <= gunicorn_conf.graceful_timeout < IDLE_TIMEOUT_SECONDS
    assert REQUEST_SECONDS + longest < IDLE_TIMEOUT_SECONDS
    assert LOCK_WAIT_SECONDS < READ_TIMEOUT_SECONDS
    assert gunicorn_conf.keepalive > IDLE_TIMEOUT_SECONDS
    assert unit_stop_seconds() > gunicorn_conf.graceful_timeout
    assert "KillMode=mixed\n" in UNIT
    assert gunicorn_conf.timeout > gunicorn_conf.graceful_timeout
    assert gunicorn_conf.graceful_timeout <= DRAIN_SECONDS
    assert 2 * REQUEST_SECONDS < HEALTH_INTERVAL_SECONDS * UNHEALTHY_AFTER_CHECKS


def unit_stop_seconds() -> int:
    return int(UNIT.partition("TimeoutStopSec=")[2].split()[0])


def test_readme_has_the_times_of_the_code() -> None:
    """Incident: the README said 30 and the template 60."""
    table = README.partition("### Times that depend on each other")[2].partition("\n\n`/health`")[0]
    documented = {
        row.split("|")[1].strip(): row.split("|")[2].strip() for row in table.splitlines() if row.startswith("| ")
    }
    expected = {
        "idle timeout of the load balancer": IDLE_TIMEOUT_SECONDS,
        "gunicorn's keep-alive, longer than that": gunicorn_conf.keepalive,
        "arrival of a request, from its first byte to its last": REQUEST_SECONDS,
        "the same after a stop has begun": int(STOP_SECONDS),
        "gunicorn's graceful stop": gunicorn_conf.graceful_timeout,
        "deregistration delay of the target group, not less than that": DRAIN_SECONDS,
        "`TimeoutStopSec`": unit_stop_seconds(),
        "boot waits for `/health`": 120,
        "longest request: no new attempt after 8 s, the last one bounded by its timeouts": 29,
    }
    assert {name: documented[name] for name in expected} == {name: str(value) for name, value in expected.items()}
    assert documented.keys() - expected.keys() == {"what", "---"}
    assert "HEALTH_SECONDS:-120" in BOOT.read_text(encoding="utf-8")
