"""How long the tests take, against the cold gate of the same machine.

`make test` is to take at most five minutes on two cores, `make test-unit` one. A clock in a test would fail on a busy
machine; a ratio to the gate, which keeps all cores busy as well, holds on any.
"""

from __future__ import annotations

from bench.measure import command, medians, process
from bench.rows import Goal, Row, Settings

GATE_RUNS = 3
GOALS = {"test": Goal(at_most=75), "test-unit": Goal(at_most=15)}


def run(settings: Settings) -> list[Row]:
    """`make test` and `make test-unit`, once each, ÷ the gate that knows nothing. Raises CommandError where one fails."""
    cold = process(("-m", "gate", "--no-cache"), settings.project)
    samples = {"cold": [cold() for _ in range(GATE_RUNS)]}
    for target in GOALS:
        # Without the options of the `make bench` that runs this.
        samples[target] = [command(("make", target, "OPTIONS="), settings.project)()]
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
