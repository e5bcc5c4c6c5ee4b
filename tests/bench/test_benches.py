"""Which two sides each bench compares. ``python -m bench`` measures the figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

import pytest
import troposphere

from bench import generate, growth, lint, suite
from bench.rows import Settings
from builders.assembly.root import assemble

SETTINGS = Settings(repetitions=2)


def fake_process(seconds: dict[str, float]) -> Callable[[Sequence[str], Path], Callable[[], float]]:
    """Return a stand-in for ``timed_process``. Its seconds are those of the first word that the command contains."""

    def timed_process(arguments: Sequence[str], _cwd: Path) -> Callable[[], float]:
        command = " ".join(arguments)
        return lambda: next(value for word, value in seconds.items() if word in command)

    return timed_process


def test_generate_is_a_ratio_to_the_import_for_each_platform_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"--platform one": 0.6, "--platform two": 0.9, "generate.py --out": 0.8, "import troposphere": 0.2}
    monkeypatch.setattr(generate, "PLATFORMS", {"one": None, "two": None})
    monkeypatch.setattr(generate, "timed_process", fake_process(times))
    first, second, both = generate.run(SETTINGS)
    assert (first.figure, first.measured, first.reference) == (
        "generate one, whole process",
        "0.60 s",
        "import troposphere: 0.20 s",
    )
    assert [row.value for row in (first, second, both)] == pytest.approx([3, 4.5, 4])
    assert [row.is_met for row in (first, second, both)] == [True, False, True]


def test_lint_compares_cold_with_plain_and_warm_with_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"--fast": 0.5, "--no-cache": 5.0, "cfnlint": 10.0, "gate": 0.25}
    monkeypatch.setattr(lint, "timed_process", fake_process(times))
    cold, warm, fast = lint.run(SETTINGS)
    assert (cold.value, warm.value, fast.value) == (0.5, 0.05, 0.1)
    assert (cold.is_met, warm.is_met, fast.goal) == (True, True, None)


def test_the_tests_are_a_ratio_to_the_cold_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"gate": 4.0, "make test-unit": 80.0, "make test": 200.0}
    monkeypatch.setattr(suite, "timed_process", fake_process(times))
    monkeypatch.setattr(suite, "timed_command", fake_process(times))
    everything, unit = suite.run(SETTINGS)
    assert [(row.figure, row.value, row.is_met) for row in (everything, unit)] == [
        ("make test, whole command", 50, True),
        ("make test-unit, whole command", 20, False),
    ]


def test_growth_compares_marginal_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round has 20 times 10 tiers, 4 times 100, once 1,000. Here each of the last 900 tiers costs twice as much as before."""
    rounds = {"10": [20.0], "100": [40.0], "1000": [190.0]}
    monkeypatch.setattr(growth, "interleave", lambda _subjects, _repetitions: rounds)
    (row,) = growth.run(SETTINGS)
    assert row.value == pytest.approx(((190 - 10) / 900) / ((10 - 1) / 90))
    assert not row.is_met


@pytest.mark.parametrize("tiers", [1, 9, 10, 25])
def test_synthetic_platform_is_whole(tiers: int) -> None:
    """The contract of ports holds and each tier has its ten resources, so the bench measures the work of a real platform."""
    template_set = assemble(growth.platform(tiers))
    assert len(template_set.templates) == tiers + 1
    counts = {len(template.resources) for name, template in template_set.templates.items() if name != "root"}
    assert counts == {growth.RESOURCES}
    assert len(template_set.templates["root"].resources) == tiers


def test_synthetic_platform_can_pass_the_limit_of_a_template() -> None:
    with mock.patch.object(troposphere, "MAX_RESOURCES", 600):
        assert growth.generate(growth.platform(600)) > 600 * 1_000
