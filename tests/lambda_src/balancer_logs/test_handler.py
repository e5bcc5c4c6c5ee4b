"""The load balancer's log in a log group: every line, as JSON where it is readable, within the limits of CloudWatch Logs."""

from __future__ import annotations

import gzip
import io
import json
import random
import tracemalloc
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import balancer_logs.handler
from balancer_logs import events
from balancer_logs.events import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, Stream, stream_name
from balancer_logs.files import MAX_LINE_BYTES, copy_file
from balancer_logs.handler import log_files_of
from balancer_logs.lines import _NAMES, REQUIRED, convert
from common.errors import BadObjectError
from local.cloud import EmbeddedCloud
from tests.lambda_src.support.fakes import Context, FakeS3, client_error, sqs_event

pytestmark = pytest.mark.requirement("X-MON-1")

KEY = "balancer/AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11/20/a_app.web.log.gz"
GROUP = "/aws/elasticloadbalancing/transactions-balancer-dev"
# All documented fields, in their order.
LINE = (
    "https 2026-11-20T22:23:00.186641Z app/transactions-web-dev/50dc6c495c0c9188 192.0.2.39:2817 10.0.10.1:8080 "
    "0.086 0.048 0.037 200 201 512 57 "
    '"POST https://pay.example:443/transactions?account=DE12&name=Ada HTTP/1.1" "curl/8.5.0 (a \\"b\\")" '
    "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73e2d6bc24d8a067 "
    '"Root=1-58337364-23a8c76965a2ef7629b185e3" "pay.example" "session-reused" '
    '1 2026-11-20T22:22:48.364000Z "forward" "-" "-" "10.0.10.1:8080" "201" "-" "-" TID_dc57cebed65b4445'
)


PLAIN = LINE.replace("?account=DE12&name=Ada", "")


def read(text: str) -> dict[str, Any]:
    return dict(json.loads(convert(text).message))


# -- Lines ------------------------------------------------------------------------------------------------------------


def test_every_field_of_a_line_is_read() -> None:
    assert read(LINE) == {
        "type": "https",
        "time": "2026-11-20T22:23:00.186641Z",
        "balancer": "app/transactions-web-dev/50dc6c495c0c9188",
        "client": "192.0.2.39:2817",
        "target": "10.0.10.1:8080",
        "requestSeconds": 0.086,
        "targetSeconds": 0.048,
        "responseSeconds": 0.037,
        "elbStatus": 200,
        "targetStatus": 201,
        "receivedBytes": 512,
        "sentBytes": 57,
        "method": "POST",
        "host": "pay.example:443",
        "path": "/transactions",
        "protocol": "HTTP/1.1",
        "userAgent": 'curl/8.5.0 (a \\"b\\")',
        "tlsCipher": "ECDHE-RSA-AES128-GCM-SHA256",
        "tlsProtocol": "TLSv1.2",
        "targetGroup": "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73e2d6bc24d8a067",
        "traceId": "Root=1-58337364-23a8c76965a2ef7629b185e3",
        "domain": "pay.example",
        "certificate": "session-reused",
        "rulePriority": 1,
        "requestTime": "2026-11-20T22:22:48.364000Z",
        "actions": "forward",
        "targets": "10.0.10.1:8080",
        "targetStatuses": "201",
        "connectionTraceId": "TID_dc57cebed65b4445",
    }
    assert convert(LINE).timestamp_ms == 1_795_213_380_186


