"""The bench of the review: its pairs, and what it says where the reference is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import review
from bench.errors import MissingReferenceError
from bench.rows import Settings
from cfn.templates import parse

pytestmark = pytest.mark.requirement("REV-5")

SETTINGS = Settings(repetitions=1, large=False)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "RESOURCES", 200)


def test_pairs_are_the_same_templates_for_both_libraries(tmp_path: Path) -> None:
    """The reference gets JSON, because its language parses that fastest."""
    pairs = review._pairs(SETTINGS, tmp_path)
    assert len(pairs) == 4
    for folder in pairs.values():
        for side in ("old", "new"):
            files = sorted((folder / side).iterdir())
            assert files
            for file in files:
                text = (folder / f"{side}-json" / file.name).read_text("utf-8")
                assert json.loads(text) == parse(file.read_text("utf-8"), file.name)


def test_each_pair_but_the_unchanged_one_differs(tmp_path: Path) -> None:
    for name, folder in review._pairs(SETTINGS, tmp_path).items():
        old, new = ({file.name: file.read_text() for file in (folder / side).iterdir()} for side in ("old", "new"))
        assert (old == new) is (name == review.UNCHANGED)


def test_large_pair_has_its_size_and_some_changes() -> None:
    before, after = (parse(review._large(1_000, changed))["Resources"] for changed in (0, 100))
    assert len(before) == len(after) == 1_000
    assert len([name for name in before if before[name] != after[name]]) == 50


def test_missing_reference_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "REFERENCE", tmp_path)
    with pytest.raises(MissingReferenceError, match="make bench-reference"):
        review.run(SETTINGS)
