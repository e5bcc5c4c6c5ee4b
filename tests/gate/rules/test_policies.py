"""Statements of policies: where they are found, and which conditions bind a request."""

from __future__ import annotations

from typing import Any

import pytest

from gate.rules._policies import Statement, is_world, limits_arn, statements

ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "s3:Get*"}


def statement(**elements: Any) -> Statement:
    return Statement("It", "AWS::S3::BucketPolicy", [], {**ALLOW, **elements}, {})


def paths(properties: Any) -> list[str]:
    template = {"Resources": {"It": {"Type": "T", "Properties": properties}}}
    return ["/".join(map(str, found.path[3:])) for found in statements(template)]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"PolicyDocument": {"Statement": ALLOW}}, ["PolicyDocument/Statement"]),
        (
            {"PolicyDocument": {"Statement": [ALLOW, ALLOW]}},
            ["PolicyDocument/Statement/0", "PolicyDocument/Statement/1"],
        ),
        ({"Policies": [{"PolicyDocument": {"Statement": [ALLOW]}}]}, ["Policies/0/PolicyDocument/Statement/0"]),
        (
            {"P": {"Statement": [{"Fn::If": ["C", ALLOW, {"Ref": "AWS::NoValue"}]}]}},
            ["P/Statement/0/Fn::If/1"],
        ),
        (
            {"P": {"Fn::If": ["C", {"Statement": ALLOW}, {"Statement": ALLOW}]}},
            ["P/Fn::If/1/Statement", "P/Fn::If/2/Statement"],
        ),
        ({"P": '{"Statement": [{"Effect": "Allow"}]}'}, ["P"]),
        ({"P": {"Fn::Sub": '{"Statement": [{"Effect": "Allow"}]}'}}, ["P/Fn::Sub"]),
        ({"P": '"Statement": no document'}, []),
        ({"Rules": [{"Statement": {"RateBasedStatement": {"Limit": 2000}}}]}, []),
        (None, []),
    ],
)
def test_statements_are_found(properties: Any, expected: list[str]) -> None:
    assert paths(properties) == expected


def test_principals_of_every_form() -> None:
    assert statement(Principal="*").principals() == [("AWS", "*")]
    assert statement(Principal={"Service": ["a", "b"], "AWS": {"Ref": "Arn"}}).principals() == [
        ("Service", "a"),
        ("Service", "b"),
        ("AWS", "${Arn}"),
    ]
    assert statement(Principal={"Fn::If": ["C", "*", {"AWS": "a"}]}).principals() == [("AWS", "*"), ("AWS", "a")]
    assert statement().principals() == []


def test_statement_covers_actions_by_patterns_and_without_case() -> None:
    assert statement(Action="S3:get*").covers("s3:GetObject")
    assert not statement(Action=["s3:Put*"]).covers("s3:GetObject")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}, True),
        ({"StringEquals": {"AWS:SOURCEACCOUNT": "123456789012"}}, True),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/r-1/*"]}}, True),
        ({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}, True),
        ({"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}, True),
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringLike": {"aws:SourceAccount": "*"}}, False),
        ({"StringLike": {"aws:SourceAccount": ["123456789012", "*"]}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}, False),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}, False),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, False),
        ({"Bool": {"elasticfilesystem:AccessedViaMountTarget": "false"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"Fn::If": ["C", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, {"Ref": "AWS::NoValue"}]}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": {"Ref": "AWS::NoValue"}}}, False),
        (None, False),
    ],
)
def test_condition_binds_the_caller(condition: Any, expected: bool) -> None:
    assert statement(Condition=condition).is_bound() is expected


def test_condition_if_present_binds_only_where_the_rule_says_so() -> None:
    body = {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}
    assert statement(Condition=body).is_bound(lenient=True)


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:*", True),
        ("arn:aws:sns:*:123456789012:*", True),
        ("arn:aws:s3:::orders-*", True),
        ("${Bucket.Arn}", True),
        ("arn:aws:iam::*:role/orders", False),
        ("arn:aws:sns:*:12*:orders", False),
        ("arn:aws:s3:::*", False),
        ("*", False),
    ],
)
def test_arn_limits_the_source(arn: str, expected: bool) -> None:
    assert limits_arn(arn) is expected


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [
        ("0.0.0.0/0", True),
        ("::/0", True),
        ("128.0.0.0/1", True),
        ("10.0.0.0/8", False),
        ("2001:db8::/32", False),
        ("${A}", False),
    ],
)
def test_world_is_a_range_of_addresses(cidr: str, expected: bool) -> None:
    assert is_world(cidr) is expected
