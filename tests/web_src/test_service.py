"""The service over a real MariaDB with TLS: its answers, and the rows in the tables afterwards."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from payments import logs
from payments.currencies import MINOR_UNITS
from payments.ids import is_id, new_id
from payments.model import MAX_BODY_BYTES
from tests.web_src.support.bodies import VISA, payment
from tests.web_src.support.ledger import GRANTS, Ledger
from tests.web_src.support.paths import MIGRATIONS, README, SERVICE

pytestmark = pytest.mark.requirement("X-WEB-1")

DATABASE_TESTS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All lines that the service logs, at DEBUG."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def post(client: FlaskClient, body: object, key: str | None = None, **headers: str) -> TestResponse:
    all_headers = {"Content-Type": "application/json", "Idempotency-Key": key or str(uuid.uuid4()), **headers}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/transactions", data=data, headers=all_headers)


def code(answer: TestResponse) -> str:
    """Return the code of an error, whose body must have exactly code and message."""
    error = answer.get_json()["error"]
    assert error.keys() == {"code", "message"}
    assert answer.headers["Cache-Control"] == "no-store"
    return str(error["code"])


def test_payment_is_stored_with_its_key_and_two_entries(client: FlaskClient, ledger: Ledger) -> None:
    answer = post(client, payment(description="Rechnung für Käse 🧀"), "k-1")
    assert answer.status_code == 201
    body = answer.get_json()
    assert answer.headers["Location"] == f"/transactions/{body['id']}"
    assert answer.headers["Idempotent-Replayed"] == "false"
    assert answer.headers["Cache-Control"] == "no-store"
    assert {name: body[name] for name in payment()} == payment()
    assert body["description"] == "Rechnung für Käse 🧀"
    assert ledger.query("SELECT transaction_id, side, account, currency, signed_amount FROM entries ORDER BY side") == [
        (body["id"], "credit", "acct-2", "USD", Decimal("-10.5000")),
        (body["id"], "debit", "acct-1", "USD", Decimal("10.5000")),
    ]
    ledger.assert_balanced()
    assert client.get(f"/transactions/{body['id']}").get_json() == body


def test_same_key_and_payment_get_the_same_answer_and_one_transaction(client: FlaskClient, ledger: Ledger) -> None:
    first = post(client, payment(), "k-1")
    again = post(client, json.dumps(payment(amount="10.5"), indent=3).encode(), "k-1")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.get_json() == first.get_json()
    assert ledger.counts() == (1, 1, 2)


@pytest.mark.parametrize(
    "change", [{"amount": "10.51"}, {"currency": "EUR"}, {"debitAccount": "x"}, {"description": "d"}]
)
def test_same_key_for_another_payment_is_rejected(
    client: FlaskClient, ledger: Ledger, change: dict[str, object]
) -> None:
    post(client, payment(), "k-1")
    answer = post(client, payment(**change), "k-1")
    assert (answer.status_code, code(answer)) == (422, "idempotency_key_reused")
    assert ledger.counts() == (1, 1, 2)


def test_keys_differ_by_case(client: FlaskClient, ledger: Ledger) -> None:
    assert [post(client, payment(), key).status_code for key in ("k-a", "K-A")] == [201, 201]
    assert ledger.counts() == (2, 2, 4)


@pytest.mark.parametrize("is_valid", [True, False])
def test_unknown_transaction_is_not_found(client: FlaskClient, is_valid: bool) -> None:
    answer = client.get(f"/transactions/{new_id() if is_valid else uuid.uuid4()}")
    assert (answer.status_code, code(answer)) == (404, "transaction_not_found")


def test_unknown_path_and_unknown_method_have_their_own_codes(client: FlaskClient) -> None:
    assert code(client.get("/")) == "not_found"
    answer = client.put("/transactions")
    assert (answer.status_code, code(answer)) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        ({"Content-Type": "text/plain"}, 415, "media_type"),
        ({"Content-Type": "application/json; charset=latin-1"}, 415, "media_type"),
        ({"Content-Encoding": "gzip"}, 415, "content_encoding"),
        ({"Idempotency-Key": "a b"}, 400, "idempotency_key_invalid"),
    ],
)
def test_headers_are_checked(client: FlaskClient, headers: dict[str, str], status: int, expected: str) -> None:
    answer = post(client, payment(), **headers)
    assert (answer.status_code, code(answer)) == (status, expected)


def test_key_is_required(client: FlaskClient) -> None:
    answer = client.post("/transactions", json=payment())
    assert (answer.status_code, code(answer)) == (400, "idempotency_key_missing")


def test_body_has_a_limit(client: FlaskClient, ledger: Ledger) -> None:
    full = json.dumps(payment()).encode()
    assert post(client, full + b" " * (MAX_BODY_BYTES - len(full))).status_code == 201
    answer = post(client, full + b" " * (MAX_BODY_BYTES - len(full) + 1))
    assert (answer.status_code, code(answer)) == (413, "too_large")
    assert str(MAX_BODY_BYTES) in answer.get_json()["error"]["message"]


def test_card_number_reaches_neither_table_nor_log(client: FlaskClient, ledger: Ledger, log: io.StringIO) -> None:
    for body in (payment(debitAccount=VISA), payment(description=f"card {VISA}"), payment(amount=VISA), {VISA: VISA}):
        assert post(client, body).status_code in (400, 422)
    assert post(client, payment(), VISA).status_code == 422
    assert client.get(f"/transactions/{VISA}").status_code == 404
    logging.getLogger("gunicorn.error").warning("Invalid request: %s", VISA)
    assert VISA not in log.getvalue()
    assert "[card number]" in log.getvalue()
    assert ledger.counts() == (0, 0, 0)


def test_log_line_has_route_status_and_time_but_nothing_of_the_payment(
    client: FlaskClient, log: io.StringIO, ledger: Ledger
) -> None:
    headers = {"X-Amzn-Trace-Id": "Self=1-1-a;Root=1-67891233-abcdef0123456789abcdef01"}
    answer = post(client, payment(description="secret words", amount="98765.43"), "key-of-mine", **headers)
    client.get(f"/transactions/{answer.get_json()['id']}")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    requests = [line for line in lines if line["logger"] == "payments"]
    assert [(line["route"], line["method"], line["status"]) for line in requests] == [
        ("/transactions", "POST", 201),
        ("/transactions/<transaction_id>", "GET", 200),
    ]
    assert requests[0]["request_id"] == "1-67891233-abcdef0123456789abcdef01" == answer.headers["X-Request-Id"]
    assert requests[0]["level"] == "INFO"
    assert requests[0]["milliseconds"] >= 0
    for word in ("acct-1", "98765", "secret words", "key-of-mine", answer.get_json()["id"], "first-password"):
        assert word not in log.getvalue()


@pytest.mark.parametrize("path", ["/transactions//x", "//health", "//", "/transactions/", "/health//"])
def test_path_is_never_redirected(client: FlaskClient, path: str) -> None:
    """Incident: the answer to ``//`` was a page of HTML that led to http://."""
    answer = client.get(path)
    assert answer.status_code in (404, 405)
    assert answer.get_json()["error"]["code"] in ("not_found", "method_not_allowed", "transaction_not_found")
    assert "Location" not in answer.headers


