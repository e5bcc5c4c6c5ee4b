"""The OpenAPI document of trading's API (`python -m tools.openapi`), derived from what the platform is made of.

Routes come from the builders' table, records and batches from ``common.schema``, limits and names from the functions
themselves, examples from the sample and from running the functions' own code on it. Nothing is said twice by hand but
the words that explain it.
"""
