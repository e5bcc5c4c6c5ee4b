"""IAM statements named by intent."""

from __future__ import annotations

import pytest
from awacs.aws import ArnLike, StringEquals
from awacs.sqs import SendMessage
from troposphere import GetAtt, Ref, encode_to_dict

from builders.iam import statements


def test_conditions_with_one_operator_are_merged() -> None:
    """A condition of awacs is a dictionary by operator.

    Of two StringEquals it would silently keep the last, and widen the policy.
    """
    merged = statements.all_of(StringEquals("a", "1"), ArnLike("b", "2"), StringEquals("c", "3"))
    assert merged.JSONrepr() == {"StringEquals": {"a": "1", "c": "3"}, "ArnLike": {"b": "2"}}


def test_documents_carry_the_current_policy_version() -> None:
    document = statements.policy(statements.send_messages("Send", GetAtt("Queue", "Arn"))).JSONrepr()
    assert document["Version"] == "2012-10-17"


@pytest.mark.requirement("A-6")
def test_a_wildcard_needs_a_reason_that_reaches_the_metadata() -> None:
    wide = statements.unscoped("Send", "sqs:Example has no resource-level permission", [SendMessage])
    narrow = statements.send_messages("Other", GetAtt("Queue", "Arn"))
    assert statements.wildcard_reasons([wide, narrow]) == {"Send": "sqs:Example has no resource-level permission"}
    assert wide.JSONrepr()["Resource"] == ["*"]


@pytest.mark.requirement("A-6")
def test_a_principal_that_only_reads_under_a_key_may_only_decrypt() -> None:
    key = Ref("KeyArn")
    functions = (statements.read_under_key, statements.use_key)
    both = [encode_to_dict(function("Use", key, "secretsmanager", "s3").JSONrepr()) for function in functions]
    assert [each["Action"] for each in both] == [["kms:Decrypt"], ["kms:Decrypt", "kms:GenerateDataKey"]]
    for each in both:
        through = [service["Fn::Sub"] for service in each["Condition"]["StringEquals"]["kms:ViaService"]]
        assert through == [f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}" for service in ("secretsmanager", "s3")]
