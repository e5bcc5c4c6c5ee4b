"""The filter patterns of CloudWatch Logs.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

Terms (``ERROR``, ``"two words"``, ``?either ?or``, ``-not``), regular expressions (``%…%``) and JSON patterns
(``{ $.level = "ERROR" && $.status >= 500 }``). Space-delimited patterns (``[ip, user, …]``) are not supported. They raise
PatternError, as does any pattern that this module might misread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from local.host.errors import LocalError

Matches = Callable[[str], bool]
_JsonTest = Callable[[Any], bool]

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)*)%|([^\s"%]+))')
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>&&|\|\||\(|\)|!=|<=|>=|=|<|>)
      | (?P<selector>\$(?:\.[A-Za-z0-9_\-*]+|\.?\["[^"]+"\]|\[\d+\])*)
      | "(?P<text>(?:[^"\\]|\\.)*)"
      | %(?P<regex>(?:[^%\\]|\\.)*)%
      | (?P<word>[^\s()=!<>&|"%]+)
    )""",
    re.VERBOSE,
)
_MISSING = object()


class PatternError(LocalError):
    """A pattern that this module does not understand.

    Attributes:
        pattern: the pattern.
    """

    def __init__(self, pattern: str, reason: str) -> None:
        self.pattern = pattern
        super().__init__(f"filter pattern {pattern!r}: {reason}")


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Matches:
    """Return a function that decides whether a message matches. Raises PatternError."""
    stripped = pattern.strip()
    if not stripped:
        return lambda message: True
    if stripped.startswith("{"):
        if not stripped.endswith("}"):
            raise PatternError(pattern, "the closing brace is missing")
        test = _JsonParser(pattern, stripped[1:-1]).parse()
        return lambda message: _matches_json(test, message)
    if stripped.startswith("["):
        raise PatternError(pattern, "space-delimited patterns are not supported here")
    return _compile_terms(pattern)


def _compile_terms(pattern: str) -> Matches:
    required: list[Matches] = []
    optional: list[Matches] = []
    excluded: list[Matches] = []
    position = 0
    text = pattern.rstrip()
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise PatternError(pattern, f"cannot read {text[position:]!r}")
        position = match.end()
        sign, quoted, regex, bare = match.groups()
        test = _contains(bare if quoted is None else _unescaped(quoted)) if regex is None else _search(regex)
        {"": required, "?": optional, "-": excluded}[sign].append(test)
    # With a required term the optional ones have no effect (the page above, "Match terms").
    return lambda message: (
        all(test(message) for test in required)
        and (bool(required) or not optional or any(test(message) for test in optional))
        and not any(test(message) for test in excluded)
    )


def _contains(term: str) -> Matches:
    return lambda message: term in message


def _search(regex: str) -> Matches:
    compiled = re.compile(regex)
    return lambda message: compiled.search(message) is not None


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _matches_json(test: _JsonTest, message: str) -> bool:
    try:
        document = json.loads(message)
    except ValueError:
        return False
    return isinstance(document, dict | list) and test(document)


