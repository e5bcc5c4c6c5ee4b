"""The housekeeping tier: one function behind custom resources, which does what CloudFormation itself cannot do.

It empties versioned buckets before their deletion and closes the VPC's default security group. If a platform asks for it, it
also writes the entitlement of the platform's own API key. All functions of the platform share the tier's dead-letter queue,
and SNS moves alerts there that it could not deliver.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from awacs.aws import ArnEquals, Statement
from awacs.ec2 import DescribeSecurityGroups, RevokeSecurityGroupEgress, RevokeSecurityGroupIngress
from troposphere import Sub

from builders.contract import parameters, ports
from builders.contract.names import Names
from builders.contract.template import TierTemplate
from builders.iam import arns, statements
from builders.parts.custom_resources import add_custom_resource
from builders.parts.lambdas import FunctionRow, add_function, export_function
from builders.parts.queues import add_dead_letter_queue, redrive_from

Permissions = Callable[[TierTemplate], Sequence[Statement]]


def build(platform: str, names: Names, extra_permissions: Permissions = lambda template: ()) -> TierTemplate:
    """Builds the function, the dead-letter queue, and the closed default security group.

    Args:
        platform: the platform's name.
        names: the names of the platform's resources.
        extra_permissions: what the function may do on this platform beyond emptying buckets and closing the default group.
    """
    template = TierTemplate(
        platform, "Custom resources: what CloudFormation itself cannot do, such as emptying buckets."
    )
    queue = add_dead_letter_queue(
        template,
        "FunctionDeadLetters",
        "function-dead-letters",
        senders=[
            redrive_from(
                "UndeliveredAlerts",
                arns.arn("sqs", template.name_text("function-dead-letters")),
                arns.arn("sns", template.name_text("alerts")),
            )
        ],
    )
    built = add_function(template, row(template, names, extra_permissions), dead_letters=queue.arn)
    add_custom_resource(
        template,
        "ClosedDefaultSecurityGroup",
        built.arn,
        VpcId=template.use(ports.VPC_ID),
        GroupId=template.use(ports.DEFAULT_SECURITY_GROUP),
    )
    template.export(ports.FUNCTION_DEAD_LETTERS, queue.arn)
    template.offer(ports.FUNCTION_DEAD_LETTERS_NAME, queue.name)
    template.offer(ports.HOUSEKEEPING_FUNCTION, built.arn)
    export_function(template, built)
    return template


def row(template: TierTemplate, names: Names, extra_permissions: Permissions) -> FunctionRow:
    """The function's row. Later tiers create the buckets, so it knows them by name only."""
    buckets = names.of("AWS::S3::Bucket")
    group = Sub(
        "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:security-group/${Group}",
        Group=template.use(ports.DEFAULT_SECURITY_GROUP),
    )
    vpc = Sub("arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:vpc/${Vpc}", Vpc=template.use(ports.VPC_ID))
    return FunctionRow(
        name="housekeeping",
        description="Works behind the custom resources",
        memory_mib=1024,
        concurrency=parameters.SUPPORT_CONCURRENCY,
        permissions=[
            *statements.empty_buckets("EmptyBuckets", buckets),
            statements.allow(
                "CloseDefaultGroup",
                [RevokeSecurityGroupIngress, RevokeSecurityGroupEgress],
                [group],
                ArnEquals("ec2:Vpc", vpc),
            ),
            statements.unscoped(
                "FindDefaultGroup",
                "ec2:DescribeSecurityGroups has no resource-level permission",
                [DescribeSecurityGroups],
            ),
            *extra_permissions(template),
        ],
    )
