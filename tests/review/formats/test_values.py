"""Values as lines: input and output."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfn.marks import State, marked
from cfn.text import visible
from review.formats.values import change_lines, short_change, short_value, value_lines

DIGEST = "0123456789ab" + "c" * 52
SAME_BEGINNING = "0123456789ab" + "d" * 52
OTHER_DIGEST = "d" * 64


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (None, "(none)"),
        ("a  b", "a  b"),
        ("", '""'),
        (" a", '" a"'),
        ("(none)", '"(none)"'),
        (True, "true"),
        (["a", 1], '["a", 1]'),
        ({"b": 1, "a": {"Ref": "B"}}, '{"b": 1, "a": "${B}"}'),
        ({"Ref": "B"}, "${B}"),
        (marked({"Fn::GetAtt": ["B", "Arn"]}, State.CHANGED), "${B.Arn}"),
        (f"functions/x/{DIGEST}.zip", "functions/x/0123456789ab….zip"),
        ("x" * 100, "x" * 100),
        ("x" * 101, None),
        ("a\nb", None),
        ({"Action": "*", "Resource": "*", "Effect": "Allow"}, '{"Effect": "Allow", "Action": "*", "Resource": "*"}'),
    ],
)
def test_short_value(value: Any, line: str | None) -> None:
    assert short_value(value) == line


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a", "b", ("a", "b")),
        (None, 3, ("(none)", "3")),
        ({"Ref": "A"}, "x", ("${A}", "x")),
        ("x" * 50, "y" * 50, ("x" * 50, "y" * 50)),
        ("x" * 50, "y" * 51, None),
        ("a b", "a  b", ("a b", "a  b")),
        ({"Ref": "A"}, "${A}", ('{"Ref": "A"}', '"${A}"')),
        ("\x1b", r"\x1b", (r'"\u001b"', r'"\\x1b"')),
        ("5", 5, ('"5"', "5")),
        ([{}], ["{}"], ("[{}]", '["{}"]')),
        (DIGEST, OTHER_DIGEST, ("0123456789ab…", "dddddddddddd…")),
        (DIGEST, SAME_BEGINNING, None),
        (DIGEST[:-1], DIGEST[:-1] + "é", None),
    ],
)
def test_short_change(before: Any, after: Any, lines: tuple[str, str] | None) -> None:
    """Two values that differ never look the same, whether or not they fit on one line."""
    assert short_change(before, after) == lines


STATEMENT = {
    "Resource": "arn:aws:s3:::a/*",
    "Action": ["s3:GetObject"],
    "Effect": "Allow",
    "Principal": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    "Sid": "Open",
}


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (None, []),
        ("a", ["a"]),
        (5, ["5"]),
        ("a\n  b\r\n", ["a", "  b\r", ""]),
        ({}, ["{}"]),
        ({"B": 1, "A": [True, None, [1, 2], {"C": {}, "D": []}]},
         ["B: 1", "A:", "  - true", "  - null", "  - - 1", "    - 2", "  - C: {}", "    D: []"]),
        ({"A": "l1\nl2", "B": ["l3\nl4"]}, ["A: |", "  l1", "  l2", "B:", "  - |", "    l3", "    l4"]),
        ({"A": "*", "B": "a: b", "C": "", "D": "- a", "E": "a #b", "F": "null", "G": " a", "H": "arn:a:b"},
         ['A: "*"', 'B: "a: b"', 'C: ""', 'D: "- a"', 'E: "a #b"', 'F: "null"', 'G: " a"', "H: arn:a:b"]),
        ({"A": {"Fn::Join": ["", [{"Ref": "B"}, "/*"]]}, "C": {"Fn::ImportValue": "d"}},
         ["A: ${B}/*", "C:", "  Fn::ImportValue: d"]),
        (STATEMENT,
         ["Sid: Open", "Effect: Allow", 'Principal: "*"', "Action:", "  - s3:GetObject", "Resource: arn:aws:s3:::a/*",
          "Condition:", "  Bool:", "    aws:SecureTransport: true"]),
        (json.dumps({"Id": "a", "B": [1]}), ["Id: a", "B:", "  - 1"]),
        ({"A": '{"B": 1}'}, ["A:", "  B: 1"]),
        ([f"{DIGEST} {OTHER_DIGEST}", SAME_BEGINNING], [f"- {DIGEST} dddddddddddd…", f"- {SAME_BEGINNING}"]),
    ],
)  # fmt: skip
def test_value_lines(value: Any, lines: list[str]) -> None:
    assert value_lines(value) == lines


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (None, {"A": 1}, ["+A: 1"]),
        ({"A": 1}, None, ["-A: 1"]),
        ("a\nb", "a\nB", [" a", "-b", "+B"]),
        ("a\nb", "a\nb\n", [" a", " b", "+"]),
        ("a\nb", "a\r\nb", ["-a", "+a\r", " b"]),
        ("1\n2\n3\n4\n5\n6", "1\n2\n3\n4\n5\n7", ["@@ -3,4 +3,4 @@", " 3", " 4", " 5", "-6", "+7"]),
        (["a", "b"], ["b", "a"], ["+- b", " - a", "-- b"]),
        ('{"A":  1}', '{"A": 1}', [r'-"{\"A\":  1}"', r'+"{\"A\": 1}"']),
        ({"A": 5}, {"A": "5"}, [" {", '-  "A": 5', '+  "A": "5"', " }"]),
        ([SAME_BEGINNING, OTHER_DIGEST], [DIGEST, OTHER_DIGEST],
         [f"-- {SAME_BEGINNING}", f"+- {DIGEST}", " - dddddddddddd…"]),
        ({"Fn::Join": ["", ["a\n", {"Ref": "X"}]]}, {"Fn::Join": ["", ["a\n", {"Ref": "Y"}]]}, [" a", "-${X}", "+${Y}"]),
        ({"Ref": "X"}, ["x"], ["-${X}", "+- x"]),
    ],
)  # fmt: skip
def test_change_lines(before: Any, after: Any, lines: list[str]) -> None:
    assert change_lines(before, after) == lines


def test_long_script_is_shown_whole() -> None:
    """The review showed the first 60 lines that change, and 160 characters of each."""
    scripts = ["\n".join(f"{word * 200} {number}" for number in range(100)) for word in ("old", "new")]
    lines = change_lines(*scripts)
    assert len(lines) == 200
    assert all(len(line) > 600 for line in lines)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text("ab\n\x1b{\"5: '"), st.just({"Ref": "a"})),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text("AB:", min_size=1), inner)),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_values_that_differ_look_different(before: Any, after: Any) -> None:
    if json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True):
        return
    short = short_change(before, after)
    if short is not None:
        assert visible(short[0]) != visible(short[1])
    changed = [visible(line) for line in change_lines(before, after) if line.startswith(("+", "-"))]
    assert [line[1:] for line in changed if line[0] == "-"] != [line[1:] for line in changed if line[0] == "+"]
