"""Deterministic market data for the demo, tests and benchmarks: a generator, and a batch that it wrote.

``python -m local.market_data --help`` lists the options; README.md says what is in the batch.
"""
