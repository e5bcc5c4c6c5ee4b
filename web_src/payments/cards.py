"""Card numbers (PAN): recognised, so that none is stored or logged.

PCI DSS 4.0.1, requirement 3: account data is not stored unless that is necessary, and where it is, unreadable. This
service never needs one, so whatever looks like one is refused.
A PAN has at most 19 digits (ISO/IEC 7812-1) and ends with the check digit of Luhn's formula (its annex B).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

SHORTEST, LONGEST = 13, 19
# Digits in groups, as people write them: one blank, dot or hyphen between two groups.
_GROUPS = re.compile(r"[0-9]+(?:[ .-][0-9]+)*")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def holds_card_number(text: str) -> bool:
    """Whether 13 to 19 digits in a row, or in adjoining groups, pass Luhn's check. A UUID is never taken for one."""
    return any(True for _ in _found(text))


def masked(text: str) -> str:
    """The text with a fixed word in place of whatever looks like a card number."""
    for number in _found(text):
        text = text.replace(number, "[card number]")
    return text


def _found(text: str) -> Iterator[str]:
    for run in _GROUPS.finditer(_UUID.sub("x", text)):
        parts = re.split(r"([ .-])", run.group())
        groups, gaps = parts[0::2], parts[1::2]
        ends = [0, *accumulate(map(len, groups))]
        for first in range(len(groups)):
            for last in range(first, len(groups)):
                digits = "".join(groups[first : last + 1])
                if SHORTEST <= ends[last + 1] - ends[first] <= LONGEST and _passes_luhn(digits):
                    yield groups[first] + "".join(
                        gap + group for gap, group in zip(gaps[first:last], groups[first + 1 : last + 1], strict=True)
                    )
                if ends[last + 1] - ends[first] > LONGEST:
                    break


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
