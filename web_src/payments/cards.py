"""Card numbers (PAN): the service detects them, so that it never stores or logs one by mistake.

PCI DSS 4.0.1, requirement 3: account data is not stored unless that is necessary, and where it is, unreadable. This
service never needs a card number, so it rejects whatever looks like one. That protects against mistakes. A client that
wants to hide a number (for example with letters between its digits) can do so.

A PAN has at most 19 digits (ISO/IEC 7812-1) and ends with the check digit of Luhn's formula (its annex B), which one
number in ten passes by chance. Further conditions depend on how much a number looks like an ordinary reference:

- 13 to 19 digits that stand alone: no further condition.
- Digits in groups, with up to three characters between two groups that are neither letters nor digits: an issuer's prefix
  and length too, because without them one date with a time in ten would be rejected. Of four invoices with four digits
  each, of an IBAN or of a QR reference in groups, one in ten to twenty-five is still rejected. Such a reference is accepted
  without its spaces.
- A number with up to three digits too many behind it, or in the same group before it (a key pressed twice, a security
  code): the issuer's prefix and its usual length. So one in five of the random numbers with 17 to 19 digits is rejected.
- 20 digits or more in a row are never searched. Structured references of payments (QR, KID, RF) have up to 27 digits, and
  one in three of them would contain a "card number" somewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

MIN_DIGITS, MAX_DIGITS = 13, 19
MAX_GAP = 3  # characters between two groups of digits, such as " - "
MAX_EXTRA_DIGITS = 3  # beside a number in the same group
MASK = "[card number]"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LETTER, _SEPARATOR = "x", " "  # kinds of characters that are no digits


@dataclass(frozen=True, slots=True)
class Issuer:
    """A range of card numbers of a scheme.

    Attributes:
        first: The lowest prefix.
        last: The highest prefix, with as many digits.
        lengths: The usual numbers of digits.
    """

    first: str
    last: str
    lengths: tuple[int, ...] = (16,)

    def issues(self, digits: str) -> bool:
        """Whether the digits have a prefix and a length of this range."""
        return len(digits) in self.lengths and self.first <= digits[: len(self.first)] <= self.last


# The schemes' published ranges: the brands of the PCI Security Standards Council, and those beside them on the same cards.
_VISA = (Issuer("4", "4"),)
_MASTERCARD = (Issuer("51", "55"), Issuer("2221", "2720"))
_AMERICAN_EXPRESS = (Issuer("34", "34", (15,)), Issuer("37", "37", (15,)))
_DINERS = (
    Issuer("300", "305", (14,)),
    Issuer("3095", "3095", (14,)),
    Issuer("36", "36", (14,)),
    Issuer("38", "39", (14,)),
)
_JCB = (Issuer("3528", "3589"),)
_DISCOVER = (Issuer("6011", "6011"), Issuer("644", "659"))
_UNIONPAY = (Issuer("62", "62", (16, 19)), Issuer("81", "81", (16, 19)))
_MAESTRO = (
    Issuer("50", "50", (16, 18, 19)),
    Issuer("56", "58", (16, 18, 19)),
    Issuer("63", "63", (16, 18, 19)),
    Issuer("67", "67", (16, 18, 19)),
)
ISSUERS = (*_VISA, *_MASTERCARD, *_AMERICAN_EXPRESS, *_DINERS, *_JCB, *_DISCOVER, *_UNIONPAY, *_MAESTRO)


def holds_card_number(text: str) -> bool:
    """Whether a part of the text looks like a card number. A UUID never does."""
    return next(_card_numbers(text), None) is not None


def mask_card_numbers(text: str) -> str:
    """The text with ``MASK`` in place of each part that looks like a card number."""
    # One at a time: the remainder of a group may look like a number only after its neighbour is masked.
    while (place := next(_card_numbers(text), None)) is not None:
        text = f"{text[: place.start]}{MASK}{text[place.stop :]}"
    return text


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits in a row, and the position of each in the text."""

    digits: str
    positions: tuple[int, ...]


def _card_numbers(text: str) -> Iterator[slice]:
    """Yield where card numbers are, the longest at each position first."""
    for line in _lines(text):
        digits = "".join(group.digits for group in line)
        positions = [position for group in line for position in group.positions]
        offsets = [0, *accumulate(len(group.digits) for group in line)]
        groups = set(pairwise(offsets))
        for start, stop in _windows(offsets):
            if _is_card_number(digits[start:stop], is_alone=(start, stop) in groups):
                yield slice(positions[start], positions[stop - 1] + 1)


def _windows(offsets: list[int]) -> Iterator[tuple[int, int]]:
    """Yield start and stop of what could be a number in groups that begin and end at the offsets.

    Digits before a number count within one group only: "026-11-21 10:00:00.0" would be a number of Mastercard's.
    """
    extra_at_stop = {
        end - extra: extra
        for first, end in pairwise(offsets)
        for extra in range(min(MAX_EXTRA_DIGITS + 1, end - first))
    }
    for first, end in pairwise(offsets):
        for extra_before in range(min(MAX_EXTRA_DIGITS + 1, end - first)):
            start = first + extra_before
            for stop in range(start + MAX_DIGITS, start + MIN_DIGITS - 1, -1):
                extra = extra_before + extra_at_stop.get(stop, MAX_EXTRA_DIGITS + 1)
                if extra <= MAX_EXTRA_DIGITS and (not extra_before or stop <= end):
                    yield start, stop


def _is_card_number(digits: str, *, is_alone: bool) -> bool:
    return _passes_luhn(digits) and (is_alone or any(issuer.issues(digits) for issuer in ISSUERS))


def _lines(text: str) -> Iterator[list[_Group]]:
    """Yield the groups of digits that are near each other. A letter, or a group that is too long, separates two lines."""
    line: list[_Group] = []
    gap = 0
    digits: list[tuple[str, int]] = []
    for kind, position in [*_characters(text), (_LETTER, len(text))]:
        if kind.isdigit():
            if gap > MAX_GAP:
                yield line
                line = []
            gap = 0
            digits.append((kind, position))
            continue
        if digits:
            group = _Group("".join(digit for digit, _ in digits), tuple(position for _, position in digits))
            digits = []
            if len(group.digits) <= MAX_DIGITS:
                line.append(group)
            else:
                yield line
                line = []
        if kind == _LETTER:
            yield line
            line, gap = [], 0
        else:
            gap += 1


def _characters(text: str) -> Iterator[tuple[str, int]]:
    """Yield each character with its position: a digit as itself, any other as ``_LETTER`` or ``_SEPARATOR``.

    Digits are those of every script, and of every width and form that Unicode calls compatible (NFKC). All characters of
    a UUID count as letters.
    """
    uuids = [range(*match.span()) for match in _UUID.finditer(text)]
    for position, character in enumerate(text):
        if any(position in uuid for uuid in uuids):
            yield _LETTER, position
            continue
        for plain in character if character.isascii() else unicodedata.normalize("NFKC", character):
            value = unicodedata.decimal(plain, None)
            kind = str(value) if value is not None else _LETTER if plain.isalnum() else _SEPARATOR
            yield kind, position


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
