"""Settings, credentials and log lines, without any server."""

from __future__ import annotations

import json
import logging
import logging.config
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from payments import logs
from payments.errors import ConfigurationError, DatabaseUnavailableError
from payments.secret import REREAD_PAUSE_SECONDS, CredentialCache, Credentials, parse
from payments.settings import RDS_BUNDLE, Settings, number

pytestmark = pytest.mark.requirement("X-WEB-1")

ENVIRONMENT = {"DB_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s", "ENVIRONMENT": "dev"}
SECRET = {
    "engine": "mysql",
    "host": "db",
    "port": 3306,
    "dbname": "payments",
    "username": "payments",
    "password": "pw-1",
}


def cache_of(*answers: dict[str, object] | Exception) -> tuple[CredentialCache, list[int], list[float]]:
    """Return a cache, the list of its readings, and its clock. The last answer repeats."""
    readings: list[int] = []
    now = [0.0]

    def read() -> str:
        readings.append(1)
        answer = answers[min(len(readings), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return json.dumps(answer)

    return CredentialCache(read, lambda: now[0]), readings, now


def test_settings_come_from_the_environment() -> None:
    assert Settings.from_environment(ENVIRONMENT) == Settings(ENVIRONMENT["DB_SECRET_ARN"], "dev", RDS_BUNDLE)


def test_rds_authorities_are_in_the_artifact() -> None:
    """Packaging copies the target of the link."""
    assert RDS_BUNDLE.read_text(encoding="ascii").count("BEGIN CERTIFICATE") > 50


@pytest.mark.parametrize("name", ["DB_SECRET_ARN", "ENVIRONMENT"])
@pytest.mark.parametrize("change", [dict.pop, lambda environment, name: environment.update({name: ""})])
def test_missing_setting_is_named(name: str, change: Callable[[dict[str, str], str], object]) -> None:
    environment = dict(ENVIRONMENT)
    change(environment, name)
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_environment(environment)


def test_missing_file_of_authorities_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="MYSQL_SSL_CA"):
        Settings.from_environment({**ENVIRONMENT, "MYSQL_SSL_CA": str(tmp_path / "none.pem")})


@pytest.mark.parametrize("text", ["0", "65536", "-1", "eighty", "8.0", "٨٠"])
def test_number_has_bounds(text: str) -> None:
    with pytest.raises(ConfigurationError, match="1 to 65535"):
        number("PORT", 8080, 1, 65535, {"PORT": text})


def test_number_has_a_default() -> None:
    assert number("PORT", 8080, 1, 65535, {}) == number("PORT", 1, 1, 65535, {"PORT": "8080"}) == 8080


def test_credentials_are_read_once_and_show_no_password() -> None:
    cache, readings, _ = cache_of(SECRET)
    assert cache.current() == cache.current() == Credentials("db", 3306, "payments", "payments", "pw-1")
    assert len(readings) == 1
    assert "pw-1" not in repr(cache.current()) + repr(cache)


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "null", "7", '"s"', "{}", json.dumps({**SECRET, "port": "x"}), json.dumps({"password": "pw-1"})],
)
def test_invalid_secret_is_reported_without_its_content(text: str) -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        parse(text)
    assert "pw-1" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_one_of_several_rejected_logins_reads_the_secret() -> None:
    cache, readings, _ = cache_of(SECRET, {**SECRET, "password": "pw-2"})
    rejected = cache.current()
    assert [cache.other_than(rejected).password for _ in range(5)] == ["pw-2"] * 5
    assert len(readings) == 2


def test_unchanged_secret_is_not_read_again_at_once() -> None:
    cache, readings, now = cache_of(SECRET)
    rejected = cache.current()
    for _ in range(5):
        assert cache.other_than(rejected) == rejected
    assert len(readings) == 2
    now[0] += REREAD_PAUSE_SECONDS
    cache.other_than(rejected)
    assert len(readings) == 3


def test_credentials_outlive_an_outage_of_secrets_manager() -> None:
    cache, readings, _ = cache_of(SECRET, ConnectionError("away"))
    rejected = cache.current()
    assert cache.other_than(rejected) == rejected
    assert len(readings) == 2