def test_duplicate_headers_are_rejected_or_ignored(client: FlaskClient, ledger: Ledger) -> None:
    """Incident: two keys counted as one with a comma, so a retry with one of them would have paid again."""
    body = json.dumps(payment()).encode()
    once = [("Content-Type", "application/json"), ("Idempotency-Key", "a")]
    twice = client.post("/transactions", data=body, headers=[*once, ("Idempotency-Key", "b")])
    assert (twice.status_code, twice.get_json()["error"]["code"]) == (400, "idempotency_key_invalid")
    encoded = [("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    assert client.post("/transactions", data=body, headers=[*once, *encoded]).status_code == 415
    traced = [("X-Amzn-Trace-Id", f"Root=1-67891233-abcdef0123456789abcdef0{number}") for number in (1, 2)]
    answer = client.get("/health", headers=traced)
    assert "abcdef" not in answer.headers["X-Request-Id"]
    assert ledger.counts() == (0, 0, 0)


def test_healthy_answers_are_not_logged_at_info(client: FlaskClient, log: io.StringIO) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert '"level": "INFO"' not in log.getvalue()


def test_database_without_the_tables_is_not_healthy(client: FlaskClient, ledger: Ledger, log: io.StringIO) -> None:
    ledger.execute("RENAME TABLE idempotency_keys TO elsewhere")
    try:
        answer = client.get("/health")
    finally:
        ledger.execute("RENAME TABLE elsewhere TO idempotency_keys")
    assert (answer.status_code, answer.get_json()) == (503, {"status": "unavailable"})
    assert '"level": "ERROR"' in log.getvalue()


def test_unexpected_error_is_logged_without_its_text(client: FlaskClient, ledger: Ledger, log: io.StringIO) -> None:
    """The text of a database error can hold values, here the account."""
    ledger.execute("REVOKE INSERT ON payments.entries FROM payments@'%'")
    try:
        answer = post(client, payment(debitAccount="acct-of-somebody"))
    finally:
        ledger.set_user("payments", "first-password")
    assert (answer.status_code, code(answer)) == (500, "internal")
    [error] = [line for line in map(json.loads, log.getvalue().splitlines()) if line["level"] == "ERROR"]
    assert (error["exception"], error["error_number"]) == ("OperationalError", 1142)
    assert any("store.py" in where for where in error["where"])
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert "acct-of-somebody" not in log.getvalue()
    assert ledger.counts() == (0, 0, 0)


# --- The tables by themselves -----------------------------------------------------------------------------------------


def test_migrations_can_be_repeated(ledger: Ledger, client: FlaskClient) -> None:
    post(client, payment())
    ledger.migrate()
    assert ledger.counts() == (1, 1, 2)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transactions SET amount = 1",
        "DELETE FROM entries",
        "UPDATE entries SET account = 'x'",
        "DELETE FROM idempotency_keys",
        "DROP TABLE entries",
        "TRUNCATE TABLE entries",
        "CREATE TABLE mine (a INT)",
        "ALTER TABLE entries DROP CONSTRAINT entry_side",
    ],
)
def test_user_of_the_service_can_only_read_and_insert(ledger: Ledger, client: FlaskClient, statement: str) -> None:
    post(client, payment())
    connection = ledger.connect(ledger.credential_cache().current())
    with connection, connection.cursor() as cursor, pytest.raises(Exception, match="denied"):
        cursor.execute(statement)


