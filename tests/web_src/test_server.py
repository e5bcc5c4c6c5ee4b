"""gunicorn with the service, started as the unit starts it: real sockets, real processes, boto3 for the secret."""

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

from builders.balancer import DRAIN, HEALTH_INTERVAL, IDLE_TIMEOUT, UNHEALTHY_AFTER
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


def test_a_payment_goes_in_and_comes_out(running: Service, ledger: Ledger) -> None:
    made = running.post(payment(), new_key())
    assert made.status == 201
    found = running.get(f"/transactions/{made.json['id']}")
    assert (found.status, found.json) == (200, made.json)
    assert running.get("/health").json == {"status": "ok"}


def test_headers_tell_nothing_of_what_runs(running: Service, ledger: Ledger) -> None:
    headers = running.get("/health").headers
    assert headers.get("Server", "") in ("", "gunicorn")  # no version; CloudFront takes the rest away
    assert not {"X-Powered-By", "Via", "Set-Cookie"} & headers.keys()
    assert headers["Cache-Control"] == "no-store"


def test_a_body_without_end_and_a_large_one_are_refused(running: Service, ledger: Ledger) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    small = json.dumps(payment()).encode()
    full = small + b" " * (MAX_BODY_BYTES - len(small))
    for body, status in ((full, 201), (full + b" ", 413), (b"x" * 100_000, 413)):
        assert running.request("POST", "/transactions", body, headers).status == status
        chunks = [body[start : start + 5000] for start in range(0, len(body), 5000)]
        # The same key: a body that is taken is a replay.
        assert chunked(running, chunks, headers) == (200 if status == 201 else status)


def chunked(service: Service, chunks: list[bytes], headers: dict[str, str]) -> int:
    """The status of a request whose length is not told beforehand."""
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
def test_what_is_no_proper_http_is_a_4xx(running: Service, ledger: Ledger, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").readline()
    # 505 is the right answer to an unknown version of HTTP.
    assert answer[9:10] == b"4" or answer[9:12] == b"505", answer
    assert running.get("/health").status == 200


@pytest.mark.parametrize("name", ["Idempotency-Key", "Content-Type", "Host", "Content-Length"])
def test_a_header_that_stands_once_is_refused_twice(running: Service, ledger: Ledger, name: str) -> None:
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


def test_duplicates_at_once_across_processes_make_one_transaction(running: Service, ledger: Ledger) -> None:
    keys = [new_key() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda key: running.post(payment(), key), [key for key in keys for _ in range(6)]))
    assert sorted(answer.status for answer in answers) == [200] * 40 + [201] * 8
    assert ledger.counts() == (8, 8, 16)
    ledger.assert_balanced()


def test_rotations_under_load_cost_no_request(running: Service, ledger: Ledger) -> None:
    """Alternating users, as the rotation function does it: the other user gets a new password, then the secret changes.

    Between rotations every connection is ended, so that each user's new password is needed at once.
    """
    over = threading.Event()
    answers: list[HttpAnswer] = []

    def load() -> None:
        while not over.is_set():
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
            over.set()
        for task in tasks:
            task.result()
    assert len(answers) > 20
    assert {answer.status for answer in answers} == {201}
    assert ledger.counts()[1] == len(answers)
    ledger.assert_balanced()


def test_every_line_of_the_log_is_json_without_secrets(running: Service, ledger: Ledger) -> None:
    running.post(payment(debitAccount="acct-of-mine"), "key-of-mine")
    running.get("/nowhere")
    lines = running.log_lines()
    assert {line["level"] for line in lines} <= {"INFO", "WARNING", "ERROR"}
    assert any(line["logger"] == "gunicorn.error" for line in lines)
    assert any(line["logger"] == "payments" and line["route"] == "/transactions" for line in lines)
    text = running.log_file.read_text()
    for word in ("acct-of-mine", "key-of-mine", "first-password", "password-", "nowhere"):
        assert word not in text


