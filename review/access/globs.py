"""Patterns with wildcards as automata, and the search for a text that some patterns match and others do not.

A glob is a short nondeterministic automaton. Its states are the positions between its elements, and a set of states is the
bits of one integer. The search walks the product of all globs of one dimension breadth first, so a text that it finds is as
short as possible, and it visits every reachable state before it reports that no text exists.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import chain

from review.access.symbols import letters as letters_of


class Wild(Enum):
    """A wildcard. A token may contain a colon, and has any length."""

    ONE = "one character"
    ONE_IN_SEGMENT = "one character, but no colon"
    LETTER = "one character or token"
    MANY = "any characters and tokens"
    MANY_IN_SEGMENT = "any characters but colons"


Element = str | Wild
_MANY = (Wild.MANY, Wild.MANY_IN_SEGMENT)
_IN_SEGMENT = (Wild.ONE_IN_SEGMENT, Wild.MANY_IN_SEGMENT)
_EXAMPLE = "example"
_MOST_PAIRS = 2_000


@dataclass(frozen=True)
class Glob:
    """A pattern.

    Attributes:
        elements: Its letters and wildcards.
        folds: Whether upper and lower case are equal; the elements are then in lower case.
        sample: A text that matches and looks familiar, or "".
    """

    elements: tuple[Element, ...]
    folds: bool = False
    sample: str = field(default="", compare=False)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.elements, self.folds))

    @cached_property
    def start(self) -> int:
        """The states before the first letter."""
        return self._closed(1)

    @cached_property
    def _loops(self) -> int:
        return sum(1 << position for position, element in enumerate(self.elements) if element in _MANY)

    @cached_property
    def _steps(self) -> dict[tuple[int, str], int]:
        return {}

    @cached_property
    def _matched(self) -> dict[str, bool]:
        return {}

    def _closed(self, states: int) -> int:
        """The states with those that follow without a letter. No two loops are adjacent."""
        return states | ((states & self._loops) << 1)

    def step(self, states: int, letter: str) -> int:
        """The states after one more letter; 0 if nothing can match any more."""
        key = states, letter
        if key not in self._steps:
            after = 0
            for position in _bits(states):
                if position < len(self.elements) and self._takes(self.elements[position], letter):
                    loops = self.elements[position] in _MANY
                    after |= 1 << (position if loops else position + 1)
            self._steps[key] = self._closed(after)
        return self._steps[key]

    def _takes(self, element: Element, letter: str) -> bool:
        if isinstance(element, str):
            return element == (letter.lower() if self.folds and len(letter) == 1 else letter)
        if element in _IN_SEGMENT and letter == ":":
            return False
        return len(letter) == 1 or element in (Wild.LETTER, Wild.MANY)

    def accepts(self, states: int) -> bool:
        """Whether the letters so far match."""
        return bool(states >> len(self.elements) & 1)

    def accepts_all_that_follows(self, states: int) -> bool:
        """Whether the letters so far match, whatever follows."""
        last = len(self.elements) - 1
        return last >= 0 and self.elements[last] is Wild.MANY and bool(states >> last & 1)

    def next_letters(self, states: int) -> Iterator[str]:
        """The letters after which the pattern differs from its reaction to any other letter."""
        for position in _bits(states):
            element = self.elements[position] if position < len(self.elements) else None
            if isinstance(element, str):
                yield element
            elif element in _IN_SEGMENT:
                yield ":"

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        if text not in self._matched:
            states = self.start
            for letter in letters_of(text):
                states = self.step(states, letter)
            self._matched[text] = self.accepts(states)
        return self._matched[text]

    @property
    def is_exact(self) -> bool:
        """Whether only one text matches, apart from its case."""
        return not any(isinstance(element, Wild) for element in self.elements)

    @property
    def example(self) -> str:
        """A text that matches; ``*`` for a lone ``*``."""
        if self.elements == (Wild.MANY,):
            return "*"
        return self.sample or "".join(
            element if isinstance(element, str) else _EXAMPLE if element in _MANY else "x" for element in self.elements
        )


def glob(elements: Iterable[Element], *, folds: bool = False, sample: str = "") -> Glob:
    """A glob in which wildcards for any letters are never adjacent."""
    result: list[Element] = []
    for element in elements:
        if element in _MANY and result and result[-1] in _MANY:
            result[-1] = Wild.MANY if Wild.MANY in (element, result[-1]) else element
        else:
            result.append(element)
    if folds and not sample and not any(isinstance(element, Wild) for element in result):
        sample = "".join(map(str, result))
    lowered = (
        element.lower() if folds and isinstance(element, str) and len(element) == 1 else element for element in result
    )
    return Glob(tuple(lowered), folds, sample)


@functools.lru_cache(maxsize=4096)
def is_within(inner: Glob, outer: Glob) -> bool:
    """Whether every text that the inner glob matches is one that the outer glob matches, whatever the tokens stand for.

    The wildcards of the inner glob stand for characters. Those of the outer glob may match a token of the inner one.
    Gives up, with False, if the answer takes too much work.
    """
    start = inner.start, outer.start
    reached, queue = {start}, [start]
    other = unused_letter((inner, outer))
    while queue:
        first, second = queue.pop()
        if len(reached) > _MOST_PAIRS or (inner.accepts(first) and not outer.accepts(second)):
            return False
        for letter in {other, *next_letters((inner, outer), (first, second))}:
            if len(letter) > 1 and letter not in inner.elements:
                continue
            after = inner.step(first, letter), outer.step(second, letter)
            if after[0] and after not in reached:
                reached.add(after)
                queue.append(after)
    return True


def next_letters(globs: Sequence[Glob], states: Sequence[int]) -> set[str]:
    """The letters that matter to some globs in their states. Case matters unless all globs ignore it."""
    result: set[str] = set()
    all_fold = all(each.folds for each in globs)
    for each, state in zip(globs, states, strict=True):
        for letter in each.next_letters(state):
            result |= {letter.lower(), letter.upper()} if each.folds and not all_fold and len(letter) == 1 else {letter}
    return result


def unused_letter(globs: Iterable[Glob]) -> str:
    """A letter that is in no glob."""
    used = {element.lower() for each in globs for element in each.elements if isinstance(element, str)}
    letters = chain("x", string.ascii_lowercase, string.digits, map(chr, range(0x100, 0xE000)))
    return next(letter for letter in letters if letter.lower() not in used)


ANYTHING = Glob((Wild.MANY,))


def _bits(states: int) -> Iterator[int]:
    while states:
        low = states & -states
        yield low.bit_length() - 1
        states ^= low