def test_a_request_that_never_reached_a_target_has_no_target() -> None:
    line = LINE.replace("10.0.10.1:8080 0.086 0.048 0.037 200 201", "- -1 -1 -1 503 -")
    fields = read(line)
    assert (fields["elbStatus"], fields["targetStatus"]) == (503, None)
    assert not {"target", "requestSeconds", "targetSeconds", "responseSeconds"} & set(fields)


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("- http://pay.example:80- -", {"host": "pay.example:80-", "path": "/"}),
        ("- - -", {}),
        ("-", {"request": "-"}),
        ("", {"request": ""}),
        ("GET /health?x=1", {"request": "GET /health?"}),
        ("GET https://u:p@pay.example:443/a?token=1 b HTTP/1.1", {"host": "pay.example:443", "path": "/a"}),
        ("GET https://[::1/%zz#f HTTP/1.1", {"host": "[::1", "path": "/%zz"}),
    ],
)
def test_malformed_requests_do_not_make_a_line_malformed(request_line: str, expected: dict[str, str]) -> None:
    start, end = LINE.index('"POST'), LINE.index('"curl')
    converted = convert(f'{LINE[:start]}"{request_line}" {LINE[end:]}')
    assert not converted.malformed
    fields = json.loads(converted.message)
    assert {name: fields[name] for name in ("request", "host", "path") if name in fields} == expected
    assert "token" not in converted.message


def test_new_fields_at_the_end_are_kept_and_old_lines_without_the_later_ones_are_read() -> None:
    assert read(LINE + ' pay.example "https://pay.example/x?name=Ada" -')["more"] == [
        "pay.example",
        "https://pay.example/x?",
        "-",
    ]
    short = LINE[: LINE.index(" ECDHE")]
    assert read(short)["userAgent"].startswith("curl")
    assert len(read(short)) < len(read(LINE))


def test_query_strings_are_never_written() -> None:
    redirected = LINE.replace('"forward" "-"', '"redirect" "https://pay.example:443/new?iban=DE12"')
    assert read(redirected)["redirectUrl"] == "https://pay.example:443/new?"
    for text in (LINE, redirected, LINE.replace("0.086", "x"), LINE[:300], LINE + " /z?name=Ada"):
        assert not {"DE12", "Ada"} & set(convert(text).message.replace("=", " ").replace("&", " ").split())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("https 2026-11-20T22:23:00.186641Z", "https yesterday"), "time is not ISO 8601"),
        (("2026-11-20T22:23:00.186641Z", "1912-06-23T00:00:00Z"), "time is before 1970"),
        (("0.086", "nan"), "requestSeconds is not a number"),
        ((" 200 ", " OK "), "elbStatus is not a number"),
        ((" 200 ", " 2.5 "), "elbStatus is not a whole number"),
        (('HTTP/1.1" ', "HTTP/1.1 "), "is not a number"),
        ((PLAIN[PLAIN.index('"curl') :], '"curl'), "field 14 has no end"),
        ((" 512 57 ", "  57 "), "field 11 has no end"),
        ((PLAIN[40:], ""), f"3 fields instead of at least {REQUIRED}"),
    ],
)
def test_a_malformed_line_is_kept_as_it_is_with_its_reason(change: tuple[str, str], reason: str) -> None:
    text = PLAIN.replace(*change)
    converted = convert(text)
    assert converted.malformed
    fields = json.loads(converted.message)
    assert reason in fields["malformed"]
    assert fields["line"] == text


@given(st.text())
def test_any_text_becomes_one_json_event(text: str) -> None:
    message = convert(text).message
    assert isinstance(json.loads(message), dict)
    assert "\n" not in message


plain = st.from_regex(r'[^\s"]{1,20}', fullmatch=True)
quoted = st.from_regex(r'([^"\\\n\r]|\\["\\x]|"x){0,30}', fullmatch=True)


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)),
    st.lists(st.floats(0, 1e6).map(lambda seconds: f"{seconds:.3f}"), min_size=3, max_size=3),
    st.tuples(st.integers(100, 599), st.integers(100, 599)),
    quoted,
    st.lists(plain | quoted.map('"{}"'.format), max_size=6),
)
def test_the_balancers_own_fields_are_read_whatever_clients_send(
    moment: datetime, seconds: list[str], statuses: tuple[int, int], agent: str, further_fields: list[str]
) -> None:
    head = f"h2 {moment.isoformat()}Z app/a/b 1.2.3.4:5 - {' '.join(seconds)} {statuses[0]} {statuses[1]} 0 0"
    line = " ".join([head, '"GET https://a:443/ HTTP/2.0"', f'"{agent}"', *further_fields])
    converted = convert(line)
    fields = json.loads(converted.message)
    if len(further_fields) < _NAMES.index("rulePriority") - REQUIRED + 1:
        assert not converted.malformed, fields
        assert (fields["elbStatus"], fields["targetStatus"]) == statuses
        assert fields["requestSeconds"] == float(seconds[0])
        assert fields.get("userAgent", "-") == agent
        expected = (moment - datetime(1970, 1, 1)).total_seconds()
        assert converted.timestamp_ms is not None
        assert abs(converted.timestamp_ms - expected * 1000) <= 1


