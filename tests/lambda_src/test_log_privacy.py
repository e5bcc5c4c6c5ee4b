"""Whatever fails, no log line has what a client sent, and so no mail that log_alerts builds from one."""

from __future__ import annotations

import base64
import gzip
import io
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

import balancer_logs.handler
import log_alerts.handler
import process.handler
import query.handler
from common import custom_resource, entitlements
from common.database import Database
from common.entitlements import Entitlements
from common.errors import BadObjectError, DatabaseUnavailableError, MigrationError, RequestError
from common.observe import describe
from common.schema import RecordError
from process.pipeline import Pipeline
from tests.lambda_src.support.fakes import (
    Context,
    FakeS3,
    FakeTopic,
    api_event,
    client_error,
    entitlement,
    ndjson_gz,
    sqs_event,
)
from tests.lambda_src.support.processing import BUCKETS, key_of
from tests.lambda_src.support.records import T0, trade

pytestmark = pytest.mark.requirement("T-FN-1", "T-OBS-1")

PAYLOAD = ("ZQXJ7", "8271.3364", "SECRETID-77", "V9X7Q5", "DE89370400")
RECORD = trade("SECRETID-77", "8271.3364", "3", T0, "ZQXJ7", venue="V9X7Q5")
ROW = ",".join([*PAYLOAD, str(T0)])


# -- Errors as the libraries raise them -------------------------------------------------------------------------------
def of_duckdb(folder: Path, _: psycopg.Connection[Any]) -> None:
    """Raise ConversionException: … Original Line: ZQXJ7,8271.3364 … ."""
    (folder / "bars.csv").write_text(ROW + "\n")
    columns = ", ".join(f"'c{n}': 'DECIMAL(18, 8)'" for n in range(len(ROW.split(","))))
    duckdb.execute(f"SELECT * FROM read_csv('{folder}/bars.csv', header = false, columns = {{{columns}}})").fetchall()


def of_a_row(_: Path, admin: psycopg.Connection[Any]) -> None:
    """Raise CheckViolation: … DETAIL: Failing row contains (ZQXJ7, …)."""
    insert = "INSERT INTO trading.trades (symbol, trade_id, ts_ns, price, size, venue) VALUES (%s, %s, 1, %s, -1, %s)"
    admin.execute(insert, ("ZQXJ7", "SECRETID-77", "8271.3364", "V9X7Q5"))


def of_copy(_: Path, admin: psycopg.Connection[Any]) -> None:
    """Raise InvalidTextRepresentation: … CONTEXT: COPY trades, line 1, column ts_ns: … ."""
    with admin.cursor().copy("COPY trading.trades FROM STDIN (FORMAT csv)") as copy:
        copy.write(ROW + "\n")


def of_a_lost_connection(folder: Path, admin: psycopg.Connection[Any]) -> None:
    """Raise as ``Database.connection`` does: the reason is our own text, and the cause may quote the copied rows."""
    try:
        of_copy(folder, admin)
    except psycopg.Error as error:
        raise DatabaseUnavailableError("db.example", "server closed the connection unexpectedly") from error


def of_a_migration(folder: Path, admin: psycopg.Connection[Any]) -> None:
    """Raise as the migrations do, with the server's text, and so with the row."""
    try:
        of_a_row(folder, admin)
    except psycopg.Error as error:
        raise MigrationError(7, f"0007_x.sql: {error}") from error


def raising(error: Exception) -> Callable[[Path, psycopg.Connection[Any]], None]:
    def fault(_: Path, __: psycopg.Connection[Any]) -> None:
        try:
            raise KeyError(ROW)
        except KeyError:
            raise error  # noqa: B904 - with the KeyError as its context, like a fault within a handler

    return fault


FAULTS: dict[str, Callable[[Path, psycopg.Connection[Any]], None]] = {
    "ConversionException": of_duckdb,
    "CheckViolation": of_a_row,
    "InvalidTextRepresentation": of_copy,
    "DatabaseUnavailableError": of_a_lost_connection,
    "MigrationError": of_a_migration,
    "ClientError": raising(client_error("InvalidArgument", "PutObject", ROW)),
    "RecordError": raising(RecordError("price", ROW)),
    "BadObjectError": raising(BadObjectError("balancer/a.log.gz", f"is no gzip ({ROW})")),
    "UnicodeDecodeError": raising(UnicodeDecodeError("utf-8", ROW.encode(), 0, 1, ROW)),
    "ExceptionGroup": raising(ExceptionGroup(ROW, [ValueError(ROW)])),
}


# -- Functions that meet them -----------------------------------------------------------------------------------------
Run = Callable[[Callable[[], None], pytest.MonkeyPatch], None]


