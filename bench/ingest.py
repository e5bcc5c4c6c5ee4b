"""Validation of a batch in ingest against a plain Python loop of the same checks, and the cost of imports at a cold start.

Both sides turn the body's text into the stored lines and the rejections, on one core. In a second batch no price, size or
identifier comes twice, which shows the ratio without any help from caches.
"""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import plain_ingest
from bench.errors import BenchError
from bench.measure import interleave, medians, timed_call, timed_process
from bench.rows import Goal, Row, Settings
from local.market_data.generator import GeneratorOptions, generate, render

GOAL = Goal(at_least=5)
TRADES = 50_000
RECORDS = 2 * TRADES  # a quote before each trade
SESSION_MINUTES = 390  # of a trading day
START_NANOSECONDS = 1_767_623_400_000_000_000  # 2026-01-05T14:30:00Z
NDJSON = "application/x-ndjson"
FUNCTIONS = "lambda_src"


def run(settings: Settings) -> list[Row]:
    """Measure validation of two batches, then the cold import of each handler ÷ that of json."""
    validate = _validator(settings.project)
    return [
        _validation("ingest validates the sample", sample(), validate, settings, GOAL),
        _validation("ingest, every value new", distinct(), validate, settings),
        *_imports(settings),
    ]


def sample() -> str:
    """The NDJSON of the sample market data of a day's session."""
    return render(generate(GeneratorOptions(trades=TRADES, minutes=SESSION_MINUTES)), "ndjson").decode()


def distinct() -> str:
    """The NDJSON of as many records, all trades with different identifiers, prices, sizes and times."""
    generator = random.Random(1)
    lines = (
        f'{{"type":"trade","trade_id":"{number:x}-{generator.randrange(10**9):x}","symbol":"ACME",'
        f'"price":"{generator.randrange(10**14) / 10**8:.8f}","size":{generator.randrange(1, 10**9)},'
        f'"ts":{START_NANOSECONDS + number * 1_000_003}}}\n'
        for number in range(RECORDS)
    )
    return "".join(lines)


def _validator(project: Path) -> Callable[[str], Any]:
    """Import ingest's own validation under its name in Lambda."""
    folder = str(project / FUNCTIONS)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module: Any = importlib.import_module("ingest.validation")
    return lambda text: module.validate(text, NDJSON, module.Rules())


def _validation(
    figure: str, text: str, validate: Callable[[str], Any], settings: Settings, goal: Goal | None = None
) -> Row:
    result, (lines, rejected) = validate(text), plain_ingest.validate_lines(text)
    if (result.lines.decode(), len(result.rejected)) != (lines, len(rejected)):
        raise BenchError("ingest and its reference do not give the same lines: their times cannot be compared")
    samples = interleave(
        {"ingest": timed_call(lambda: validate(text)), "plain": timed_call(lambda: plain_ingest.validate_lines(text))},
        settings.repetitions,
        warm_up=False,  # the comparison was one
    )
    times = medians(samples)
    return Row(
        figure=figure,
        value=times["plain"] / times["ingest"],
        measured=_rate(times["ingest"]),
        reference=f"plain Python: {_rate(times['plain'])}",
        goal=goal,
        samples=samples,
    )


def _rate(seconds: float) -> str:
    return f"{RECORDS / seconds:,.0f} records/s"


def _imports(settings: Settings) -> list[Row]:
    """Measure a row for each handler, and one for the decoder that ingest imports with its first batch."""
    names = sorted(path.parent.name for path in (settings.project / FUNCTIONS).glob("*/handler.py"))
    commands = {name: f"import {name}.handler" for name in names}
    commands["ingest and its decoder"] = "import ingest.handler, ingest.decoding; ingest.decoding.record_decoder()"
    path = f"import sys; sys.path.insert(0, {FUNCTIONS!r}); "
    subjects = {name: timed_process(("-c", path + command), settings.project) for name, command in commands.items()}
    samples = interleave(
        {**subjects, "json": timed_process(("-c", "import json"), settings.project)}, settings.repetitions
    )
    times = medians(samples)
    return [
        Row(
            figure=f"cold import of {name}",
            value=times[name] / times["json"],
            measured=f"{times[name] * 1000:.0f} ms",
            reference=f"import json: {times['json'] * 1000:.0f} ms",
            samples={name: samples[name], "json": samples["json"]},
        )
        for name in commands
    ]