def test_a_hostile_line_takes_little_time() -> None:
    """The time of long runs of quotes and backslashes must grow only with their length."""
    for text in ('"' * 100_000, '"\\' * 50_000, LINE + ' "' + "\\" * 100_000, "?" * 100_000, " " * 100_000):
        assert convert(text).message


# -- Files ------------------------------------------------------------------------------------------------------------


@dataclass
class FakeLogs:
    """CloudWatch Logs that rejects what the service rejects.

    Attributes:
        streams: The batches of each stream.
        fail: How many of the next calls fail.
        rejected: What the service reports about rejected events.
        keep: Whether the fake keeps the events.
    """

    streams: dict[str, list[list[dict[str, Any]]]] = field(default_factory=dict)
    fail: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    keep: bool = True

    def create_log_stream(self, logGroupName: str, logStreamName: str) -> None:
        assert logGroupName == GROUP
        assert 0 < len(logStreamName) <= 512
        assert not set(":*") & set(logStreamName)
        if logStreamName in self.streams:
            raise client_error("ResourceAlreadyExistsException")
        self.streams[logStreamName] = []

    def put_log_events(self, logGroupName: str, logStreamName: str, logEvents: list[dict[str, Any]]) -> dict[str, Any]:
        if self.fail:
            self.fail -= 1
            raise client_error("ThrottlingException")
        times = [event["timestamp"] for event in logEvents]
        assert 0 < len(logEvents) <= 10_000
        assert times == sorted(times)
        assert times[-1] - times[0] < 24 * 3600 * 1000
        sizes = [len(event["message"].encode()) + 26 for event in logEvents]
        assert sum(sizes) <= 1_048_576
        self.streams[logStreamName].append(logEvents if self.keep else [])
        return {"rejectedLogEventsInfo": self.rejected} if self.rejected else {}

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(event["message"]) for stream in self.streams.values() for batch in stream for event in batch]


def bucket_with(*lines: str | bytes, key: str = KEY) -> FakeS3:
    raw = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
    return FakeS3({("logs", key): gzip.compress(raw)})


def test_a_file_becomes_one_stream_in_its_order() -> None:
    logs = FakeLogs()
    lines = [LINE.replace("curl", f"agent-{number}") for number in range(5)]
    counts = copy_file(bucket_with(*lines, "", "broken"), logs, "logs", KEY, GROUP)
    assert counts is not None
    assert (counts.written, counts.malformed, counts.rejected) == (6, 1, 0)
    assert list(logs.streams) == [KEY]
    messages = logs.messages()
    assert [entry["userAgent"].split("/")[0] for entry in messages[:5]] == [f"agent-{number}" for number in range(5)]
    assert messages[5]["line"] == "broken"
    [[*batch]] = logs.streams[KEY]
    assert batch[5]["timestamp"] == batch[4]["timestamp"]  # a line without a time gets the time of the line before


def test_lines_out_of_order_and_days_apart_are_written_in_accepted_batches() -> None:
    logs = FakeLogs()
    days = [5, 1, 20, 20, 2, 19, 1]
    lines = [LINE.replace("2026-11-20T22:23", f"2026-11-{day:02d}T22:23") for day in days]
    counts = copy_file(bucket_with(*lines), logs, "logs", KEY, GROUP)
    assert counts is not None
    assert counts.written == len(days)
    assert sorted(int(entry["time"][8:10]) for entry in logs.messages()) == sorted(days)