@pytest.mark.parametrize(
    "row",
    [
        "('{id}', 'debit', 'a', 'USD', 10.51)",  # another amount than the transaction's
        "('{id}', 'debit', 'a', 'EUR', 10.50)",  # another currency
        "('{id}', 'fee', 'a', 'USD', 10.50)",  # not a side
        "('{other}', 'debit', 'a', 'USD', 10.50)",  # no transaction
        "('{id}', 'debit', 'a', 'USD', 10.50), ('{id}', 'debit', 'a', 'USD', 10.50)",  # the same side twice
    ],
)
def test_database_rejects_entries_that_do_not_balance(ledger: Ledger, client: FlaskClient, row: str) -> None:
    transaction_id = post(client, payment()).get_json()["id"]
    ledger.execute("DELETE FROM entries")
    values = row.format(id=transaction_id, other=new_id())
    with pytest.raises(Exception, match=r"foreign key|CONSTRAINT|Duplicate"):
        ledger.execute(f"INSERT INTO entries (transaction_id, side, account, currency, amount) VALUES {values}")
    ledger.execute(
        "INSERT INTO entries (transaction_id, side, account, currency, amount) VALUES"
        f" ('{transaction_id}', 'debit', 'acct-1', 'USD', 10.5), ('{transaction_id}', 'credit', 'acct-2', 'USD', 10.5)"
    )
    ledger.assert_balanced()


@pytest.mark.parametrize("change", ["amount = 0", "amount = -1", "credit_account = debit_account"])
def test_database_rejects_an_impossible_transaction(ledger: Ledger, client: FlaskClient, change: str) -> None:
    post(client, payment())
    ledger.execute("DELETE FROM entries")
    with pytest.raises(Exception, match="CONSTRAINT"):
        ledger.execute(f"UPDATE transactions SET {change}")


def test_schema_and_readme_name_the_grants_of_the_tests() -> None:
    """The migration's author copies the grants from there, so they must be the tested ones."""
    text = (MIGRATIONS / "0001_payments.sql").read_text(encoding="utf-8")
    for grant in GRANTS:
        stated = grant.partition(" TO ")[0]
        assert stated in text
        assert stated in README
    assert text.count("GRANT ") == README.count("GRANT ") == len(GRANTS)
    assert "DELIMITER" not in text.upper()


