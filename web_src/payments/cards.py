"""Card numbers (PAN): recognised, so that none is stored or logged by mistake.

PCI DSS 4.0.1, requirement 3: account data is not stored unless that is necessary, and where it is, unreadable. This
service never needs one, so whatever looks like one is refused. That is for mistakes: whoever wants to hide a number (with
letters between its digits, say) can.

A PAN has at most 19 digits (ISO/IEC 7812-1) and ends with the check digit of Luhn's formula (its annex B), which one
number in ten passes by chance. How much more is asked for depends on how much a number looks like an ordinary reference:

- 13 to 19 digits that stand alone: nothing more.
- Digits in groups, with up to three characters between two groups that are neither letters nor digits: an issuer's prefix
  and length too, or dates with times would be refused once in ten times. Of four invoices with four digits each, of an IBAN
  or a QR reference in groups it is still one in ten to twenty-five; such a reference is taken without its blanks.
- A number with up to three digits too many after it, or in the same group before it (a key pressed twice, a security code):
  the issuer's prefix and its usual length. So one of 17 to 19 digits at random is refused once in five times.
- 20 digits or more in a row are never looked into: structured references of payments (QR, KID, RF) have up to 27, and one in
  three of those would hold a "card number" somewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

SHORTEST, LONGEST = 13, 19
LONGEST_GAP = 3  # characters between two groups of digits, such as " - "
MOST_OVER = 3  # digits beside a number in the same group
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Issuer:
    """A scheme's numbers: those from ``first`` to ``last`` in their first digits, of the lengths that it usually has."""

    first: str
    last: str
    lengths: tuple[int, ...] = (16,)

    def made(self, digits: str) -> bool:
        return len(digits) in self.lengths and self.first <= digits[: len(self.first)] <= self.last


# The schemes' published ranges: the brands of the PCI Security Standards Council, and those beside them on the same cards.
ISSUERS = (
    Issuer("4", "4"),  # Visa
    *(Issuer("51", "55"), Issuer("2221", "2720")),  # Mastercard
    *(Issuer("34", "34", (15,)), Issuer("37", "37", (15,))),  # American Express
    *(
        Issuer("300", "305", (14,)),
        Issuer("3095", "3095", (14,)),
        Issuer("36", "36", (14,)),
        Issuer("38", "39", (14,)),
    ),  # Diners
    Issuer("3528", "3589"),  # JCB
    *(Issuer("6011", "6011"), Issuer("644", "659")),  # Discover
    *(Issuer("62", "62", (16, 19)), Issuer("81", "81", (16, 19))),  # UnionPay
    *(
        Issuer(first, last, (16, 18, 19)) for first, last in (("50", "50"), ("56", "58"), ("63", "63"), ("67", "67"))
    ),  # Maestro
)


def holds_card_number(text: str) -> bool:
    """Whether something in the text looks like a card number. A UUID is never taken for one."""
    return next(_found(text), None) is not None


def masked(text: str) -> str:
    """The text with a fixed word in place of whatever looks like a card number."""
    # One after the other: what is left of a group may look like a number only then.
    while (place := next(_found(text), None)) is not None:
        text = f"{text[: place.start]}[card number]{text[place.stop :]}"
    return text


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits in a row, and where each of them stands in the text."""

    digits: str
    places: tuple[int, ...]


def _found(text: str) -> Iterator[slice]:
    """Where numbers are, the longest at each place first."""
    for line in _lines(text):
        digits = "".join(group.digits for group in line)
        places = [place for group in line for place in group.places]
        offsets = [0, *accumulate(len(group.digits) for group in line)]
        groups = set(pairwise(offsets))
        for start, stop in _windows(offsets):
            if _is_number(digits[start:stop], alone=(start, stop) in groups):
                yield slice(places[start], places[stop - 1] + 1)


def _windows(offsets: list[int]) -> Iterator[tuple[int, int]]:
    """Start and stop of what could be a number in groups that begin and end at the offsets.

    Digits before a number count within one group only: "026-11-21 10:00:00.0" would be a number of Mastercard's.
    """
    ends = {end - over: over for first, end in pairwise(offsets) for over in range(min(MOST_OVER + 1, end - first))}
    for first, end in pairwise(offsets):
        for before in range(min(MOST_OVER + 1, end - first)):
            start = first + before
            for stop in range(start + LONGEST, start + SHORTEST - 1, -1):
                over = before + ends.get(stop, MOST_OVER + 1)
                if over <= MOST_OVER and (not before or stop <= end):
                    yield start, stop


def _is_number(digits: str, *, alone: bool) -> bool:
    return _passes_luhn(digits) and (alone or any(issuer.made(digits) for issuer in ISSUERS))


def _lines(text: str) -> Iterator[list[_Group]]:
    """Groups of digits that are near each other; a letter between two, or a group that is too long, parts them."""
    line: list[_Group] = []
    gap = 0
    digits: list[tuple[str, int]] = []
    for kind, place in [*_characters(text), ("x", len(text))]:
        if kind.isdigit():
            if gap > LONGEST_GAP:
                yield line
                line = []
            gap = 0
            digits.append((kind, place))
            continue
        if digits:
            group = _Group("".join(one for one, _ in digits), tuple(at for _, at in digits))
            digits = []
            if len(group.digits) <= LONGEST:
                line.append(group)
            else:
                yield line
                line = []
        if kind == "x":
            yield line
            line, gap = [], 0
        else:
            gap += 1


def _characters(text: str) -> Iterator[tuple[str, int]]:
    """Each character as a digit, as "x" for a letter or as " " for what is neither, with its place in the text.

    Digits are those of every script, and of every width and form that Unicode calls compatible (NFKC).
    """
    uuids = [range(*found.span()) for found in _UUID.finditer(text)]
    for place, character in enumerate(text):
        if any(place in one for one in uuids):
            yield "x", place
            continue
        for plain in character if character.isascii() else unicodedata.normalize("NFKC", character):
            value = unicodedata.decimal(plain, None)
            kind = str(value) if value is not None else "x" if plain.isalnum() else " "
            yield kind, place


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
