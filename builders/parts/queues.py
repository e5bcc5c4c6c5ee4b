"""SQS queues: encrypted under the messaging key, reachable by TLS only, every one with its dead letters or being one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import Allow, Principal, Statement
from awacs.sqs import SendMessage
from troposphere import AWSHelperFn, GetAtt, Ref
from troposphere.sqs import Queue, QueuePolicy, RedrivePolicy

from builders.contract import ports
from builders.contract.template import TierTemplate
from builders.iam import denials, statements

FOURTEEN_DAYS = 14 * 24 * 3600
"""Seconds; SQS keeps a message no longer."""


def add_queue(
    template: TierTemplate,
    title: str,
    stem: str,
    *,
    visibility: int,
    dead_letters: Queue,
    max_receives: int,
    senders: Sequence[Statement] = (),
) -> Queue:
    """A queue whose messages, after ``max_receives`` failed attempts, go to its dead letters.

    Args:
        visibility: seconds a received message stays hidden; for a function at least six times its timeout
            (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
        senders: statements of the queue's policy beyond the demand for TLS.
    """
    redrive = RedrivePolicy(deadLetterTargetArn=GetAtt(dead_letters, "Arn"), maxReceiveCount=max_receives)
    return _add_queue(template, title, stem, senders, VisibilityTimeout=visibility, RedrivePolicy=redrive)


def add_dead_letter_queue(template: TierTemplate, title: str, stem: str) -> Queue:
    """A queue for what could not be handled, kept as long as SQS can."""
    return _add_queue(template, title, stem, ())


def _add_queue(template: TierTemplate, title: str, stem: str, senders: Sequence[Statement], **properties: Any) -> Queue:
    queue = template.add(
        Queue(
            title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            QueueName=template.named(stem),
            KmsMasterKeyId=template.use(ports.MESSAGING_KEY),
            MessageRetentionPeriod=FOURTEEN_DAYS,
            **properties,
        )
    )
    _add_policy(template, queue, senders)
    return queue


def send_from(sid: str, service: str, queue_arn: AWSHelperFn, source: AWSHelperFn) -> Statement:
    """Lets a service put messages of one resource of this account into the queue."""
    return Statement(
        Sid=sid,
        Effect=Allow,
        Principal=Principal("Service", [f"{service}.amazonaws.com"]),
        Action=[SendMessage],
        Resource=[queue_arn],
        Condition=statements.when(*statements.from_source(source)),
    )


def _add_policy(template: TierTemplate, queue: Queue, senders: Sequence[Statement]) -> QueuePolicy:
    return template.add(
        QueuePolicy(
            f"{queue.title}Policy",
            Queues=[Ref(queue)],
            PolicyDocument=statements.policy(*senders, denials.deny_plain_messages("sqs", GetAtt(queue, "Arn"))),
        )
    )
