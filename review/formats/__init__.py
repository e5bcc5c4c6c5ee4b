"""How a review looks: as text for a terminal, as Markdown for a pull request, as data for programs.

- ``render``: the review as pieces, printed as text or Markdown.
- ``document``: the review as data, with a published JSON Schema (``docs/review.schema.json``).
- ``forms``: the forms by name.
- ``pieces``: what a review is made of: paragraphs, titles, items, blocks of lines.
- ``differences``, with ``values``: a difference as pieces. Every value is shown whole, and two values that differ never look
  the same.
- ``text``, ``markdown``: pieces in one medium.
- ``escape``: the one place that makes a text harmless in Markdown. ``cfn.text.visible`` does it for a terminal.
- ``page``: the review as one HTML file.
- ``sarif``: the findings for code scanning, beside the lines of the templates.
- ``tables``: policies and rules of security groups as rows, for every form; ``values``: values as lines.

Whoever composes pieces puts texts of templates, parameter files and AWS in as they are. ``text`` and ``markdown`` escape
every character of every piece, also of words that are our own, so no text can be forgotten.
"""
