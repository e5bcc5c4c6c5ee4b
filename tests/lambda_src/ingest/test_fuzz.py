"""Ten thousand mutilated bodies get 2xx or 4xx, never a 5xx, and every accepted record is stored."""

from __future__ import annotations

import base64
import gzip
import json
import random
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

import ingest.handler
from bench import plain_ingest
from common import entitlements
from common.entitlements import Entitlements
from local.market_data.generator import GeneratorOptions, generate
from tests.lambda_src.support.fakes import Context, FakeS3, api_event, entitlement

pytestmark = pytest.mark.requirement("T-DATA-1")

BODIES = 10_000
TYPES = ("application/json", "application/x-ndjson", "application/gzip")
NOISE = b'{}[]",:0123456789.eE-+tfn\\u'


def mutilated(chance: random.Random, records: list[dict[str, object]]) -> bytes:
    """A small valid batch in one of its forms, of which up to five bytes are changed, deleted or inserted."""
    sample = chance.sample(records, 3)
    if chance.random() < 0.5:
        body = json.dumps({"records": sample}).encode()
    else:
        body = b"\n".join(json.dumps(record).encode() for record in sample)
    changed = bytearray(gzip.compress(body, mtime=0) if chance.random() < 0.2 else body)
    for _ in range(chance.randrange(6)):
        position, change = chance.randrange(len(changed)), chance.randrange(3)
        if change == 0:
            changed[position] = chance.randrange(256)
        elif change == 1:
            del changed[position]
        else:
            changed[position:position] = bytes([chance.choice(NOISE)]) * chance.randrange(1, 30)
    return bytes(changed)


def accepted_of(body: bytes, content_type: str) -> str:
    """The lines that must be stored, according to the reference, which reads an accepted envelope record by record."""
    latest = time.time_ns() + 300 * 10**9
    text = (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode("utf-8-sig")
    if content_type == "application/x-ndjson":
        return plain_ingest.validate_lines(text, latest=latest)[0]
    try:
        document = plain_ingest.DECODER.decode(text)
    except ValueError:
        document = None
    if isinstance(document, dict) and "records" in document:
        lines: list[str] = []
        for raw in document["records"]:
            with suppress(plain_ingest.RecordError):
                lines.append(plain_ingest.ENCODER.encode(plain_ingest.check(raw, latest)) + "\n")
        return "".join(lines)
    return plain_ingest.validate_lines(text, latest=latest)[0]


@pytest.mark.slow
def test_mutilated_bodies_give_2xx_or_4xx_and_lose_nothing(
    s3: FakeS3, fake_clients: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAW_BUCKET", "raw")
    monkeypatch.setattr(entitlements, "from_environment", lambda: Entitlements(lambda _: entitlement()))
    chance = random.Random(20260105)
    records = list(generate(GeneratorOptions(trades=50, bad=5)))
    answers: Counter[int] = Counter()
    for number in range(BODIES):
        body = mutilated(chance, records)
        headers = {"Content-Type": chance.choice(TYPES)} | ({"Idempotency-Key": str(number)} if number % 3 == 0 else {})
        s3.objects.clear()
        event = api_event("POST", "/v1/market-data", base64.b64encode(body).decode(), headers=headers)
        event["isBase64Encoded"] = True
        answer = ingest.handler.handler(event, Context())
        answers[answer["statusCode"]] += 1
        assert answer["statusCode"] < 500, body
        if answer["statusCode"] == 202:
            summary = json.loads(answer["body"])
            stored = b"".join(gzip.decompress(s3.objects["raw", key]) for key in s3.keys("raw", "market-data/"))
            assert stored.count(b"\n") == summary["accepted"], body
            assert stored.decode() == accepted_of(body, headers["Content-Type"]), body
    assert answers[202] > BODIES / 10, "too few bodies survive to say anything"
