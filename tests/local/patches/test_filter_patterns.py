"""Filter patterns, by the examples of AWS's page."""

from __future__ import annotations

import pytest

from local.patches.filter_patterns import PatternError, compile_pattern

JSON = '{"level": "ERROR", "status": 503, "ok": false, "none": null, "request": {"path": "/v1/bars"}, "list": [1, 2]}'


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR", "an ERROR happened", True),
        ("ERROR", "an error happened", False),
        ("ERROR ARGUMENTS", "ERROR without", False),
        ("ERROR ARGUMENTS", "ERROR with ARGUMENTS", True),
        ("?ERROR ?WARN", "a WARN", True),
        ("?ERROR ?WARN", "nothing", False),
        ("ERROR -Exiting", "ERROR Exiting", False),
        ("ERROR -Exiting", "ERROR", True),
        ('"INTERNAL SERVER ERROR"', "an INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "INTERNAL ERROR SERVER", False),
        ("%E[RT]+OR%", "an ERROR", True),
        ('{ $.level = "ERROR" }', JSON, True),
        ('{ $.level = "ERR*" }', JSON, True),
        ('{ $.level != "ERROR" }', JSON, False),
        ("{ $.level = %^ERR% }", JSON, True),
        ("{ $.status >= 500 }", JSON, True),
        ("{ $.status < 500 }", JSON, False),
        ("{ $.status = 503 }", JSON, True),
        ('{ $.level = "INFO" || $.status = 503 }', JSON, True),
        ('{ ($.level = "INFO" || $.status = 503) && $.ok IS FALSE }', JSON, True),
        ("{ $.none IS NULL }", JSON, True),
        ("{ $.missing NOT EXISTS }", JSON, True),
        ("{ $.level NOT EXISTS }", JSON, False),
        ('{ $.request.path = "/v1/*" }', JSON, True),
        ("{ $.list[1] = 2 }", JSON, True),
        ('{ $.missing != "x" }', JSON, False),
        ('{ $.level = "ERROR" }', "ERROR in plain text", False),
    ],
)
def test_pattern(pattern: str, message: str, expected: bool) -> None:
    assert compile_pattern(pattern)(message) is expected


@pytest.mark.parametrize(
    "pattern", ["{ $.level = }", "{ level = 1 }", "{ $.a > b }", "[ip, user]", "{ $.a = 1", "{ $.a = 1 ) }"]
)
def test_unsupported_patterns_are_rejected(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)
