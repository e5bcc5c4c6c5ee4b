"""Faults that must cost no payment and make none twice.

Simultaneous duplicates, lost connections, deadlocks, a stopped database, rotated passwords, a process that is killed between
any two statements.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pymysql
import pytest
from flask.testing import FlaskClient

from payments import database as database_module
from payments import health as health_module
from payments.app import create_app
from payments.database import ATTEMPTS, Database, code_of
from payments.errors import DatabaseBusyError, DatabaseUnavailableError
from payments.health import Health
from payments.model import parse
from payments.secret import CredentialCache, Credentials
from payments.store import Store
from tests.web_src.support.bodies import payment
from tests.web_src.support.ledger import Ledger
from tests.web_src.support.paths import PROJECT, SERVICE

pytestmark = pytest.mark.requirement("X-WEB-1")

REQUEST = parse(json.dumps(payment()).encode())


def client_of(ledger: Ledger, database: Database) -> FlaskClient:
    return create_app(Store(database), Health(database.credentials, ledger.connect)).test_client()


def post(client: FlaskClient, key: str, **changes: object) -> Any:
    return client.post("/transactions", json=payment(**changes), headers={"Idempotency-Key": key})


def simultaneously(threads: int, work: Callable[[int], Any]) -> list[Any]:
    """Run the same work in several threads that start together. ``work`` gets the number of its thread."""
    barrier = threading.Barrier(threads)

    def wait_and_work(index: int) -> Any:
        barrier.wait()
        return work(index)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(wait_and_work, range(threads)))


# --- TLS --------------------------------------------------------------------------------------------------------------


def test_certificate_of_another_authority_is_rejected(ledger: Ledger) -> None:
    """None of the RDS authorities in the artifact issued the certificate of the tests' server."""
    rds_only = database_module.verified_tls(SERVICE / "global-bundle.pem")
    with pytest.raises(pymysql.OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
        database_module.connect(ledger.credential_cache().current(), rds_only)


def test_certificate_for_another_name_is_rejected(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: lookup("127.0.0.1", *rest, **more))
    known = ledger.credential_cache().current()
    elsewhere = Credentials("database.example", known.port, known.database, known.user, known.password)
    with pytest.raises(pymysql.OperationalError, match="Hostname mismatch"):
        ledger.connect(elsewhere)


def test_connections_are_encrypted_strict_and_utc(ledger: Ledger) -> None:
    with ledger.connect(ledger.credential_cache().current()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_version'")
        [(_, tls_version)] = cursor.fetchall()
        cursor.execute("SELECT @@time_zone, @@sql_mode, @@innodb_lock_wait_timeout, @@tx_isolation, @@autocommit")
        [(zone, mode, wait, isolation, autocommit)] = cursor.fetchall()
    assert tls_version in ("TLSv1.2", "TLSv1.3")
    assert (zone, wait, isolation, autocommit) == ("+00:00", database_module.LOCK_WAIT_SECONDS, "READ-COMMITTED", 0)
    assert "STRICT_ALL_TABLES" in mode
    assert ledger.tls.minimum_version == ssl.TLSVersion.TLSv1_2


# --- Duplicates and locks ---------------------------------------------------------------------------------------------


def test_simultaneous_duplicates_make_one_transaction(ledger: Ledger, database: Database) -> None:
    client = client_of(ledger, database)

    def post_duplicate(key: str, _thread: int) -> Any:
        return post(client.application.test_client(), key)

    for round_number in range(5):
        answers = simultaneously(8, partial(post_duplicate, f"k-{round_number}"))
        assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
        assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert ledger.counts() == (5, 5, 10)
    ledger.assert_balanced()


def test_simultaneous_payments_with_one_key_make_one_transaction(ledger: Ledger, database: Database) -> None:
    app = client_of(ledger, database).application
    answers = simultaneously(6, lambda index: post(app.test_client(), "k", amount=f"{index + 1}.00"))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 5
    assert ledger.counts() == (1, 1, 2)


def test_locked_key_is_a_conflict_until_the_lock_is_released(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "LOCK_WAIT_SECONDS", 1)
    monkeypatch.setattr(database_module, "GIVE_UP_SECONDS", 0.5)
    client = client_of(ledger, database)
    with ledger.connect(ledger.credential_cache().current()) as other, other.cursor() as cursor:
        cursor.execute("INSERT INTO idempotency_keys VALUES ('k', REPEAT('x', 32), NOW(6))")
        answer = post(client, "k")
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "in_progress")
        assert answer.headers["Retry-After"] == "1"
        other.rollback()
    assert post(client, "k").status_code == 201
    assert ledger.counts() == (1, 1, 2)


def test_deadlock_is_retried(ledger: Ledger, database: Database) -> None:
    """Two transactions lock two rows in opposite order. InnoDB rolls one back, which then succeeds."""
    ledger.execute(
        "CREATE TABLE IF NOT EXISTS locks (id INT PRIMARY KEY, n INT)", "REPLACE INTO locks VALUES (1, 0), (2, 0)"
    )
    ledger.execute("GRANT SELECT, UPDATE ON payments.locks TO payments@'%'")
    both_hold_a_lock = threading.Barrier(2)
    runs: list[int] = []

    def work(index: int) -> None:
        attempts = threading.local()

        def steps(cursor: Any) -> None:
            runs.append(index)
            cursor.execute("UPDATE locks SET n = n + 1 WHERE id = %s", (1 + index,))
            if not getattr(attempts, "was_made", False):
                attempts.was_made = True
                both_hold_a_lock.wait(10)
            cursor.execute("UPDATE locks SET n = n + 1 WHERE id = %s", (2 - index,))

        database.transaction(steps)

    try:
        simultaneously(2, work)
        assert ledger.query("SELECT n FROM locks") == [(2,), (2,)]
        assert len(runs) == 3
    finally:
        ledger.execute("DROP TABLE locks", "REVOKE ALL ON payments.locks FROM payments@'%'")


def failing(errors: list[Exception]) -> tuple[Callable[[Any], str], list[int]]:
    """Return work that fails with each error in turn and then succeeds, and the list of its runs."""
    runs: list[int] = []

    def work(cursor: Any) -> str:
        runs.append(len(runs))
        if len(runs) <= len(errors):
            raise errors[len(runs) - 1]
        return "done"

    return work, runs


@pytest.mark.parametrize("code", sorted(database_module.BUSY | database_module.LOST))
def test_temporary_errors_are_retried_a_bounded_number_of_times(ledger: Ledger, database: Database, code: int) -> None:
    database.pause = lambda seconds: None
    work, runs = failing([pymysql.OperationalError(code, "secret text")] * (ATTEMPTS - 1))
    assert database.transaction(work) == "done"
    assert len(runs) == ATTEMPTS
    work, runs = failing([pymysql.OperationalError(code, "secret text")] * ATTEMPTS)
    expected = DatabaseBusyError if code in database_module.BUSY else DatabaseUnavailableError
    with pytest.raises(expected) as caught:
        database.transaction(work)
    assert len(runs) == ATTEMPTS
    assert "secret text" not in str(caught.value)


def test_permanent_error_is_not_retried(ledger: Ledger, database: Database) -> None:
    work, runs = failing([pymysql.ProgrammingError(1146, "no such table")])
    with pytest.raises(pymysql.ProgrammingError):
        database.transaction(work)
    assert len(runs) == 1


def test_pauses_between_attempts_grow(ledger: Ledger, database: Database) -> None:
    pauses: list[float] = []
    database.pause = pauses.append
    work, _ = failing([pymysql.OperationalError(1213, "")] * (ATTEMPTS - 1))
    database.transaction(work)
    assert all(0.5 <= pause / (database_module.PAUSE_SECONDS * 2**index) <= 1.5 for index, pause in enumerate(pauses))


def test_no_attempt_begins_after_the_time_limit(ledger: Ledger, database: Database) -> None:
    now = [0.0]
    database.clock = lambda: now[0]
    fail, runs = failing([pymysql.OperationalError(1213, "")] * ATTEMPTS)

    def work(cursor: Any) -> str:
        now[0] += database_module.GIVE_UP_SECONDS + 0.1
        return fail(cursor)

    with pytest.raises(DatabaseBusyError):
        database.transaction(work)
    assert len(runs) == 1


# --- Connections ------------------------------------------------------------------------------------------------------


def test_killed_connection_costs_no_request(ledger: Ledger, database: Database) -> None:
    client = client_of(ledger, database)
    for number in range(5):
        assert post(client, f"k-{number}").status_code == 201
        assert ledger.kill_connections() >= 1
    assert client.get("/health").status_code == 200
    ledger.assert_balanced()


@pytest.mark.parametrize("after", ["idempotency_keys", "transactions", "entries"])
def test_connection_killed_between_two_statements_costs_no_request(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    execute = pymysql.cursors.Cursor.execute
    killed: list[str] = []

    def execute_and_kill(self: Any, statement: str, arguments: Any = None) -> Any:
        row_count = execute(self, statement, arguments)
        if f"INSERT INTO {after} " in statement and not killed:
            killed.append(statement)
            monkeypatch.setattr(pymysql.cursors.Cursor, "execute", execute)
            ledger.kill_connections()
        return row_count

    monkeypatch.setattr(pymysql.cursors.Cursor, "execute", execute_and_kill)
    assert post(client_of(ledger, database), "k").status_code == 201
    assert killed
    assert ledger.counts() == (1, 1, 2)


def test_commit_with_a_lost_answer_is_recognised(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt meets its own key and recognises its own payment by the id: 201, not a replay."""
    commit = pymysql.connections.Connection.commit
    lost_answers: list[int] = []

    def commit_and_lose(self: Any) -> None:
        commit(self)
        if not lost_answers:
            lost_answers.append(1)
            raise pymysql.OperationalError(2013, "Lost connection to MySQL server during query")

    monkeypatch.setattr(pymysql.connections.Connection, "commit", commit_and_lose)
    answer = post(client_of(ledger, database), "k")
    assert (answer.status_code, answer.headers["Idempotent-Replayed"]) == (201, "false")
    assert lost_answers
    assert ledger.counts() == (1, 1, 2)


def connection_id(cursor: Any) -> int:
    cursor.execute("SELECT CONNECTION_ID()")
    return int(cursor.fetchone()[0])


def test_old_connection_is_replaced(ledger: Ledger, database: Database) -> None:
    now = [0.0]
    database.clock = lambda: now[0]
    first = database.transaction(connection_id)
    assert database.transaction(connection_id) == first
    now[0] += database_module.MAX_AGE_SECONDS
    assert database.transaction(connection_id) != first


def test_each_thread_has_a_connection_of_its_own(ledger: Ledger, database: Database) -> None:
    assert len(set(simultaneously(4, lambda _: database.transaction(connection_id)))) == 4


def test_failed_transaction_leaves_nothing_for_the_next(ledger: Ledger, database: Database) -> None:
    def half(cursor: Any) -> None:
        cursor.execute("INSERT INTO idempotency_keys VALUES ('half', REPEAT('x', 32), NOW(6))")
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        database.transaction(half)
    Store(database).post("k", REQUEST)
    assert ledger.query("SELECT idempotency_key FROM idempotency_keys") == [("k",)]


# --- Stopped and started ----------------------------------------------------------------------------------------------


def test_service_answers_503_without_its_database_and_recovers(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "FRESH_SECONDS", 0.0)
    client = client_of(ledger, database)
    first = post(client, "k-1")
    assert client.get("/health").status_code == 200
    ledger.stop()
    try:
        started = time.monotonic()
        answer = post(client, "k-2")
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert client.get(f"/transactions/{first.get_json()['id']}").status_code == 503
        assert client.get("/health").status_code == 503
        assert time.monotonic() - started < 10
    finally:
        ledger.start()
    assert client.get("/health").status_code == 200
    assert post(client, "k-2").status_code == 201
    assert post(client, "k-1").get_json() == first.get_json()
    ledger.assert_balanced()


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that accepts connections and never sends a byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_health_waits_at_most_two_seconds(ledger: Ledger, silent: socket.socket) -> None:
    known = ledger.credential_cache().current()
    to_silent = Credentials("127.0.0.1", silent.getsockname()[1], known.database, known.user, known.password)
    health = Health(ledger.credential_cache(), lambda _: ledger.connect(to_silent))
    started = time.monotonic()
    faults = simultaneously(5, lambda _: health.fault())
    assert faults == ["no answer in time"] * 5
    assert 1.9 < time.monotonic() - started < 3.5


def test_health_asks_the_database_once_for_many_callers(ledger: Ledger) -> None:
    opened: list[int] = []

    def connect(credentials: Credentials) -> Any:
        opened.append(1)
        return ledger.connect(credentials)

    health = Health(ledger.credential_cache(), connect)
    assert simultaneously(20, lambda _: health.fault()) == [""] * 20
    assert len(opened) == 1
    assert health._check is not None
    first_check = health._check
    health.fault()
    assert health._check is first_check


# --- Credentials ------------------------------------------------------------------------------------------------------


def test_rejected_login_reads_the_secret_again(ledger: Ledger, database: Database) -> None:
    client = client_of(ledger, database)
    assert post(client, "k-1").status_code == 201
    ledger.set_user("payments", "second-password")
    ledger.set_secret("payments", "second-password")
    ledger.kill_connections()
    assert post(client, "k-2").status_code == 201
    assert ledger.secret_reads == 2


def test_wrong_password_is_no_flood_of_calls(ledger: Ledger, database: Database) -> None:
    ledger.set_secret("payments", "wrong")
    client = client_of(ledger, database)
    assert [post(client, f"k-{number}").status_code for number in range(3)] == [503] * 3
    assert ledger.secret_reads <= 4
    ledger.set_secret("payments", "first-password")
    time.sleep(1.1)
    assert post(client, "k").status_code == 201


def test_outage_of_secrets_manager_does_no_harm_while_the_credentials_are_valid(ledger: Ledger) -> None:
    outage: list[int] = []

    def read() -> str:
        if outage:
            raise ConnectionError("no Secrets Manager")
        return ledger.read_secret()

    database = Database(CredentialCache(read), ledger.connect)
    client = client_of(ledger, database)
    assert post(client, "k-1").status_code == 201
    outage.append(1)
    ledger.kill_connections()
    assert post(client, "k-2").status_code == 201
    database.close()


def test_service_answers_503_without_credentials(ledger: Ledger) -> None:
    def read() -> str:
        raise ConnectionError("no Secrets Manager; and a text with a secret")

    database = Database(CredentialCache(read), ledger.connect)
    with pytest.raises(DatabaseUnavailableError) as caught:
        database.transaction(lambda cursor: None)
    assert "with a secret" not in str(caught.value)
    assert client_of(ledger, database).get("/health").status_code == 503


# --- Killed processes -------------------------------------------------------------------------------------------------


def run_killed_post(ledger: Ledger, key: str, last_step: int) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).with_name("support") / "killed_post.py"
    arguments = [ledger.secret, str(ledger.authority), key, json.dumps(payment()), str(last_step)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "web_src")}
    return subprocess.run(
        [sys.executable, str(script), *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_process_killed_between_any_two_statements_leaves_no_half_payment(ledger: Ledger) -> None:
    survivor = run_killed_post(ledger, "clean", 0)
    steps = survivor.stdout.splitlines()[:-1]
    assert sum(step.startswith("INSERT") for step in steps) == 3
    assert steps[-1] == "COMMIT"
    for last_step in range(1, len(steps) + 1):
        key = f"killed-{last_step}"
        assert run_killed_post(ledger, key, last_step).returncode == -signal.SIGKILL
        committed = last_step == len(steps)
        deadline = time.monotonic() + 10
        # The server rolls the transaction back when it notices that the client is gone.
        while (
            not committed
            and ledger.query("SELECT 1 FROM information_schema.innodb_trx")
            and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        ledger.assert_balanced()
        again = run_killed_post(ledger, key, 0)
        assert again.returncode == 0, again.stderr
        assert again.stdout.splitlines()[-1] == f"replayed {committed}"
    assert ledger.counts()[1] == len(steps) + 1
    ledger.assert_balanced()


def test_other_exceptions_have_no_error_number() -> None:
    assert code_of(ValueError(1205)) == -1
    assert code_of(pymysql.MySQLError()) == -1
    assert code_of(pymysql.InterfaceError(0, "")) == 0
