"""Generating the templates of trading, whole process, against the bare import of troposphere.

The import is what no generator on troposphere can save; the goal leaves three times as much for everything else.
"""

from __future__ import annotations

import tempfile

from bench.measure import interleave, medians, process
from bench.rows import Goal, Row, Settings

GOAL = Goal(at_most=4)
PLATFORM = "trading"


def run(settings: Settings) -> list[Row]:
    """One row: `python generate.py` to a folder of its own ÷ `python -c "import troposphere"`."""
    with tempfile.TemporaryDirectory() as folder:
        samples = interleave(
            {
                "generate": process(("generate.py", "--platform", PLATFORM, "--out", folder), settings.project),
                "import": process(("-c", "import troposphere"), settings.project),
            },
            settings.repetitions,
        )
    times = medians(samples)
    return [
        Row(
            figure=f"generate {PLATFORM}, whole process",
            value=times["generate"] / times["import"],
            measured=f"{times['generate']:.2f} s",
            reference=f"import troposphere: {times['import']:.2f} s",
            goal=GOAL,
            samples=samples,
        )
    ]
