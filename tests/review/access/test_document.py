"""How policies are read: every form of every element, and nothing skipped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from review.access.causes import Cause
from review.access.document import load
from review.access.statements import Effect, Kind, Statement, Unread
from review.access.symbols import parameter, reference
from tests.review.access.support.policies import allow, policy

ARN = reference(("Storage",), "Bucket", "Arn")


def _entries(value: Any, kind: Kind = Kind.IDENTITY) -> list[Any]:
    (layer,) = load(value, kind).layers
    return list(layer)


def test_a_text_of_json_is_the_policy() -> None:
    assert load(json.dumps(policy(allow())), Kind.IDENTITY) == load(policy(allow()), Kind.IDENTITY)


def test_a_text_of_json_may_have_values_that_only_the_deployment_knows() -> None:
    """The policies of CloudWatch Logs are texts with Fn::Sub."""
    before, after = json.dumps(policy(allow(resource="SPLIT"))).split("SPLIT")
    joined = {"Fn::Join": ["", [before, ARN, after]]}
    assert load(joined, Kind.IDENTITY) == load(policy(allow(resource=ARN)), Kind.IDENTITY)


def test_one_statement_needs_no_list() -> None:
    assert load({"Version": "2012-10-17", "Statement": allow()}, Kind.IDENTITY) == load(policy(allow()), Kind.IDENTITY)


def test_numbers_and_booleans_are_texts() -> None:
    texts, values = (
        {"Bool": {"k": truth}, "NumericEquals": {"n": number}} for truth, number in (("true", "5"), (True, 5))
    )
    assert load(policy(allow(when=texts)), Kind.IDENTITY) == load(policy(allow(when=values)), Kind.IDENTITY)


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("Statement", Cause.SHAPE),
        ({**allow(), "Effect": "Permit"}, Cause.SHAPE),
        ({**allow(), "Effect": parameter((), "Effect")}, Cause.SHAPE),
        ({**allow(), "NotAction": "s3:*"}, Cause.SHAPE),
        ({**allow(), "Action": []}, Cause.SHAPE),
        ({**allow(), "Action": {"Fn::If": ["C", "a:b", "a:c"]}, "Condition": "all"}, Cause.SHAPE),
        ({**allow(), "Condition": parameter((), "Condition")}, Cause.PARAMETER),
        ({"Effect": "Allow", "Resource": "*"}, Cause.SHAPE),
        ({"Fn::If": ["IsProd", allow(), allow("s3:*")]}, Cause.CONDITION),
        (parameter((), "Statement"), Cause.PARAMETER),
        (None, Cause.SHAPE),
    ],
)
def test_a_statement_that_cannot_be_read_stays_as_unread(statement: Any, cause: Cause) -> None:
    (entry,) = _entries(policy(statement))
    assert isinstance(entry, Unread)
    assert entry.cause is cause


@pytest.mark.parametrize(
    "value",
    [
        "no policy",
        "{no JSON",
        {"Statements": []},
        {"Statement": [], "Extra": 1},
        ARN,
        7,
        None,
        {"Statement": ["\ue000"]},
        {"Version": parameter((), "Version"), "Statement": []},
        object(),
    ],
)
def test_a_policy_that_cannot_be_read_stays_as_unread(value: Any) -> None:
    (entry,) = _entries(value)
    assert isinstance(entry, Unread)


def test_an_unread_statement_keeps_its_effect() -> None:
    (entry,) = _entries(policy({**allow(), "Extra": "x"}))
    assert entry.effect is Effect.ALLOW


@pytest.mark.parametrize(
    ("kind", "more", "readable"),
    [
        (Kind.IDENTITY, {}, True),
        (Kind.IDENTITY, {"Principal": "*"}, False),
        (Kind.RESOURCE, {"Principal": "*"}, True),
        (Kind.RESOURCE, {}, False),
        (Kind.RESOURCE, {"Principal": "someone"}, False),
        (Kind.RESOURCE, {"Principal": {"User": "someone"}}, False),
        (Kind.RESOURCE, {"Principal": {}}, False),
        (Kind.RESOURCE, {"Principal": "*", "NotPrincipal": "*"}, False),
        (Kind.TRUST, {"Principal": "*"}, False),
        (Kind.ENDPOINT, {"NotPrincipal": {"Service": "a"}}, True),
    ],
)
def test_a_kind_of_policy_has_its_elements(kind: Kind, more: dict[str, Any], readable: bool) -> None:
    (entry,) = _entries(policy({**allow(), **more}), kind)
    assert isinstance(entry, Statement) is readable


def test_a_trust_policy_has_no_resource() -> None:
    (entry,) = _entries(policy(allow("sts:AssumeRole", None, Principal={"Service": "ec2.amazonaws.com"})), Kind.TRUST)
    assert isinstance(entry, Statement)
    assert entry.resource is None


def test_variables_need_the_newer_version() -> None:
    old, new = (
        _entries(policy(allow(resource="${aws:username}"), version=each)) for each in ("2008-10-17", "2012-10-17")
    )
    assert (old[0].variables, new[0].variables) == (False, True)
