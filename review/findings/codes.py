"""All findings that a review can print, of every part of it, by their codes."""

from __future__ import annotations

from review.findings.general import FINDINGS
from review.findings.permissions import FINDINGS as PERMISSION_FINDINGS
from review.findings.strength import FINDINGS as STRENGTH_FINDINGS

ALL_FINDINGS = (*FINDINGS, *STRENGTH_FINDINGS, *PERMISSION_FINDINGS)
CODES = frozenset(finding.code for finding in ALL_FINDINGS)
