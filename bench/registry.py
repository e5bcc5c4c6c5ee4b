"""The table of benches. A new bench is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench import generate, growth, ingest, lint, path, process, query, review, suite
from bench.rows import Row, Settings


@dataclass(frozen=True)
class Bench:
    """A bench.

    Attributes:
        name: The name on the command line.
        question: The question that the bench answers.
        run: Measures the rows.
    """

    name: str
    question: str
    run: Callable[[Settings], list[Row]]


BENCHES = (
    Bench("generate", "How long do templates take, against importing troposphere?", generate.run),
    Bench("growth", "Does one more resource cost the same on a platform of any size?", growth.run),
    Bench("lint", "How long does the gate take, against plain cfn-lint?", lint.run),
    Bench("review", "How long does a review take, against the CDK's difference library?", review.run),
    Bench("suite", "How long do all tests and the unit tests take, against the cold gate?", suite.run),
    Bench("ingest", "How fast is validation, against plain Python, and what does a cold start import?", ingest.run),
    Bench("process", "How long do a million trades take, against a bare DuckDB query and pandas?", process.run),
    Bench("query", "How fast are bars and analytics with 100,000 bars, against bare SQL of the same rows?", query.run),
    Bench("path", "How many records a second go from the API to bars, all on this machine?", path.run),
)