class _JsonParser:
    """Parses an expression.

    The grammar: expression := conjunction ("||" conjunction)*, conjunction := comparison ("&&" comparison)*.
    """

    def __init__(self, pattern: str, body: str) -> None:
        self._pattern = pattern
        self._tokens: list[tuple[str, str]] = []
        position = 0
        body = body.strip()
        while position < len(body):
            match = _TOKEN.match(body, position)
            if match is None or match.lastgroup is None:
                raise PatternError(pattern, f"cannot read {body[position:]!r}")
            self._tokens.append((match.lastgroup, match.group(match.lastgroup)))
            position = match.end()

    def parse(self) -> _JsonTest:
        """Return the test of a JSON document."""
        test = self._disjunction()
        if self._tokens:
            raise PatternError(self._pattern, f"{self._tokens[0][1]!r} is too much")
        return test

    def _disjunction(self) -> _JsonTest:
        tests = [self._conjunction()]
        while self._take("sign", "||"):
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else lambda document: any(test(document) for test in tests)

    def _conjunction(self) -> _JsonTest:
        tests = [self._comparison()]
        while self._take("sign", "&&"):
            tests.append(self._comparison())
        return tests[0] if len(tests) == 1 else lambda document: all(test(document) for test in tests)

    def _comparison(self) -> _JsonTest:
        if self._take("sign", "("):
            test = self._disjunction()
            if not self._take("sign", ")"):
                raise PatternError(self._pattern, "a closing parenthesis is missing")
            return test
        kind, selector = self._next()
        if kind != "selector":
            raise PatternError(self._pattern, f"a selector ($.name) was expected, not {selector!r}")
        path = _path(selector)
        kind, operator = self._next()
        if kind == "word":
            return self._property(path, operator)
        kind, value = self._next()
        return self._test(path, operator, kind, value)

    def _property(self, path: list[str | int], word: str) -> _JsonTest:
        """Parse IS NULL, IS TRUE, IS FALSE, EXISTS, NOT EXISTS."""
        words = [word.upper()]
        if words[0] in ("IS", "NOT"):
            words.append(self._next()[1].upper())
        question = " ".join(words)
        tests: dict[str, Callable[[Any], bool]] = {
            "IS NULL": lambda value: value is None,
            "IS TRUE": lambda value: value is True,
            "IS FALSE": lambda value: value is False,
            "EXISTS": lambda value: value is not _MISSING,
            "NOT EXISTS": lambda value: value is _MISSING,
        }
        if question not in tests:
            raise PatternError(self._pattern, f"{question} is unknown")
        return lambda document: tests[question](_select(document, path))

    def _test(self, path: list[str | int], operator: str, kind: str, value: str) -> _JsonTest:
        number = _number(value) if kind == "word" else None
        if operator in ("<", ">", "<=", ">="):
            if number is None:
                raise PatternError(self._pattern, f"{operator} needs a number, not {value!r}")
            return lambda document: _ordered(_select(document, path), operator, number)
        if operator not in ("=", "!="):
            raise PatternError(self._pattern, f"{operator!r} is no comparison")
        if kind == "regex":
            compiled = re.compile(value)

            def equal(selected: Any) -> bool:
                return isinstance(selected, str) and bool(compiled.search(selected))

        else:
            text = _unescaped(value) if kind == "text" else value

            def equal(selected: Any) -> bool:
                return _equal(selected, text, number)

        if operator == "=":
            return lambda document: equal(_select(document, path))
        return lambda document: _select(document, path) is not _MISSING and not equal(_select(document, path))

    def _take(self, kind: str, value: str) -> bool:
        if self._tokens and self._tokens[0] == (kind, value):
            self._tokens.pop(0)
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise PatternError(self._pattern, "it ends too early")
        return self._tokens.pop(0)


def _path(selector: str) -> list[str | int]:
    steps = re.findall(r'\.([A-Za-z0-9_\-*]+)|\["([^"]+)"\]|\[(\d+)\]', selector)
    return [int(index) if index else name or quoted for name, quoted, index in steps]


def _select(document: Any, path: list[str | int]) -> Any:
    for step in path:
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return _MISSING
            document = document[step]
        elif isinstance(document, dict) and step in document:
            document = document[step]
        else:
            return _MISSING
    return document


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _equal(selected: Any, text: str, number: float | None) -> bool:
    if isinstance(selected, str):
        return fnmatchcase(selected, text.replace("[", "[[]")) if "*" in text else selected == text
    if isinstance(selected, int | float) and not isinstance(selected, bool):
        return number is not None and selected == number
    return False


def _ordered(selected: Any, operator: str, number: float) -> bool:
    if not isinstance(selected, int | float) or isinstance(selected, bool):
        return False
    return {"<": selected < number, ">": selected > number, "<=": selected <= number, ">=": selected >= number}[
        operator
    ]
