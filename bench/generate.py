"""Generating the templates of each platform, and of all at once, whole process, against the bare import of troposphere.

The import is what no generator on troposphere can save; the goals leave three times as much for everything else of one
platform, and one more for the second.
"""

from __future__ import annotations

import tempfile

from bench.measure import interleave, medians, process
from bench.rows import Goal, Row, Settings
from builders.platforms import PLATFORMS

ONE = Goal(at_most=4)
ALL = Goal(at_most=4)


def run(settings: Settings) -> list[Row]:
    """A row for each: `python generate.py` to a folder of its own ÷ `python -c "import troposphere"`."""
    chosen = {name: ("--platform", name) for name in PLATFORMS} | {"all platforms": ()}
    with tempfile.TemporaryDirectory() as folder:
        samples = interleave(
            {
                **{
                    name: process(("generate.py", *options, "--out", folder), settings.project)
                    for name, options in chosen.items()
                },
                "import": process(("-c", "import troposphere"), settings.project),
            },
            settings.repetitions,
        )
    times = medians(samples)
    return [
        Row(
            figure=f"generate {name}, whole process",
            value=times[name] / times["import"],
            measured=f"{times[name]:.2f} s",
            reference=f"import troposphere: {times['import']:.2f} s",
            goal=ONE if options else ALL,
            samples={key: samples[key] for key in (name, "import")},
        )
        for name, options in chosen.items()
    ]
