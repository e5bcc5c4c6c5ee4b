"""A deterministic generator of market data, for demonstrations, tests and benchmarks: ``python -m sample --help``."""