def run_process(fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        buckets = BUCKETS

        def process(self, *_: object) -> None:
            fault()

    monkeypatch.setattr(process.handler, "_pipeline", Failing)
    answer = process.handler.handler(sqs_event(key_of("a")), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def run_query(fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def connection(self) -> None:
            fault()

    monkeypatch.setattr(query.handler, "_database", Failing)
    monkeypatch.setattr(entitlements, "from_environment", lambda: Entitlements(lambda _: entitlement()))
    window = {"from": "2026-01-02T10:00:00Z", "to": "2026-01-02T11:00:00Z"}
    event = api_event("GET", "/v1/bars/{symbol}", queryStringParameters=window, pathParameters={"symbol": "ZQXJ7"})
    assert query.handler.handler(event, Context())["statusCode"] in (500, 503)


def run_balancer_logs(fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALANCER_LOG_GROUP", "g")
    monkeypatch.setattr(balancer_logs.handler, "client", lambda _: None)
    monkeypatch.setattr(balancer_logs.handler, "copy_file", lambda *_: fault())
    answer = balancer_logs.handler.handler(sqs_event("balancer/a.log.gz"), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def run_custom_resource(fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    def upsert(_: object) -> dict[str, str]:
        fault()
        return {}

    provider = custom_resource.Provider(lambda _: "id", upsert, lambda _: None)
    event = {"RequestType": "Create", "ResourceType": "Custom::X", "LogicalResourceId": "L", "ResponseURL": ""}
    assert custom_resource.handle(event, None, {"Custom::X": provider})["Status"] == "FAILED"


RUNS: dict[str, Run] = {
    "process": run_process,
    "query": run_query,
    "balancer_logs": run_balancer_logs,
    "custom_resource": run_custom_resource,
}


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Callable[[io.StringIO], str]:
    """What log_alerts publishes for the lines with errors."""
    monkeypatch.setenv("ALERT_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:alerts")
    topic = FakeTopic()
    monkeypatch.setattr(log_alerts.handler, "client", lambda _: topic)

    def forward(log: io.StringIO) -> str:
        lines = [line for line in log.getvalue().splitlines() if json.loads(line)["level"] == "ERROR"]
        events = [{"id": str(n), "timestamp": T0 // 10**6, "message": line} for n, line in enumerate(lines)]
        payload = {"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": events}
        data = base64.b64encode(gzip.compress(json.dumps(payload).encode())).decode()
        log_alerts.handler.handler({"awslogs": {"data": data}}, Context())
        (message,) = topic.published
        return message["Subject"] + message["Message"]

    return forward


def payload_in(written: str) -> list[str]:
    """The parts of the payload that a text has, as they are or as JSON."""
    return [value for value in (*PAYLOAD, str(T0), json.dumps(ROW)[1:-1]) if value.lower() in written.lower()]


@pytest.fixture(autouse=True)
def _queue(monkeypatch: pytest.MonkeyPatch) -> None:
    class Queue:
        def change_message_visibility(self, **_: object) -> None:
            return None

    monkeypatch.setenv("OBJECT_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/q")
    monkeypatch.setattr(process.handler, "client", lambda _: Queue())


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("function", RUNS)
def test_no_error_writes_payload_into_the_log_or_a_mail(
    function: str,
    name: str,
    admin: psycopg.Connection[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    log: io.StringIO,
    mails: Callable[[io.StringIO], str],
) -> None:
    """Process once logged such errors with their text: the next alert's mail had a bar from DuckDB's "Original Line"."""

    def fault() -> None:
        FAULTS[name](tmp_path, admin)

    with pytest.raises(Exception) as raised:  # noqa: PT011 - the type is a parameter
        fault()
    assert type(raised.value).__name__ == name
    assert payload_in("".join(traceback.format_exception(raised.value))), "otherwise this test would show nothing"
    RUNS[function](fault, monkeypatch)
    mail = mails(log)
    assert payload_in(log.getvalue() + mail + "".join(capsys.readouterr())) == []
    if (function, name) != ("query", "DatabaseUnavailableError"):  # an outage has a line of its own
        exception_names = [json.loads(line).get("exception_name") for line in log.getvalue().splitlines()]
        assert name in exception_names
        assert name in mail


def test_a_row_that_the_database_rejects_is_reported_by_kind_and_place(
    app_database: Database,
    admin: psycopg.Connection[Any],
    s3: FakeS3,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
    mails: Callable[[io.StringIO], str],
) -> None:
    """The whole path of a stored object; PostgreSQL's DETAIL is the row."""
    admin.execute("ALTER TABLE trading.trades ADD CONSTRAINT low CHECK (price < 1)")
    s3.objects["raw", key_of("a")] = ndjson_gz(RECORD)
    monkeypatch.setattr(process.handler, "_pipeline", lambda: Pipeline(s3, app_database, BUCKETS))
    answer = process.handler.handler(sqs_event(key_of("a")), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    (line,) = [json.loads(line) for line in log.getvalue().splitlines() if "message failed" in line]
    assert (line["level"], line["exception_name"], line["code"]) == ("ERROR", "CheckViolation", "23514")
    assert any("process/batches.py" in where for where in line["where"])
    assert payload_in(log.getvalue() + mails(log)) == []


def test_the_reason_of_a_rejected_request_is_not_logged_with_a_later_error() -> None:
    """The text of a RequestError describes what the client sent."""
    try:
        try:
            raise RequestError(400, "bad", ROW)
        except RequestError as error:
            raise DatabaseUnavailableError("db.example", "connection refused") from error
    except DatabaseUnavailableError as error:
        description = describe(error)
    assert description["reason"] == "database db.example: connection refused"
    assert payload_in(json.dumps(description)) == []
