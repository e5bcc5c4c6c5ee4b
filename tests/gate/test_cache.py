from __future__ import annotations

import os
from pathlib import Path

from gate.cache import Cache, digest
from tests.gate.support.findings import finding


def test_digest_tells_apart_what_only_joins_alike() -> None:
    assert digest([("a", b"bc")]) != digest([("ab", b"c")])
    assert digest([("a", b"b"), ("c", b"d")]) != digest([("a", b"bcd")])


def test_kept_findings_come_back(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new" / "folder")
    cache.put("clean", [])
    cache.put("faulty", [finding()])
    assert cache.get("clean") == ()
    assert cache.get("faulty") == (finding(),)
    assert cache.get("unknown") is None


def test_damaged_entry_counts_as_absent_and_is_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for damage in ("", "{", '[{"file": "x"}]', '[{"level": "loud"}]', "[7]"):
        (tmp_path / "key.json").write_text(damage)
        assert cache.get("key") is None
        assert not (tmp_path / "key.json").exists()


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    cache = Cache(None)
    cache.put("key", [finding()])
    cache.prune()
    assert cache.get("key") is None
    assert list(tmp_path.iterdir()) == []


def test_prune_drops_what_was_used_longest_ago(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for age, key in enumerate(("newest", "middle", "oldest")):
        cache.put(key, [])
        os.utime(tmp_path / f"{key}.json", (1_000_000 - age, 1_000_000 - age))
    cache.get("oldest")  # used just now
    cache.prune(keep=2)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["newest", "oldest"]
