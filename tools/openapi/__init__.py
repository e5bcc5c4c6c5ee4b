"""The OpenAPI document of trading's API (``python -m tools.openapi``), derived from the platform's own sources.

Routes come from the builders' table, records and batches from ``common.schema``, limits and names from the functions
themselves, examples from the sample and from running the functions' own code on it. Only the explanations are written here
by hand.
"""
