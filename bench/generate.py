"""Generating the templates of each platform and of all platforms, as whole processes, against the bare import of troposphere.

No generator on troposphere can avoid the import. The goals allow three times as much for everything else, of one platform
and of all together.
"""

from __future__ import annotations

import tempfile

from bench.measure import interleave, medians, timed_process
from bench.rows import Goal, Row, Settings
from builders.platforms import PLATFORMS

ONE_PLATFORM = Goal(at_most=4)
ALL_PLATFORMS = Goal(at_most=4)


def run(settings: Settings) -> list[Row]:
    """Measure ``python generate.py`` to a folder of its own ÷ ``python -c "import troposphere"``, with a row for each case."""
    cases = {name: ("--platform", name) for name in PLATFORMS} | {"all platforms": ()}
    with tempfile.TemporaryDirectory() as folder:
        samples = interleave(
            {
                **{
                    name: timed_process(("generate.py", *options, "--out", folder), settings.project)
                    for name, options in cases.items()
                },
                "import": timed_process(("-c", "import troposphere"), settings.project),
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
            goal=ONE_PLATFORM if options else ALL_PLATFORMS,
            samples={key: samples[key] for key in (name, "import")},
        )
        for name, options in cases.items()
    ]