def test_invalid_utf8_and_windows_line_ends_are_kept() -> None:
    logs = FakeLogs()
    copy_file(bucket_with(LINE.encode() + b"\r", b"\xff\xfe\r"), logs, "logs", KEY, GROUP)
    assert logs.messages()[1]["line"] == "��"
    assert logs.messages()[0]["connectionTraceId"] == "TID_dc57cebed65b4445"


def test_a_line_that_is_too_long_is_kept_in_pieces() -> None:
    logs = FakeLogs()
    long = "\x01" * (2 * MAX_LINE_BYTES + 5)  # as JSON six characters each
    copy_file(bucket_with(LINE, long, LINE), logs, "logs", KEY, GROUP)
    messages = logs.messages()
    assert [len(entry["line"]) for entry in messages[1:-1]] == [MAX_LINE_BYTES, MAX_LINE_BYTES, 5]
    assert all("piece of a line longer than" in entry["malformed"] for entry in messages[1:-1])
    assert messages[-1] == messages[0]


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 400))
def test_no_line_is_lost_whatever_sizes_and_times_lines_have(seed: int, number: int) -> None:
    chance = random.Random(seed)
    logs = FakeLogs()
    stream = Stream(logs, GROUP, "stream")
    for index in range(number):
        size = chance.choice([1, 100, 10_000, 500_000])
        message = json.dumps([index, "x" * chance.randrange(size)])
        stream.add(chance.randrange(3 * 24 * 3600 * 1000), message)
    stream.flush()
    assert sorted(entry[0] for entry in logs.messages()) == list(range(number))  # type: ignore[index]
    assert stream.written == number


