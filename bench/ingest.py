"""Validation of a batch in ingest against a plain Python loop of the same checks, and what imports cost a cold start.

Both sides go from the body's text to the stored lines and the refusals, on one core. A second batch, in which no price,
size or identifier comes twice, shows what is left where nothing can be remembered.
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
from bench.measure import call, interleave, medians, process
from bench.rows import Goal, Row, Settings
from sample.__main__ import render
from sample.generator import Plan, generate

GOAL = Goal(at_least=5)
TRADES = 50_000
RECORDS = 2 * TRADES  # a quote before each trade
SESSION_MINUTES = 390  # of a trading day
START_NS = 1_767_623_400_000_000_000  # 2026-01-05T14:30:00Z
NDJSON = "application/x-ndjson"
FUNCTIONS = "lambda_src"


def run(settings: Settings) -> list[Row]:
    """Validation (two batches), then the cold import of every handler ÷ that of json."""
    validate = _validator(settings.project)
    return [
        _validation("ingest validates the sample", sample(), validate, settings, GOAL),
        _validation("ingest, every value new", distinct(), validate, settings),
        *_imports(settings),
    ]


def sample() -> str:
    """NDJSON of the sample market data, of a day's session."""
    return render(generate(Plan(trades=TRADES, minutes=SESSION_MINUTES)), "ndjson").decode()


def distinct() -> str:
    """NDJSON of as many trades whose identifiers, prices, sizes and times are all different."""
    chance = random.Random(1)
    lines = (
        f'{{"type":"trade","trade_id":"{number:x}-{chance.randrange(10**9):x}","symbol":"ACME",'
        f'"price":"{chance.randrange(10**14) / 10**8:.8f}","size":{chance.randrange(1, 10**9)},'
        f'"ts":{START_NS + number * 1_000_003}}}\n'
        for number in range(RECORDS)
    )
    return "".join(lines)


def _validator(project: Path) -> Callable[[str], Any]:
    """Ingest's own validation, under the name that it has in Lambda."""
    folder = str(project / FUNCTIONS)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module: Any = importlib.import_module("ingest.validation")
    return lambda text: module.validate(text, NDJSON, module.Rules())


def _validation(
    figure: str, text: str, validate: Callable[[str], Any], settings: Settings, goal: Goal | None = None
) -> Row:
    quick, (lines, rejected) = validate(text), plain_ingest.validate_lines(text)
    if (quick.lines.decode(), len(quick.rejected)) != (lines, len(rejected)):
        raise BenchError("ingest and its reference do not give the same lines: their times cannot be compared")
    samples = interleave(
        {"ingest": call(lambda: validate(text)), "plain": call(lambda: plain_ingest.validate_lines(text))},
        settings.repetitions,
        warm_up=False,  # the comparison has been one
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
    """A row for each handler, and one for the decoder that ingest imports with its first batch."""
    names = sorted(path.parent.name for path in (settings.project / FUNCTIONS).glob("*/handler.py"))
    commands = {name: f"import {name}.handler" for name in names}
    commands["ingest and its decoder"] = "import ingest.handler, ingest.decoding; ingest.decoding.record_decoder()"
    path = f"import sys; sys.path.insert(0, {FUNCTIONS!r}); "
    subjects = {name: process(("-c", path + command), settings.project) for name, command in commands.items()}
    samples = interleave({**subjects, "json": process(("-c", "import json"), settings.project)}, settings.repetitions)
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
