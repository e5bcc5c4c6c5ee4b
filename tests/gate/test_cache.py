from __future__ import annotations

import os
from pathlib import Path

from gate.cache import Cache, digest_parts
from tests.gate.support.findings import finding


def test_digest_differs_for_lists_with_the_same_concatenation() -> None:
    assert digest_parts([("a", b"bc")]) != digest_parts([("ab", b"c")])
    assert digest_parts([("a", b"b"), ("c", b"d")]) != digest_parts([("a", b"bcd")])


def test_cache_returns_stored_findings(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new" / "folder")
    cache.put("clean", [])
    cache.put("faulty", [finding()])
    assert cache.get("clean") == ()
    assert cache.get("faulty") == (finding(),)
    assert cache.get("unknown") is None


def test_cache_deletes_a_damaged_entry_and_returns_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for damage in ("", "{", '[{"file": "x"}]', '[{"level": "loud"}]', '[{"level": "error", "tool": "x"}]', "[7]"):
        (tmp_path / "key.json").write_text(damage)
        assert cache.get("key") is None
        assert not (tmp_path / "key.json").exists()


def test_cache_without_a_folder_stores_nothing(tmp_path: Path) -> None:
    cache = Cache(None)
    cache.put("key", [finding()])
    cache.prune()
    assert cache.get("key") is None
    assert list(tmp_path.iterdir()) == []


def test_prune_deletes_the_least_recently_used_entries(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for age, key in enumerate(("newest", "middle", "oldest")):
        cache.put(key, [])
        os.utime(tmp_path / f"{key}.json", (1_000_000 - age, 1_000_000 - age))
    cache.get("oldest")  # updates the time of its last use
    cache.prune(keep=2)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["newest", "oldest"]
