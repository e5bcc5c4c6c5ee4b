"""Lambda functions: what all of them have in common (requirement T-FN-1).

A function is a row: its purpose, its size and its permissions. Architecture, runtime, network, keys, tracing, log group,
dead-letter queue and code by content-addressed key are the same for every row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from awacs.aws import Statement
from troposphere import AWSHelperFn, Equals, GetAtt, If, NoValue, Ref, Sub
from troposphere.awslambda import (
    Code,
    DeadLetterConfig,
    Environment,
    Function,
    LoggingConfig,
    TracingConfig,
    VPCConfig,
)
from troposphere.logs import LogGroup

from builders.contract import artifacts, parameters, ports
from builders.contract.functions import TIMEOUT_SECONDS
from builders.contract.names import hyphenated, metrics_namespace, pascal
from builders.contract.template import ENVIRONMENT_SUFFIX, RootParameter, TierTemplate
from builders.iam import arns, statements
from builders.iam.roles import add_role
from builders.parts.logs import add_log_group

RUNTIME = "python3.15"
"""The newest of Python that CloudFormation's schema and boto3's model of Lambda list; every function's lock has wheels for it."""
RESERVES_CONCURRENCY = "WithReservedConcurrency"


@dataclass(frozen=True)
class FunctionRow:
    """One function.

    Attributes:
        name: its folder in lambda_src.
        description: shown in the console.
        memory_mib: memory, which also sets the share of CPU (1,769 MiB is one vCPU).
        concurrency: the root parameter that reserves its executions.
        environment: environment variables beyond those of every function.
        permissions: statements beyond logging, tracing and its own environment.
        policies: ARNs of customer-managed policies of other tiers.
    """

    name: str
    description: str
    memory_mib: int
    concurrency: RootParameter
    environment: Mapping[str, AWSHelperFn | str] = field(default_factory=dict)
    permissions: Sequence[Statement] = ()
    policies: Sequence[AWSHelperFn] = ()


@dataclass(frozen=True)
class BuiltFunction:
    """A row and its resources, with the attribute that others need."""

    row: FunctionRow
    function: Function
    log_group: LogGroup

    @property
    def arn(self) -> GetAtt:
        """The function's ARN."""
        return GetAtt(self.function, "Arn")


def add_function(template: TierTemplate, row: FunctionRow, *, dead_letters: AWSHelperFn) -> BuiltFunction:
    """Adds a function in the private subnets with its log group, its own role, and its code from the artifact bucket."""
    title, stem = pascal(row.name), hyphenated(row.name)
    group = add_log_group(template, f"{title}LogGroup", Sub(f"/aws/lambda/{template.name_text(stem)}"))
    arn = arns.arn("lambda", f"function:{template.name_text(stem)}")
    role = add_role(
        template,
        f"{title}Role",
        stem,
        row.description,
        trust=statements.trust_service("lambda", statements.from_this_account_if_present()),
        permissions=[*_every_function_may(template, arn, group, dead_letters), *row.permissions],
        policies=row.policies,
    )
    function = template.add(
        Function(
            f"{title}Function",
            FunctionName=template.named(stem),
            Description=row.description,
            Architectures=["arm64"],
            Runtime=RUNTIME,
            Handler=f"{row.name}.handler.handler",
            Code=_code(template, row.name),
            Role=GetAtt(role, "Arn"),
            MemorySize=row.memory_mib,
            Timeout=TIMEOUT_SECONDS[row.name],
            ReservedConcurrentExecutions=_reservation(template, row.concurrency),
            KmsKeyArn=template.use(ports.FUNCTIONS_KEY),
            Environment=Environment(Variables=_environment(template, row)),
            VpcConfig=_network(template),
            LoggingConfig=_logging(template, group),
            TracingConfig=TracingConfig(Mode="Active"),
            DeadLetterConfig=DeadLetterConfig(TargetArn=dead_letters),
        )
    )
    return BuiltFunction(row, function, group)


def _code(template: TierTemplate, name: str) -> Code:
    return Code(S3Bucket=template.use(artifacts.ARTIFACT_BUCKET), S3Key=template.use(artifacts.FUNCTION_KEYS[name]))


def _network(template: TierTemplate) -> VPCConfig:
    return VPCConfig(
        SecurityGroupIds=_groups(template),
        SubnetIds=_subnets(template),
    )


def _groups(template: TierTemplate) -> list[Ref]:
    return [template.use(ports.FUNCTION_SECURITY_GROUP)]


def _subnets(template: TierTemplate) -> list[Ref]:
    return [template.use(subnet) for subnet in ports.PRIVATE_SUBNETS]


def _logging(template: TierTemplate, group: LogGroup) -> LoggingConfig:
    return LoggingConfig(
        LogGroup=Ref(group),
        LogFormat="JSON",
        ApplicationLogLevel=template.use(parameters.LOG_LEVEL),
        SystemLogLevel="INFO",
    )


def export_function(template: TierTemplate, built: BuiltFunction) -> None:
    """Offers the names of the function and of its log group, for alarms and subscription filters."""
    template.offer(ports.function_name(built.row.name), Ref(built.function))
    template.offer(ports.function_log_group(built.row.name), Ref(built.log_group))


def _every_function_may(
    template: TierTemplate, arn: AWSHelperFn, group: LogGroup, dead_letters: AWSHelperFn
) -> list[Statement]:
    return [
        statements.write_logs("WriteLogs", GetAtt(group, "Arn")),
        statements.trace("Trace"),
        statements.decrypt_environment("DecryptEnvironment", template.use(ports.FUNCTIONS_KEY), arn),
        statements.send_messages("SendDeadLetters", dead_letters),
        statements.use_key("UseQueueKey", template.use(ports.MESSAGING_KEY), "sqs"),
        *statements.attach_to_vpc(arn, _groups(template), _subnets(template)),
    ]


def _environment(template: TierTemplate, row: FunctionRow) -> dict[str, AWSHelperFn | str]:
    common: dict[str, AWSHelperFn | str] = {
        "ENVIRONMENT": template.use(ENVIRONMENT_SUFFIX),
        "LOG_LEVEL": template.use(parameters.LOG_LEVEL),
        "POWERTOOLS_METRICS_NAMESPACE": metrics_namespace(template.platform),
        "POWERTOOLS_SERVICE_NAME": hyphenated(row.name),
    }
    return dict(sorted({**common, **row.environment}.items()))


def _reservation(template: TierTemplate, executions: RootParameter) -> AWSHelperFn:
    """The reserved concurrency; none if the functions share the account's pool."""
    if RESERVES_CONCURRENCY not in template.conditions:
        template.add_condition(RESERVES_CONCURRENCY, Equals(template.use(parameters.RESERVE_CONCURRENCY), "true"))
    return If(RESERVES_CONCURRENCY, template.use(executions), NoValue)
