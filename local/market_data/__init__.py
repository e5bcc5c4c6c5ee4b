"""Deterministic market data for the demo, tests and benchmarks: a generator, and a batch that it wrote.

``python -m local.market_data --help`` lists the options; README.md says what is in the batch.
"""

from pathlib import Path

COMMITTED_BATCH = Path(__file__).with_name("market-data.json")
