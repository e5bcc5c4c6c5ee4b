"""The storage tier of transactions: the bucket of access logs, and the queue of the load balancer's new log files."""

from __future__ import annotations

from collections.abc import Sequence

from awacs.aws import Allow, ArnLikeIfExists, Principal, Statement
from awacs.s3 import PutObject
from troposphere import AWSHelperFn
from troposphere.s3 import Filter, NotificationConfiguration, QueueConfigurations, Rules, S3Key

from builders.contract import ports
from builders.contract.functions import visibility_timeout_seconds
from builders.contract.names import ACCESS_LOG_BUCKET, Names, bucket_name_text
from builders.contract.template import TierTemplate
from builders.iam import arns, statements
from builders.parts.buckets import EXPIRED_VERSIONS_GO_AFTER_DAYS, add_access_log_bucket, lifecycle
from builders.parts.queues import BuiltQueue, add_dead_letter_queue, add_queue, send_from
from builders.transactions import facts

LOGS_EXPIRE_AFTER_DAYS = 90
"""Requirement X-S3-1. An operator who needs twelve months of audit trail (PCI DSS 4.0.1, 10.5.1) must copy the files before."""


def build(platform: str, names: Names) -> TierTemplate:
    """Builds the bucket and the queue.

    The queue comes first, because S3 checks that it may send before it accepts a bucket's notification.
    """
    template = TierTemplate(platform, "Bucket of access logs, and the queue of the load balancer's new log files.")
    queue = add_log_queue(template)
    bucket = add_access_log_bucket(
        template,
        "AccessLogBucket",
        names,
        rules=lifecycle(
            glacier=False,
            expire_after_days=LOGS_EXPIRE_AFTER_DAYS,
            versions_expire_after_days=EXPIRED_VERSIONS_GO_AFTER_DAYS,
        ),
        grants=lambda bucket_arn: balancer_delivers(bucket_arn, names),
        DependsOn=queue.policy,
        NotificationConfiguration=notify(queue),
    )
    template.export(ports.ACCESS_LOG_BUCKET, bucket.name)
    template.export(ports.ACCESS_LOG_BUCKET_ARN, bucket.arn)
    return template


def add_log_queue(template: TierTemplate) -> BuiltQueue:
    """Adds the queue between the bucket and the function that reads the files, and its dead-letter queue."""
    dead_letters = add_dead_letter_queue(template, "BalancerLogDeadLetters", "balancer-log-dead-letters")
    bucket = arns.bucket(bucket_name_text(template.platform, ACCESS_LOG_BUCKET))
    queue = add_queue(
        template,
        "BalancerLogQueue",
        "balancer-logs",
        visibility_seconds=visibility_timeout_seconds("balancer_logs"),
        dead_letters=dead_letters,
        max_receives=5,
        senders=[
            send_from(
                "NewLogFiles",
                "s3",
                arns.arn("sqs", f"{template.name_text('balancer-logs')}"),
                bucket,
            )
        ],
    )
    template.export(ports.BALANCER_LOG_QUEUE_ARN, queue.arn)
    template.export(ports.BALANCER_LOG_DEAD_LETTERS, dead_letters.name)
    return queue


def notify(queue: BuiltQueue) -> NotificationConfiguration:
    """S3 sends a message for each new log file of the load balancer.

    Elastic Load Balancing's one-time test file does not match the filter.
    """
    rules = [Rules(Name="prefix", Value=f"{facts.BALANCER_PREFIX}/"), Rules(Name="suffix", Value=".log.gz")]
    return NotificationConfiguration(
        QueueConfigurations=[
            QueueConfigurations(Event="s3:ObjectCreated:*", Queue=queue.arn, Filter=Filter(S3Key=S3Key(Rules=rules)))
        ]
    )


def balancer_delivers(bucket_arn: AWSHelperFn, names: Names) -> Sequence[Statement]:
    """Allows Elastic Load Balancing to write the logs of the platform's load balancer, which it can with SSE-S3 only.

    The resource is the folder of this account, as in the guide's example, which has no condition. The condition holds only if
    the service sends the load balancer's ARN: reports differ, and without ``IfExists`` CloudFormation could not create the load
    balancer if the service omits it. An ARN contains the name and then an id.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    balancers = [
        arns.arn("elasticloadbalancing", f"loadbalancer/app/{name}/*")
        for name in names.of("AWS::ElasticLoadBalancingV2::LoadBalancer")
    ]
    return [
        Statement(
            Sid="BalancerLogDelivery",
            Effect=Allow,
            Principal=Principal("Service", ["logdelivery.elasticloadbalancing.amazonaws.com"]),
            Action=[PutObject],
            Resource=[arns.below(bucket_arn, f"/{facts.BALANCER_PREFIX}/AWSLogs/${{AWS::AccountId}}/*")],
            Condition=statements.all_of(ArnLikeIfExists("aws:SourceArn", balancers)),
        )
    ]
