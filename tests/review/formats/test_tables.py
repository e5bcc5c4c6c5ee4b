"""Policies and rules as rows: what is added, removed and changed, and nothing left out."""

from __future__ import annotations

import json

import pytest

from review.formats.tables import Table, row_text, tables
from review.judgement.verdict import judge_plan
from tests.review.support.plans import change_set, claim, deployed, make_plan

pytestmark = pytest.mark.requirement("REV-4")

POLICY = """\
Resources:
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement:
        - {Sid: Read, Effect: Allow, Action: ['s3:GetObject', 's3:ListBucket'], Resource: 'arn:aws:s3:::raw/*'}
        - Effect: Deny
          NotAction: 'iam:*'
          Resource: '*'
          Condition: {StringNotEquals: {'aws:RequestedRegion': [us-east-1, us-east-2]}}
"""
GROUP = """\
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: d
      SecurityGroupIngress:
      - {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/8, Description: TLS}
      - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.1.0.0/16}
"""


def tables_of(before: str, after: str) -> tuple[Table, ...]:
    """The tables of the one resource that changes."""
    plan = make_plan({"root.yaml": after}, deployed("small-dev", before), claims=change_set())
    return tables(judge_plan(plan).real[0])


def rows_of(before: str, after: str) -> list[str]:
    (table,) = tables_of(before, after)
    return [*map(row_text, table.rows)]


def test_an_added_action_is_a_changed_row_with_a_sign() -> None:
    (table,) = tables_of(POLICY, POLICY.replace("'s3:ListBucket'", "'s3:ListBucket', 's3:DeleteObject'"))
    assert (table.path, table.same) == ("Properties/PolicyDocument", 1)
    assert table.columns == ("effect", "action", "resource")
    assert [*map(row_text, table.rows)] == [
        "~ Allow, (Read) | s3:GetObject, s3:ListBucket, +s3:DeleteObject | arn:aws:s3:::raw/*"
    ]


def test_not_action_and_conditions_are_told_in_words() -> None:
    (row,) = rows_of(POLICY, POLICY.replace("us-east-2", "eu-west-1"))
    assert row == (
        "~ Deny | all but iam:* | * | -StringNotEquals aws:RequestedRegion = us-east-1 or us-east-2, "
        "+StringNotEquals aws:RequestedRegion = us-east-1 or eu-west-1"
    )


def test_a_removed_statement_and_an_unlike_one_are_two_rows() -> None:
    after = POLICY.replace(
        "{Sid: Read, Effect: Allow, Action: ['s3:GetObject', 's3:ListBucket'], Resource: 'arn:aws:s3:::raw/*'}",
        "{Effect: Allow, Action: 'sts:AssumeRole', Principal: {AWS: '*'}, Resource: '*'}",
    )
    assert rows_of(POLICY, after) == [
        "- Allow, (Read) | s3:GetObject, s3:ListBucket |  | arn:aws:s3:::raw/*",
        "+ Allow | sts:AssumeRole | AWS: * | *",
    ]


def test_the_order_of_statements_and_actions_changes_no_row() -> None:
    after = POLICY.replace("['s3:GetObject', 's3:ListBucket']", "['s3:ListBucket', 's3:GetObject']")
    assert tables_of(POLICY, after) == ()


def test_a_policy_in_a_text_is_read() -> None:
    def secret(action: str) -> str:
        statement = {"Effect": "Allow", "Action": action, "Principal": "*", "Resource": "*"}
        policy = json.dumps({"Statement": statement})
        return f"Resources: {{P: {{Type: AWS::Logs::ResourcePolicy, Properties: {{PolicyDocument: '{policy}'}}}}}}"

    assert rows_of(secret("logs:PutLogEvents"), secret("logs:*")) == [
        "~ Allow | -logs:PutLogEvents, +logs:* | * | *",
    ]


def test_an_unknown_key_of_a_statement_is_in_the_last_cell() -> None:
    assert rows_of(POLICY, POLICY.replace("Sid: Read,", "Sid: Read, Other: x,"))[0].endswith("+Other: x")


def test_all_statements_of_a_new_resource_are_added() -> None:
    rows = rows_of("Resources: {T: {Type: AWS::SNS::Topic}}", f"{POLICY}  T: {{Type: AWS::SNS::Topic}}\n")
    assert [row[0] for row in rows] == ["+", "+"]


def test_a_rule_of_a_security_group_that_opens() -> None:
    (table,) = tables_of(GROUP, GROUP.replace("10.1.0.0/16", "0.0.0.0/0"))
    assert (table.path, table.same) == ("Properties/SecurityGroupIngress", 1)
    assert [*map(row_text, table.rows)] == ["~ in | tcp | 22 | -10.1.0.0/16, +0.0.0.0/0"]


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("{IpProtocol: '-1', CidrIp: 10.0.0.0/8}", "all | all | 10.0.0.0/8"),
        ("{IpProtocol: tcp, FromPort: 0, ToPort: 65535, CidrIpv6: '::/0'}", "tcp | 0-65535 | ::/0"),
        ("{IpProtocol: icmp, FromPort: 8, ToPort: -1, CidrIp: 10.0.0.0/8}", "icmp | type 8, code all | 10.0.0.0/8"),
        ("{IpProtocol: udp, FromPort: 53, ToPort: 53, SourcePrefixListId: pl-1}", "udp | 53 | pl-1"),
    ],
)
def test_ports_and_peers_of_a_rule(rule: str, shown: str) -> None:
    before = "Resources: {T: {Type: AWS::SNS::Topic}}"
    after = f"{before[:-1]}, R: {{Type: AWS::EC2::SecurityGroupIngress, Properties: {rule}}}}}"
    assert rows_of(before, after) == [f"+ in | {shown}"]


def test_a_removed_rule_shows_what_it_was() -> None:
    before = "Resources: {T: {Type: AWS::SNS::Topic}}"
    rule = "{GroupId: g, IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIp: 10.0.0.0/8}"
    added = f"{before[:-1]}, R: {{Type: AWS::EC2::SecurityGroupEgress, Properties: {rule}}}}}"
    plan = make_plan(
        {"root.yaml": before},
        deployed("small-dev", added),
        claims=change_set(claim("R", "AWS::EC2::SecurityGroupEgress", "Remove")),
    )
    (change,) = judge_plan(plan).real
    assert [row_text(row) for table in tables(change) for row in table.rows] == ["- out | tcp | 1 | 10.0.0.0/8"]
