"""The sample market data are reproducible, and rejected exactly where they are meant to be."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ingest.batch import read_batch
from ingest.validation import Rules
from local.market_data.__main__ import main
from local.market_data.generator import GeneratorOptions, generate

pytestmark = pytest.mark.requirement("T-DATA-1")

COMMITTED = Path(__file__).parents[3] / "local" / "market_data" / "market-data.json"


def test_the_committed_sample_is_the_output_of_the_generator(tmp_path: Path) -> None:
    assert main(["--trades", "200", "--bad", "8", "--out", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again").read_bytes() == COMMITTED.read_bytes()


def test_each_bad_record_of_the_sample_is_rejected_for_its_own_reason() -> None:
    batch = read_batch(COMMITTED.read_bytes(), "application/json", "", "key", "", Rules())
    assert batch.accepted == 400
    assert [(r.field, r.reason.split()[0]) for r in batch.rejected] == [
        ("price", "must"),
        ("symbol", "does"),
        ("ts", "is"),
        ("size", "must"),
        ("side", "must"),
        ("trade_id", "is"),
        ("type", "must"),
        ("", "has"),
    ]


def test_ndjson_and_gzip_hold_the_same_records(tmp_path: Path) -> None:
    main(["--trades", "50", "--format", "ndjson", "--gzip", "--out", str(tmp_path / "x")])
    lines = gzip.decompress((tmp_path / "x").read_bytes()).splitlines()
    assert [json.loads(line) for line in lines] == list(generate(GeneratorOptions(trades=50)))


def test_times_rise_and_every_trade_has_a_valid_quote() -> None:
    records = list(generate(GeneratorOptions(trades=500)))
    stamps = [str(record["ts"]) for record in records]
    assert stamps == sorted(stamps)
    assert [record["type"] for record in records] == ["quote", "trade"] * 500


def test_another_seed_gives_other_data() -> None:
    assert list(generate(GeneratorOptions(seed=1))) != list(generate(GeneratorOptions(seed=2)))
