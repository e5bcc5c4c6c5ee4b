"""The engine accepts and refuses exactly what the schema does."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from common import schema
from process import engine
from tests.lambda_src.records import T0, records, trade

pytestmark = pytest.mark.requirement("T-DATA-1", "T-DATA-2")

FAULTS: list[dict[str, Any]] = [
    *({"price": p} for p in ("0", "-1", "12345678901", "1.123456789", None, [1], "x")),
    *({"symbol": s} for s in ("acme", None, "A" * 17, "A\nB")),
    *({"ts": t} for t in (5, 1.5, 2**62, 2**70, 1.7673e18, "x", None)),
    *({"side": "short"}, {"venue": "x y"}, {"trade_id": "é"}, {"type": "order"}, {"type": None}),
]


@given(records)
@settings(max_examples=20, deadline=None)
def test_the_engine_accepts_what_the_schema_accepts(found: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name, engine.engine(Path(name)) as duck:
        path = Path(name) / "lines"
        path.write_text("".join(json.dumps(record) + "\n" for record in found))
        loaded = engine.load(duck, path, "key", Path(name))
    stored = {json.dumps(schema.parse_record({k: v for k, v in record.items() if v != ""})) for record in found}
    assert (loaded.bad, loaded.trades.count + loaded.quotes.count) == (0, len(stored))


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_each_fault_alone_is_refused_with_the_schemas_reason(fault: dict[str, Any], tmp_path: Path) -> None:
    good = trade("1", "1.5", "2", T0)
    spoilt = {k: v for k, v in {**good, **fault}.items() if v != ""}
    with pytest.raises(schema.RecordError) as refusal:
        schema.parse_record(schema.loads(json.dumps(spoilt)))
    path = tmp_path / "lines"
    path.write_text(json.dumps(good) + "\n" + json.dumps(spoilt) + "\n")
    with engine.engine(tmp_path) as duck:
        loaded = engine.load(duck, path, "key", tmp_path)
    (line,) = gzip.decompress(loaded.bad_lines.read_bytes()).splitlines()
    assert (loaded.trades.count, loaded.bad, json.loads(line)["reason"]) == (1, 1, str(refusal.value))
