"""A plan for each finding that a review can print, by the code of the finding.

``docs/rules.md`` shows them, and the tests take each of them through the review. A review itself does not load them.
"""

from __future__ import annotations

from collections.abc import Mapping

from review.examples.example import Example
from review.examples.notes import NOTES
from review.examples.obstacles import OBSTACLES
from review.examples.permissions import PERMISSIONS
from review.examples.warnings import WARNINGS

EXAMPLES: Mapping[str, Example] = {**OBSTACLES, **WARNINGS, **NOTES, **PERMISSIONS}