def test_a_log_file_that_was_moved_loses_no_line(running: Service, ledger: Ledger) -> None:
    """What logrotate does: it moves the file, and the service opens a new one."""
    before = Path(f"{running.log_file}.1")
    running.get("/one")
    running.log_file.rename(before)
    for _ in range(8):
        running.get("/two")
    assert sum('"status": 404' in line for line in running.log_file.read_text().splitlines()) == 8
    assert '"status": 404' in before.read_text()


def test_a_stop_finishes_what_is_under_way(slow: Service) -> None:
    with ThreadPoolExecutor(3) as pool:
        under_way = [pool.submit(slow.get, "/slow") for _ in range(3)]
        time.sleep(0.5)
        slow.process.send_signal(signal.SIGTERM)
        assert [task.result().json for task in under_way] == [{"slow": "done"}] * 3
    assert slow.process.wait(10) == 0
    with pytest.raises(ConnectionRefusedError):
        slow.get("/health")


def test_a_reload_loses_no_request(slow: Service) -> None:
    with ThreadPoolExecutor(2) as pool:
        under_way = [pool.submit(slow.get, "/slow") for _ in range(2)]
        time.sleep(0.3)
        slow.process.send_signal(signal.SIGHUP)
        assert [task.result().status for task in under_way] == [200, 200]
    assert slow.get("/health").status == 200


def test_a_killed_worker_is_replaced(slow: Service, ledger: Ledger) -> None:
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


def test_a_missing_setting_stops_the_start(ledger: Ledger) -> None:
    service = Service(ledger, variables={"DB_SECRET_ARN": ""})
    with pytest.raises(RuntimeError, match="DB_SECRET_ARN: is not set"):
        service.start()
    assert service.process.wait(10) != 0
    service.secrets.close()


def test_times_fit_into_each_other() -> None:
    """The README's table: each stage gives the one inside it the time that it needs."""
    # The last try: a connection, the secret once more (with boto3's pause of a second at most), another connection.
    connection = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS
    longest = GIVE_UP_SECONDS + 2 * connection + AWS_ATTEMPTS * (AWS_CONNECT_SECONDS + AWS_READ_SECONDS) + 1
    assert longest + STOP_SECONDS <= gunicorn_conf.graceful_timeout < IDLE_TIMEOUT
    assert REQUEST_SECONDS + longest < IDLE_TIMEOUT
    assert LOCK_WAIT_SECONDS < READ_TIMEOUT_SECONDS
    assert gunicorn_conf.keepalive > IDLE_TIMEOUT
    assert unit_seconds() > gunicorn_conf.graceful_timeout
    assert "KillMode=mixed\n" in UNIT
    assert gunicorn_conf.timeout > gunicorn_conf.graceful_timeout
    assert gunicorn_conf.graceful_timeout <= DRAIN
    assert 2 * REQUEST_SECONDS < HEALTH_INTERVAL * UNHEALTHY_AFTER


def unit_seconds() -> int:
    return int(UNIT.partition("TimeoutStopSec=")[2].split()[0])


def test_the_readme_tells_the_times_as_they_are() -> None:
    """Once it said 30 where the template said 60."""
    table = README.partition("### Times that depend on each other")[2].partition("\n\n`/health`")[0]
    told = {row.split("|")[1].strip(): row.split("|")[2].strip() for row in table.splitlines() if row.startswith("| ")}
    expected = {
        "idle timeout of the load balancer": IDLE_TIMEOUT,
        "gunicorn's keep-alive, longer than that": gunicorn_conf.keepalive,
        "arrival of a request, from its first byte to its last": REQUEST_SECONDS,
        "the same after a stop has begun": int(STOP_SECONDS),
        "gunicorn's graceful stop": gunicorn_conf.graceful_timeout,
        "deregistration delay of the target group, not less than that": DRAIN,
        "`TimeoutStopSec`": unit_seconds(),
        "boot waits for `/health`": 120,
        "longest request: no new attempt after 8 s, the last one bounded by its timeouts": 29,
    }
    assert {name: told[name] for name in expected} == {name: str(value) for name, value in expected.items()}
    assert told.keys() - expected.keys() == {"what", "---"}
    assert "HEALTH_SECONDS:-120" in BOOT.read_text(encoding="utf-8")