def test_example_of_the_readme_gets_the_answer_of_the_readme(client: FlaskClient, ledger: Ledger) -> None:
    request, shown = (json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", README, re.DOTALL))
    answer = post(client, request)
    assert answer.status_code == 201
    body = answer.get_json()
    assert {**body, "id": shown["id"], "createdAt": shown["createdAt"]} == shown
    assert list(body) == list(shown)
    assert is_id(shown["id"])
    assert len(body["createdAt"]) == len(shown["createdAt"])


def test_readme_has_each_error_code() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in SERVICE.glob("*.py"))
    codes = set(re.findall(r"(?:RequestError|_error)\(\s*(?:\d{3}|status), \"([a-z_]+)\"", source))
    codes |= set(re.findall(r"^    \d{3}: \(\"([a-z_]+)\"", source, re.MULTILINE))
    documented = set(re.findall(r"`([a-z_]+)`", README.partition("| status | code |")[2].partition("Every answer")[0]))
    assert codes - {"bad_request", "http_error"} == documented - {"payments"}
    assert len(codes) > 12


# --- Properties -------------------------------------------------------------------------------------------------------

ACCOUNTS = st.sampled_from(["a", "b", "c"])


@st.composite
def posts(draw: st.DrawFn) -> list[tuple[str, dict[str, object]]]:
    """Draw keys and bodies. Some keys come twice, for the same payment or another, and some bodies are invalid."""
    keys_and_bodies = []
    for _ in range(draw(st.integers(1, 8))):
        currency = draw(st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
        units = MINOR_UNITS[currency] + draw(st.sampled_from([0, 0, 0, 1]))
        amount = Decimal(draw(st.integers(0, 10**12))).scaleb(-units)
        body = payment(
            debitAccount=draw(ACCOUNTS), creditAccount=draw(ACCOUNTS), amount=f"{amount:f}", currency=currency
        )
        keys_and_bodies.append((draw(st.sampled_from(["k1", "k2", "k3", "k4"])), body))
    return keys_and_bodies


@DATABASE_TESTS
@given(posts())
def test_each_currency_sums_to_zero_whatever_is_posted(
    client: FlaskClient, ledger: Ledger, sequence: list[tuple[str, dict[str, object]]]
) -> None:
    ledger.empty()
    expected: dict[str, dict[str, Any]] = {}
    for key, body in sequence:
        answer = post(client, body, key)
        if answer.status_code == 201:
            assert key not in expected
            expected[key] = answer.get_json()
        elif answer.status_code == 200:
            assert answer.get_json() == expected[key]
        else:
            assert answer.status_code in (400, 422)
    ledger.assert_balanced()
    assert ledger.counts()[1] == len(expected)
    totals: dict[tuple[str, str], Decimal] = {}
    for stored in expected.values():
        for account, sign in ((stored["debitAccount"], 1), (stored["creditAccount"], -1)):
            account_and_currency = (account, stored["currency"])
            total = totals.get(account_and_currency, Decimal(0))
            totals[account_and_currency] = total + sign * Decimal(stored["amount"])
    assert ledger.totals() == totals


@DATABASE_TESTS
@given(posts())
def test_repeating_all_requests_changes_nothing(
    client: FlaskClient, ledger: Ledger, sequence: list[tuple[str, dict[str, object]]]
) -> None:
    ledger.empty()
    first = [post(client, body, key) for key, body in sequence]
    before = [ledger.query(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("transactions", "entries")]
    for (key, body), answer in zip(sequence, first, strict=True):
        again = post(client, body, key)
        if answer.status_code == 201:
            assert (again.status_code, again.get_json()) == (200, answer.get_json())
        else:
            assert again.status_code == answer.status_code
    after = [ledger.query(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("transactions", "entries")]
    assert after == before


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["1.00", "USD", "a", VISA])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
NAMES = st.sampled_from(["debitAccount", "creditAccount", "amount", "currency", "description"]) | st.text(max_size=5)
BODIES = (
    st.dictionaries(NAMES, VALUES, max_size=6).map(lambda fields: json.dumps({**payment(), **fields}).encode())
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=200)
)
HEADERS = st.dictionaries(
    st.sampled_from(["Idempotency-Key", "Content-Type", "X-Amzn-Trace-Id", "Content-Encoding"]),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=80),
    max_size=2,
)


def test_fuzzed_requests_are_rejected_or_stored(client: FlaskClient, ledger: Ledger) -> None:
    stored = 0

    @settings(max_examples=600, deadline=None)
    @given(BODIES, HEADERS)
    def send(body: bytes, headers: dict[str, str]) -> None:
        nonlocal stored
        answer = post(client, body, **headers)
        assert answer.status_code in (200, 201, 400, 415, 422), answer.get_data()
        if answer.status_code == 201:
            stored += 1
            assert client.get(answer.headers["Location"]).get_json() == answer.get_json()

    send()
    assert ledger.counts()[1] == stored
    ledger.assert_balanced()
