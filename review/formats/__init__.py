"""Forms of a review. Each decides nothing: what it prints is in the ``Review``.

- ``document``: the review as data, with a published JSON Schema (``docs/review.schema.json``).
- ``page``: the review as one HTML file.
- ``sarif``: the findings for code scanning, beside the lines of the templates.
- ``tables``: policies and rules of security groups as rows, for every form; ``values``: values as lines.
"""