@pytest.mark.parametrize("size", [MAX_BATCH_BYTES - 26, (MAX_BATCH_BYTES // 2) - 26, 1])
def test_the_limits_are_used_to_the_full(size: int) -> None:
    logs = FakeLogs()
    stream = Stream(logs, GROUP, "stream")
    for _ in range(MAX_BATCH_EVENTS if size == 1 else MAX_BATCH_BYTES // (size + 26)):
        stream.add(0, "1" * size)
    stream.flush()
    assert len(logs.streams["stream"]) == 1


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file() -> None:
    def peak(lines: int) -> int:
        logs = FakeLogs(keep=False)
        file = io.BytesIO()
        with gzip.GzipFile(fileobj=file, mode="wb") as target:
            for _ in range(lines):
                target.write(LINE.encode() + b"\n")
        s3 = FakeS3({("logs", KEY): file.getvalue()})
        tracemalloc.start()
        try:
            counts = copy_file(s3, logs, "logs", KEY, GROUP)
            assert counts is not None
            assert counts.written == lines
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(4_500) < 1.2 * peak(1_500)


def test_a_truncated_file_is_written_to_its_end_and_fails() -> None:
    logs = FakeLogs()
    s3 = bucket_with(*[LINE.replace("curl", str(random.Random(number).random())) for number in range(300)])
    s3.objects["logs", KEY] = s3.objects["logs", KEY][:-200]
    with pytest.raises(BadObjectError, match="is not a whole gzip file"):
        copy_file(s3, logs, "logs", KEY, GROUP)
    assert len(logs.messages()) > 100
    with pytest.raises(BadObjectError, match="is not a whole gzip file"):
        copy_file(FakeS3({("logs", KEY): b"plain text"}), logs, "logs", KEY, GROUP)


def test_a_second_delivery_uses_the_same_stream() -> None:
    logs = FakeLogs()
    s3 = bucket_with(LINE)
    for _ in range(2):
        copy_file(s3, logs, "logs", KEY, GROUP)
    assert list(logs.streams) == [KEY]
    assert len(logs.messages()) == 2


def test_events_that_cloudwatch_rejects_for_their_age_are_counted() -> None:
    logs = FakeLogs(rejected={"tooOldLogEventEndIndex": 2, "expiredLogEventEndIndex": 1, "tooNewLogEventStartIndex": 4})
    counts = copy_file(bucket_with(*[LINE] * 5), logs, "logs", KEY, GROUP)
    assert counts is not None
    assert (counts.written, counts.rejected) == (2, 3)


def test_an_empty_file_makes_no_stream() -> None:
    logs = FakeLogs()
    assert copy_file(bucket_with(), logs, "logs", KEY, GROUP) is not None
    assert logs.streams == {}


def test_streams_have_valid_names_of_their_own() -> None:
    keys = [KEY, "balancer/a:b.log.gz", "balancer/a*b.log.gz", "balancer/" + "x" * 1000, "balancer/" + "x" * 1001]
    names = [stream_name(key) for key in keys]
    assert names[0] == KEY
    assert len(set(names)) == len(names)
    assert all(len(name) <= events.MAX_STREAM_NAME and not set(":*") & set(name) for name in names)


# -- The function -----------------------------------------------------------------------------------------------------


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> FakeLogs:
    fake = FakeLogs()
    clients = {"logs": fake, "s3": bucket_with(LINE)}
    monkeypatch.setattr(balancer_logs.handler, "client", clients.__getitem__)
    monkeypatch.setenv("BALANCER_LOG_GROUP", GROUP)
    return fake


def test_a_bad_message_does_not_delay_the_others(logs: FakeLogs, log: io.StringIO) -> None:
    event = sqs_event(KEY, KEY, KEY, bucket="logs")
    event["Records"][1]["body"] = "no JSON ?account=DE12"
    logs.fail = 1
    answer = balancer_logs.handler.handler(event, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
    assert len(logs.messages()) == 1
    assert "DE12" not in log.getvalue()


def test_a_missing_file_is_no_failure(logs: FakeLogs, log: io.StringIO) -> None:
    missing = KEY.replace("a_app", "b_app")
    assert balancer_logs.handler.handler(sqs_event(missing, bucket="logs"), Context()) == {"batchItemFailures": []}
    assert "log file does not exist any more" in log.getvalue()


@pytest.mark.emulator
def test_on_the_embedded_aws_the_lines_of_a_file_reach_the_log_group(
    embedded_cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3, cloud_logs = embedded_cloud.client("s3"), embedded_cloud.client("logs")
    monkeypatch.setattr(balancer_logs.handler, "client", {"s3": s3, "logs": cloud_logs}.__getitem__)
    monkeypatch.setenv("BALANCER_LOG_GROUP", GROUP)
    s3.create_bucket(Bucket="balancer-log-files")
    cloud_logs.create_log_group(logGroupName=GROUP)
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    lines = [
        LINE.replace("2026-11-20T22:23:00.186641Z", moment).replace(" 200 201 ", f" {code} - ") for code in (200, 502)
    ]
    s3.put_object(Bucket="balancer-log-files", Key=KEY, Body=gzip.compress("\n".join(lines).encode()))
    event = sqs_event(KEY, bucket="balancer-log-files")
    assert balancer_logs.handler.handler(event, Context()) == {"batchItemFailures": []}
    written = cloud_logs.get_log_events(logGroupName=GROUP, logStreamName=KEY, startFromHead=True)["events"]
    assert [json.loads(event["message"])["elbStatus"] for event in written] == [200, 502]
    cloud_logs.delete_log_group(logGroupName=GROUP)
    s3.delete_object(Bucket="balancer-log-files", Key=KEY)
    s3.delete_bucket(Bucket="balancer-log-files")


def test_only_log_files_of_the_balancer_are_read() -> None:
    assert log_files_of(json.dumps({"Event": "s3:TestEvent"})) == []
    for key in ("cloudfront/a.log.gz", "balancer/AWSLogs/1/ELBAccessLogTestFile"):
        assert log_files_of(sqs_event(key)["Records"][0]["body"]) == []
    assert log_files_of(sqs_event("balancer/a+b%3D.log.gz")["Records"][0]["body"]) == [("raw", "balancer/a b=.log.gz")]


def test_times_are_utc() -> None:
    moment = datetime(2026, 11, 20, 22, 23, tzinfo=UTC)
    for text in ("2026-11-20T22:23:00Z", "2026-11-20T22:23:00", "2026-11-21T00:23:00+02:00"):
        line = LINE.replace("2026-11-20T22:23:00.186641Z", text)
        assert convert(line).timestamp_ms == int(moment.timestamp()) * 1000