def test_outage_without_any_credentials_is_reported() -> None:
    cache, _, _ = cache_of(ConnectionError("away, and some secret"))
    with pytest.raises(DatabaseUnavailableError, match="ConnectionError") as caught:
        cache.current()
    assert "some secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Root=1-67891233-abcdef0123456789abcdef01", "1-67891233-abcdef0123456789abcdef01"),
        ("Self=1-67891233-a;Root=1-0a891233-abcdef0123456789abcdef01;Sampled=1", "1-0a891233-abcdef0123456789abcdef01"),
    ],
)
def test_request_id_is_that_of_the_load_balancer(header: str, expected: str) -> None:
    assert logs.request_id(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "x", "Root=", "Root=a b", "Root=" + "a" * 65, 'Root="}\n', "Root=1-2-3"),
        *(
            "Root=4111111111111111",
            "Root=1-67891233-4111111111111111aaaaaaaa",
            "Root=1-41111111-11111111aaaaaaaaaaaaaaaa",
        ),
        *("Root=1-67891233-abcdef0123456789abcdef01,Root=1-67891233-abcdef0123456789abcdef02",),
        "Root=1-67891233-ABCDEF0123456789ABCDEF01",
    ],
)
def test_malformed_trace_header_is_not_logged(header: str | None) -> None:
    """Incident: the request id of a line was the client's own text, such as ``Root=4111111111111111``."""
    assert uuid.UUID(logs.request_id(header)).version == 4


def test_card_number_is_masked_anywhere_in_a_line() -> None:
    record = logging.LogRecord("4111111111111111", logging.INFO, "p", 1, "paid by %s", ("4111 1111 1111 1111",), None)
    record.fields = {"reason": "card 4111111111111111", "deep": {"list": ["4111-1111-1111-1111"]}, "status": 408}
    line = line_of(record)
    assert "1111" not in json.dumps({name: value for name, value in line.items() if name != "time"})
    assert (line["reason"], line["status"]) == ("card [card number]", 408)


def line_of(record: logging.LogRecord) -> dict[str, object]:
    text = logs.JsonFormatter().format(record)
    assert "\n" not in text
    line: dict[str, object] = json.loads(text)
    return line


def record_of(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except Exception as caught:  # noqa: BLE001 - any kind
        return logging.LogRecord(
            "l", logging.ERROR, "p", 1, "a\nmessage", None, (type(caught), caught, caught.__traceback__)
        )


def test_exception_is_logged_by_type_and_place_without_its_text() -> None:
    line = line_of(record_of(KeyError("somebody's account")))
    assert (line["level"], line["exception"], line["message"]) == ("ERROR", "KeyError", "a\nmessage")
    assert "somebody" not in json.dumps(line)
    assert "test_settings.py" in json.dumps(line["where"])


@pytest.mark.parametrize(
    ("level", "shown"), [("INFO", "INFO"), ("WARNING", "WARNING"), ("ERROR", "ERROR"), ("CRITICAL", "ERROR")]
)
def test_errors_have_one_level(level: str, shown: str) -> None:
    """A worker that hangs is CRITICAL for gunicorn."""
    record = logging.LogRecord("l", logging.getLevelNamesMapping()[level], "p", 1, "m", None, None)
    assert line_of(record)["level"] == shown


def test_text_of_the_services_own_errors_is_logged() -> None:
    assert line_of(record_of(ConfigurationError("PORT", "is not set")))["reason"] == "PORT: is not set"


def test_log_goes_to_a_file_or_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        logging.config.dictConfig(logs.configuration({"LOG_FILE": str(tmp_path / "log")}))
        logging.getLogger("any").info("to the file", extra=logs.fields(status=200))
        logging.getLogger("botocore").info("not at all")
        logging.config.dictConfig(logs.configuration({"LOG_LEVEL": "WARNING"}))
        logging.getLogger("any").info("not at all")
        logging.getLogger("any").warning("to the console")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [(json.loads(line)["message"], json.loads(line)["status"]) for line in lines] == [("to the file", 200)]
    assert [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()] == ["to the console"]
