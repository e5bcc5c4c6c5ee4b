"""Bodies that are made to exhaust memory or time: refused or taken within bounds, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.requirement("T-DATA-1")

SOURCE = Path(__file__).parents[2] / "lambda_src"
LIMIT_MIB = 700  # the function has 1769
SCRIPT = """
import gzip, json, resource, sys, time
from common.errors import RequestError
from ingest import batch, validation

many = validation.MAX_COMMAS - 2
bodies = {
    "objects": b'{"records":[' + b'{"a":1},' * many + b"{}]}",
    "numbers": b'{"records":[' + b"1," * many + b"1]}",
    "one record": b'{"records":[{"a":[' + b'{"a":1},' * many + b"{}]}]}",
    "one line": b'{"a":[' + b'{"a":1},' * many + b"{}]}",
    "no batch": b'{"x":[' + b'{"a":1},' * many + b"{}]}",
    "one text": b'{"records":["' + b"a" * (batch.MAX_UNPACKED_BYTES - 20) + b'"]}',
    "one number": b'{"records":[' + b"1" * (batch.MAX_UNPACKED_BYTES - 20) + b"]}",
    "zeros": bytes(2 * batch.MAX_UNPACKED_BYTES),
    "many names": b'{"records":[{' + b"".join(b'"%d":1,' % n for n in range(1_000_000)) + b'"a":1,"a":2}]}',
    "many members": b"",
}
body, media_type = gzip.compress(bodies.pop(sys.argv[1]), 1), sys.argv[2]
if sys.argv[1] == "many members":
    body *= batch.MAX_RECEIVED_BYTES // len(body)
bodies.clear()
before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
with open("/proc/self/clear_refs", "w") as refs:
    refs.write("5")  # forget the peak so far: that of making the body
try:
    answer = batch.read_batch(body, media_type, "", "key", "", validation.Rules()).accepted
except RequestError as error:
    answer = error.status
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
print(json.dumps([answer, int(peak.split()[1]) // 1024, seconds]))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks of memory are read from Linux's /proc")
@pytest.mark.parametrize(
    ("body", "media_type", "expected"),
    [
        ("objects", "application/json", 413),
        ("objects", "application/x-ndjson", 400),
        ("numbers", "application/json", 413),
        ("one record", "application/json", 0),
        ("one line", "application/gzip", 400),
        ("no batch", "application/json", 400),
        ("one text", "application/json", 0),
        ("one number", "application/json", 0),
        ("zeros", "application/gzip", 413),
        ("many names", "application/json", 0),
        ("many names", "application/gzip", 0),
        ("many members", "application/gzip", 400),
    ],
)
def test_a_hostile_body_takes_little_memory_and_time(body: str, media_type: str, expected: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, body, media_type], cwd=SOURCE, capture_output=True, text=True, check=True
    )
    answer, mib, seconds = json.loads(run.stdout)
    assert (answer, mib < LIMIT_MIB, seconds < 10) == (expected, True, True), (mib, seconds)
