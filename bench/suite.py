"""How long the tests take, against the cold gate on the same machine.

``make test`` should take at most five minutes on two cores, ``make test-unit`` one. A limit in seconds would fail on a busy
machine. A ratio to the gate, which also keeps all cores busy, holds on any machine.
"""

from __future__ import annotations

from bench.measure import medians, timed_command, timed_process
from bench.rows import Goal, Row, Settings

GATE_RUNS = 3
GOALS = {"test": Goal(at_most=75), "test-unit": Goal(at_most=15)}


def run(settings: Settings) -> list[Row]:
    """Measure ``make test`` and ``make test-unit``, once each, ÷ the gate without a cache.

    Raises:
        CommandError: A target failed.
    """
    cold = timed_process(("-m", "gate", "--no-cache"), settings.project)
    samples = {"cold": [cold() for _ in range(GATE_RUNS)]}
    for target in GOALS:
        # Without the options of the ``make bench`` that runs this.
        samples[target] = [timed_command(("make", target, "OPTIONS="), settings.project)()]
    times = medians(samples)
    return [
        Row(
            figure=f"make {target}, whole command",
            value=times[target] / times["cold"],
            measured=f"{times[target]:.0f} s",
            reference=f"gate, nothing known: {times['cold']:.2f} s",
            goal=goal,
            samples={name: samples[name] for name in (target, "cold")},
        )
        for target, goal in GOALS.items()
    ]
