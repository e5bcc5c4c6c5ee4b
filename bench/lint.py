"""The gate, cold and warm, against one plain cfn-lint process over the same files with the same configuration."""

from __future__ import annotations

from bench.measure import interleave, medians, process
from bench.rows import Goal, Row, Settings

COLD = Goal(at_most=1)  # more checks than plain cfn-lint, in no more time: the workers pay for them
WARM = Goal(at_most=0.1)
PLAIN = "from cfnlint.runner.cli import main; main()"  # what the command `cfn-lint` runs
TEMPLATES = "templates/**/*.yaml"


def run(settings: Settings) -> list[Row]:
    """Cold ÷ plain and warm ÷ cold; a cold run costs many seconds, so there are three of each at most."""
    gate = ("-m", "gate")
    fill = process(gate, settings.project)
    fill()  # keeps every result, for the warm runs
    samples = interleave(
        {
            "cold": process((*gate, "--no-cache"), settings.project),
            "plain": process(("-c", PLAIN, "--template", TEMPLATES), settings.project),
            "warm": process(gate, settings.project),
            "fast": process((*gate, "--fast", "--no-cache"), settings.project),
        },
        min(settings.repetitions, 3),
        warm_up=False,  # the fill has been one
    )
    times = medians(samples)
    return [
        Row(
            figure="gate, nothing known",
            value=times["cold"] / times["plain"],
            measured=f"{times['cold']:.2f} s",
            reference=f"plain cfn-lint: {times['plain']:.2f} s",
            goal=COLD,
            samples={name: samples[name] for name in ("cold", "plain")},
        ),
        Row(
            figure="gate, nothing changed",
            value=times["warm"] / times["cold"],
            measured=f"{times['warm']:.2f} s",
            reference=f"nothing known: {times['cold']:.2f} s",
            goal=WARM,
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
