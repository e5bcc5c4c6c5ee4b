"""Values that only a deployment knows, as objects and within texts."""

from __future__ import annotations

import pytest

from cfn.marks import State, marked
from cfn.resolve import NO_VALUE, Scope
from review.access.symbols import encode, letters, parameter, readable, reference, symbols

ARN = reference(("Storage",), "Bucket", "Arn")


def test_a_symbol_passes_through_functions() -> None:
    """The form that cfn.resolve leaves by itself, ``{"Ref": …}``, does not say of which stack."""
    scope = Scope(
        {"Resources": {"Bucket": {}}}, {}, {}, lambda logical_id, name: reference(("Storage",), logical_id, name)
    )
    resolved = scope.resolve({"Fn::Join": ["", [{"Fn::Sub": "${Bucket.Arn}"}, "/*"]]})
    assert encode(resolved) == f"{ARN.token}/*"
    assert readable(encode(resolved)) == "${Storage/Bucket.Arn}/*"


def test_the_same_resource_of_two_stacks_is_two_symbols() -> None:
    assert reference(("A",), "Bucket").token != reference(("B",), "Bucket").token != parameter(("B",), "Bucket").token


def test_a_token_is_one_letter() -> None:
    assert letters(f"a{ARN.token}b") == ("a", ARN.token, "b")
    assert symbols(f"a{ARN.token}b") == (ARN,)


def test_marks_do_not_change_a_value() -> None:
    assert encode([marked("a", State.CHANGED), marked(ARN, State.POSSIBLE)]) == ["a", ARN.token]


def test_a_remaining_function_is_a_symbol_by_its_text() -> None:
    undecided = [{"Fn::If": ["C", "a", NO_VALUE]}, {"Fn::If": ["C", NO_VALUE, "a"]}, {"Fn::GetAZs": ""}, {"Ref": "X"}]
    tokens = [encode(value) for value in undecided]
    assert len(set(tokens)) == len(tokens)
    assert all(len(letters(token)) == 1 for token in tokens)


def test_a_join_of_what_is_no_text_is_a_symbol() -> None:
    joins = [{"Fn::Join": ["", [{"a": 1}, "b"]]}, {"Fn::Join": [",", parameter((), "List")]}]
    assert all(len(letters(encode(join))) == 1 for join in joins)


def test_a_dynamic_reference_is_a_symbol() -> None:
    (before, token, after) = letters(encode("a{{resolve:ssm:/name}}b"))
    assert (before, readable(token), after) == ("a", "${{{resolve:ssm:/name}}}", "b")


@pytest.mark.parametrize("text", ["\ue000", "a\ue00fb", "\uf8ff"])
def test_a_text_cannot_forge_a_token(text: str) -> None:
    with pytest.raises(ValueError, match="private use"):
        encode(text)
