"""Forms of a review. Each decides nothing: what it prints is in the ``Review``.

- ``document``: the review as data, with a published JSON Schema (``docs/review.schema.json``).
"""
