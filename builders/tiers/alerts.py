"""The alerts tier: the topic to which people subscribe, and the function that publishes errors from logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from awacs.aws import Allow, Principal, Statement
from awacs.sns import Publish
from troposphere import AWSHelperFn, Equals, Not, Ref
from troposphere.awslambda import Permission
from troposphere.logs import SubscriptionFilter
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy

from builders.contract import parameters, ports
from builders.contract.names import Names, pascal
from builders.contract.template import Port, TierTemplate
from builders.iam import arns, denials, statements
from builders.parts.lambdas import BuiltFunction, FunctionRow, add_function
from builders.parts.pausing import when_pausing

HAS_EMAIL = "WithAlertEmail"

# Functions log JSON. Their own records have a level, those of Lambda a status.
_FUNCTION_ERRORS = (
    '{ $.level = "ERROR" || $.level = "CRITICAL" || $.level = "FATAL" || $.errorType = "*" '
    '|| $.record.status = "timeout" || $.record.status = "error" || $.record.status = "failure" }'
)


@dataclass(frozen=True)
class FilterRow:
    """A log group and the pattern of its errors.

    Attributes:
        title: the beginning of the logical ids.
        log_group: the port of the group's name.
        pattern: what an error looks like.
        while_pausing: the pattern if the database pauses, or None for the same one.

    Syntax: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """

    title: str
    log_group: Port
    pattern: str
    while_pausing: str | None = None


def function_filters(*names: str) -> tuple[FilterRow, ...]:
    """The filters of functions' log groups, by their folders in lambda_src."""
    return tuple(FilterRow(pascal(name), ports.function_log_group(name), _FUNCTION_ERRORS) for name in names)


def build(platform: str, names: Names, filters: Sequence[FilterRow]) -> TierTemplate:
    """Builds the topic, the log-alert function, and a filter on every application log group.

    Args:
        platform: the platform's name.
        names: the names of the platform's resources, of which the alarms publish.
        filters: one for each application log group except the log-alert function's own, whose errors would cause endless
            alerts. The alarm on its error metric reports them instead.
    """
    template = TierTemplate(platform, "Alert topic, and the function that publishes errors found in logs.")
    topic = add_topic(template, names)
    alerts = add_log_alerts(template, topic)
    add_subscription_filters(template, alerts, filters)
    template.export(ports.ALERT_TOPIC, Ref(topic))
    template.offer(ports.function_name("log_alerts"), Ref(alerts.function))
    return template


def add_topic(template: TierTemplate, names: Names) -> Topic:
    """Adds the encrypted topic. The platform's alarms and the log-alert function publish; a person may subscribe.

    An alert that SNS cannot deliver goes to the functions' dead letters, where an alarm watches. It must be a standard queue
    of the same account and region: https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    """
    template.add_condition(HAS_EMAIL, Not(Equals(template.use(parameters.ALERT_EMAIL), "")))
    topic = template.add(
        Topic(
            "AlertTopic",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            TopicName=template.named("alerts"),
            KmsMasterKeyId=template.use(ports.MESSAGING_KEY),
        )
    )
    template.add(
        TopicPolicy(
            "AlertTopicPolicy",
            Topics=[Ref(topic)],
            PolicyDocument=statements.policy(
                *_alarms_publish(topic, names), denials.deny_plain_messages("sns", Ref(topic))
            ),
        )
    )
    template.add(
        SubscriptionResource(
            "AlertEmailSubscription",
            Condition=HAS_EMAIL,
            TopicArn=Ref(topic),
            Protocol="email",
            Endpoint=template.use(parameters.ALERT_EMAIL),
            RedrivePolicy={"deadLetterTargetArn": template.use(ports.FUNCTION_DEAD_LETTERS)},
        )
    )
    return topic


def _alarms_publish(topic: Topic, names: Names) -> list[Statement]:
    """Allows the platform's alarms to publish; no statement if it has none."""
    alarms = names.of("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    if not alarms:
        return []
    return [
        Statement(
            Sid="Alarms",
            Effect=Allow,
            Principal=Principal("Service", ["cloudwatch.amazonaws.com"]),
            Action=[Publish],
            Resource=[Ref(topic)],
            Condition=statements.all_of(
                *statements.from_source(*(arns.arn("cloudwatch", f"alarm:{name}") for name in alarms))
            ),
        )
    ]


def add_log_alerts(template: TierTemplate, topic: Topic) -> BuiltFunction:
    """Adds the function that publishes errors from logs."""
    return add_function(
        template,
        FunctionRow(
            name="log_alerts",
            description="Publishes errors found in logs",
            memory_mib=256,
            concurrency=parameters.SUPPORT_CONCURRENCY,
            environment={"ALERT_TOPIC_ARN": Ref(topic)},
            permissions=[
                statements.publish("PublishAlerts", Ref(topic)),
                statements.use_key("UseTopicKey", template.use(ports.MESSAGING_KEY), "sns"),
            ],
        ),
        dead_letters=template.use(ports.FUNCTION_DEAD_LETTERS),
    )


def add_subscription_filters(template: TierTemplate, alerts: BuiltFunction, filters: Sequence[FilterRow]) -> None:
    """Adds one filter for each row. Its log group alone may invoke the function through it."""
    for row in filters:
        permission = template.add(
            Permission(
                f"{row.title}FilterPermission",
                FunctionName=Ref(alerts.function),
                Action="lambda:InvokeFunction",
                Principal="logs.amazonaws.com",
                SourceAccount=Ref("AWS::AccountId"),
                SourceArn=arns.arn("logs", f"log-group:{template.placeholder(row.log_group)}:*"),
            )
        )
        template.add(
            SubscriptionFilter(
                f"{row.title}Filter",
                DependsOn=permission,
                LogGroupName=template.use(row.log_group),
                FilterPattern=_pattern(template, row),
                DestinationArn=alerts.arn,
            )
        )


def _pattern(template: TierTemplate, row: FilterRow) -> AWSHelperFn | str:
    return row.pattern if row.while_pausing is None else when_pausing(template, row.while_pausing, row.pattern)
