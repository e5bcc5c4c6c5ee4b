"""The sides of the bench of processing make the same bars of the same trades."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import duckdb
import pytest

from bench import process
from bench.errors import CommandError
from bench.rows import PROJECT, Settings

# Not an import statement, for the reason in bench/process_subjects.py.
schema = importlib.import_module("common.schema")


def test_sample_is_in_ingests_stored_form_and_always_the_same(tmp_path: Path) -> None:
    path = process.write_sample(tmp_path / "a", 200)
    assert path.read_bytes() == process.write_sample(tmp_path / "b", 200).read_bytes()
    for line in path.read_text(encoding="ascii").splitlines():
        assert schema.dump_record(schema.parse_record(json.loads(line))) == line


@pytest.mark.slow
def test_each_row_is_measured_and_the_engine_makes_the_bars_of_the_bare_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TRADES", 3_000)
    monkeypatch.setattr(process, "GROWTH_SIZES", (100, 1_000, 3_000))
    rows = process.run(Settings(repetitions=1))
    assert [row.goal for row in rows][:3] == [process.BARE_GOAL, None, None]
    assert all(row.value for row in rows)
    memory = next(row for row in rows if row.unit == " MiB")
    assert 20 < memory.value < process.BOUNDED_MIB, "the memory of the child, not of this process"


def test_deployed_memory_is_that_of_the_template() -> None:
    text = (PROJECT / "templates" / "trading" / "functions.yaml").read_text(encoding="utf-8")
    _, _, function = text.partition("FunctionName: !Sub trading-process-${EnvironmentSuffix}")
    memory_size = re.search(r"MemorySize: (\d+)", function)
    assert memory_size is not None
    assert int(memory_size[1]) == process.DEPLOYED_MIB


def test_different_bars_are_no_figure(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        for name, value in (("bare", 1), ("process", 2)):
            connection.execute(f"COPY (SELECT {value} AS open) TO '{tmp_path / name}.parquet' (FORMAT parquet)")
    with pytest.raises(process.DifferentBarsError, match="2 bars"):
        process._check_same(tmp_path)


def test_subject_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No files found"):
        process._child("bare", tmp_path / "missing", tmp_path, {})()
