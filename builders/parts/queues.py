"""SQS queues: encrypted under the messaging key, reachable by TLS only, each with a dead-letter queue or being one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from awacs.aws import Allow, ArnEquals, Principal, Statement
from awacs.sqs import SendMessage
from troposphere import AWSHelperFn, GetAtt, Ref
from troposphere.sqs import Queue, QueuePolicy, RedrivePolicy

from builders.contract import ports
from builders.contract.template import TierTemplate
from builders.iam import denials, statements

RETENTION_SECONDS = 14 * 24 * 3600
"""14 days; SQS keeps a message no longer."""


@dataclass(frozen=True)
class BuiltQueue:
    """A queue and its policy, with the attributes that other resources need."""

    queue: Queue
    policy: QueuePolicy

    @property
    def arn(self) -> GetAtt:
        """The queue's ARN."""
        return GetAtt(self.queue, "Arn")

    @property
    def name(self) -> GetAtt:
        """The queue's name, which is the dimension of its metrics."""
        return GetAtt(self.queue, "QueueName")

    @property
    def url(self) -> Ref:
        """The queue's URL, to which clients send their requests."""
        return Ref(self.queue)


def add_queue(
    template: TierTemplate,
    title: str,
    stem: str,
    *,
    visibility_seconds: int,
    dead_letters: BuiltQueue,
    max_receives: int,
    senders: Sequence[Statement] = (),
) -> BuiltQueue:
    """Adds a queue whose messages move to its dead-letter queue after ``max_receives`` failed attempts.

    Args:
        template: the tier's template.
        title: logical id of the queue; its policy's is ``<title>Policy``.
        stem: the queue's name without platform and suffix.
        visibility_seconds: how long a received message stays hidden; for a function at least six times its timeout
            (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
        dead_letters: the dead-letter queue.
        max_receives: after how many failed attempts a message moves there.
        senders: statements of the queue's policy beyond the demand for TLS.
    """
    redrive = RedrivePolicy(deadLetterTargetArn=dead_letters.arn, maxReceiveCount=max_receives)
    return _add_queue(template, title, stem, senders, VisibilityTimeout=visibility_seconds, RedrivePolicy=redrive)


def add_dead_letter_queue(
    template: TierTemplate, title: str, stem: str, senders: Sequence[Statement] = ()
) -> BuiltQueue:
    """Adds a queue for messages that could not be handled; it keeps them as long as SQS can.

    ``senders`` are statements of the queue's policy beyond the demand for TLS. A function sends as its role, and SQS needs none.
    """
    return _add_queue(template, title, stem, senders)


def _add_queue(
    template: TierTemplate, title: str, stem: str, senders: Sequence[Statement], **properties: Any
) -> BuiltQueue:
    queue = template.add(
        Queue(
            title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            QueueName=template.named(stem),
            KmsMasterKeyId=template.use(ports.MESSAGING_KEY),
            MessageRetentionPeriod=RETENTION_SECONDS,
            **properties,
        )
    )
    return BuiltQueue(queue, _add_policy(template, queue, senders))


def send_from(sid: str, service: str, queue_arn: AWSHelperFn, source: AWSHelperFn) -> Statement:
    """Lets a service send messages to the queue in the name of one resource of this account."""
    return Statement(
        Sid=sid,
        Effect=Allow,
        Principal=Principal("Service", [f"{service}.amazonaws.com"]),
        Action=[SendMessage],
        Resource=[queue_arn],
        Condition=statements.all_of(*statements.from_source(source)),
    )


def redrive_from(sid: str, queue_arn: AWSHelperFn, topic_arn: AWSHelperFn) -> Statement:
    """Lets SNS move messages to the queue that it could not deliver to the subscribers of one topic.

    The topic's ARN contains the account. AWS does not document that SNS also sends the account.
    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html
    """
    return Statement(
        Sid=sid,
        Effect=Allow,
        Principal=Principal("Service", ["sns.amazonaws.com"]),
        Action=[SendMessage],
        Resource=[queue_arn],
        Condition=statements.all_of(ArnEquals("aws:SourceArn", topic_arn)),
    )


def _add_policy(template: TierTemplate, queue: Queue, senders: Sequence[Statement]) -> QueuePolicy:
    return template.add(
        QueuePolicy(
            f"{queue.title}Policy",
            Queues=[Ref(queue)],
            PolicyDocument=statements.policy(*senders, denials.deny_plain_messages("sqs", GetAtt(queue, "Arn"))),
        )
    )
