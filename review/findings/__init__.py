"""Every sentence that a review can print, as data.

- ``finding`` says what a finding is. Its sentences are in ``general`` (R1xx to R3xx: obstacles, warnings, notes), ``strength``
  (R4xx, R5xx) and ``permissions`` (R6xx); ``codes`` has them all.
- ``catalogue`` describes them for ``docs/rules.md``.
"""
