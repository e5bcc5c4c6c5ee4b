"""The gate, cold and warm, against one plain cfn-lint process for the same files with the same configuration."""

from __future__ import annotations

from bench.measure import interleave, medians, timed_process
from bench.rows import Goal, Row, Settings

COLD_GOAL = Goal(at_most=0.6)  # more checks than plain cfn-lint in less time, because the gate uses several workers
WARM_GOAL = Goal(at_most=0.1)
PLAIN_CFN_LINT = "from cfnlint.runner.cli import main; main()"  # the code behind the command `cfn-lint`
TEMPLATES = "templates/**/*.yaml"


def run(settings: Settings) -> list[Row]:
    """Measure cold ÷ plain and warm ÷ cold, at most three times each because a cold run takes many seconds."""
    gate = ("-m", "gate")
    fill = timed_process(gate, settings.project)
    fill()  # stores all results for the warm runs
    samples = interleave(
        {
            "cold": timed_process((*gate, "--no-cache"), settings.project),
            "plain": timed_process(("-c", PLAIN_CFN_LINT, "--template", TEMPLATES), settings.project),
            "warm": timed_process(gate, settings.project),
            "fast": timed_process((*gate, "--fast", "--no-cache"), settings.project),
        },
        min(settings.repetitions, 3),
        warm_up=False,  # filling the cache was one
    )
    times = medians(samples)
    return [
        Row(
            figure="gate, nothing known",
            value=times["cold"] / times["plain"],
            measured=f"{times['cold']:.2f} s",
            reference=f"plain cfn-lint: {times['plain']:.2f} s",
            goal=COLD_GOAL,
            samples={name: samples[name] for name in ("cold", "plain")},
        ),
        Row(
            figure="gate, nothing changed",
            value=times["warm"] / times["cold"],
            measured=f"{times['warm']:.2f} s",
            reference=f"nothing known: {times['cold']:.2f} s",
            goal=WARM_GOAL,
            samples={"warm": samples["warm"]},
        ),
        Row(
            figure="gate --fast, nothing known",
            value=times["fast"] / times["cold"],
            measured=f"{times['fast']:.2f} s",
            reference=f"nothing known: {times['cold']:.2f} s",
            samples={"fast": samples["fast"]},
        ),
    ]
