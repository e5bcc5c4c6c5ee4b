"""The web tier of transactions: load balancer, instances that scale with load and business hours, and their logs."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from awacs.aws import Statement
from troposphere import Base64, GetAtt, Join, Ref, Sub
from troposphere.autoscaling import (
    AutoScalingGroup,
    LaunchTemplateSpecification,
    MetricsCollection,
    PredefinedMetricSpecification,
    ScalingPolicy,
    ScheduledAction,
    TargetTrackingConfiguration,
)
from troposphere.awslambda import EventSourceMapping, ScalingConfig
from troposphere.ec2 import (
    EBSBlockDevice,
    IamInstanceProfile,
    LaunchTemplate,
    LaunchTemplateBlockDeviceMapping,
    LaunchTemplateData,
    MetadataOptions,
    Monitoring,
    TagSpecifications,
)
from troposphere.elasticloadbalancingv2 import TargetGroup
from troposphere.iam import InstanceProfile, ServiceLinkedRole
from troposphere.kms import Key
from troposphere.logs import LogGroup
from troposphere.policies import (
    AutoScalingRollingUpdate,
    AutoScalingScheduledAction,
    CreationPolicy,
    ResourceSignal,
    UpdatePolicy,
)

from builders.contract import artifacts, parameters, ports
from builders.contract.names import SUFFIX
from builders.contract.template import TierTemplate
from builders.iam import arns, statements
from builders.iam.roles import add_role
from builders.parts import pack_rules, tagging
from builders.parts.keys import KeyRow, KeyUse, add_key
from builders.parts.lambdas import FunctionRow, add_function, export_function
from builders.parts.logs import add_log_group
from builders.parts.suppressions import suppress
from builders.transactions import facts
from builders.transactions.balancer import add_balancer

GROUP = "WebGroup"
BOOT = Path(__file__).with_name("boot.sh")
BOOT_MARGIN_SECONDS = 60
"""From the launch until the boot script begins, and what its last pauses may take beyond its own limit."""
WARM_UP_SECONDS = 180
"""From launch until an instance counts in the average that scaling evaluates."""
ROOT_VOLUME_GIB = 20

# CloudFormation's documentation advises to suspend the processes that start or end instances during a rolling update.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
_PAUSED = ["AlarmNotification", "AZRebalance", "HealthCheck", "ReplaceUnhealthy", "ScheduledActions"]


def boot_timeout_minutes() -> int:
    """How long CloudFormation waits for an instance's signal, and Auto Scaling for its health.

    It is longer than the boot script's own limit: all its steps, a failed signal of success, and the signal of failure. So an
    instance that boots slowly ends with its own reason, and Auto Scaling replaces none whose script still retries.
    Installation takes one to two minutes.
    """
    script = BOOT.read_text(encoding="utf-8")
    limits = dict(re.findall(r'^(BOOT_SECONDS|SIGNAL_SECONDS)="\$\{\1:-(\d+)\}"$', script, re.MULTILINE))
    seconds = int(limits["BOOT_SECONDS"]) + 2 * int(limits["SIGNAL_SECONDS"]) + BOOT_MARGIN_SECONDS
    return math.ceil(seconds / 60)


def build(platform: str) -> TierTemplate:
    """Builds load balancer, instances, scaling, and the function that copies the load balancer's log into its group."""
    template = TierTemplate(platform, "Load balancer and web instances, their scaling and their logs.")
    targets = add_balancer(template)
    log_group = add_log_group(
        template, "ApplicationLogGroup", Sub(f"/aws/ec2/{platform}-payments-${{EnvironmentSuffix}}")
    )
    profile = add_instance_profile(template, log_group)
    launch = add_launch_template(template, profile, log_group)
    group = add_group(template, launch, targets)
    add_scaling(template, group)
    add_balancer_logs(template)
    template.export(ports.APPLICATION_LOG_GROUP, Ref(log_group))
    template.export(ports.WEB_GROUP_NAME, Ref(group))
    return template


def add_instance_profile(template: TierTemplate, log_group: LogGroup) -> InstanceProfile:
    """Adds the permissions of an instance: fetch its artifact, read its login, write log and metrics, signal its start."""
    artifact = template.placeholder(artifacts.SERVICE_KEY)
    permissions: list[Statement] = [
        *statements.read_artifact("FetchArtifact", template.placeholder(artifacts.ARTIFACT_BUCKET), artifact),
        statements.read_secret("ReadDatabaseLogin", template.use(ports.DATABASE_SECRET)),
        statements.read_under_key("UseSecretsKey", template.use(ports.SECRETS_KEY), "secretsmanager"),
        statements.write_logs("WriteLogs", GetAtt(log_group, "Arn")),
        statements.put_metrics("PutMetrics", Sub(facts.agent_namespace(template.platform))),
        statements.signal_stack("SignalStack"),
    ]
    role = add_role(
        template,
        "InstanceRole",
        "instance",
        "Web instances run the payment service",
        trust=statements.trust_service("ec2", statements.from_this_account_if_present()),
        permissions=permissions,
    )
    return template.add(
        InstanceProfile("InstanceProfile", InstanceProfileName=template.named("instance-profile"), Roles=[Ref(role)])
    )


def add_launch_template(template: TierTemplate, profile: InstanceProfile, log_group: LogGroup) -> LaunchTemplate:
    """Adds the launch template: no key pair, no public address, metadata by session only, an encrypted volume."""
    key = add_volume_key(template)
    launch = template.add(
        LaunchTemplate(
            "WebLaunchTemplate",
            LaunchTemplateName=template.named("web"),
            LaunchTemplateData=LaunchTemplateData(
                ImageId=template.use(parameters.WEB_IMAGE),
                InstanceType=template.use(parameters.WEB_INSTANCE_TYPE),
                IamInstanceProfile=IamInstanceProfile(Arn=GetAtt(profile, "Arn")),
                SecurityGroupIds=[template.use(ports.INSTANCE_SECURITY_GROUP)],
                MetadataOptions=MetadataOptions(
                    HttpEndpoint="enabled", HttpTokens="required", HttpPutResponseHopLimit=1
                ),
                Monitoring=Monitoring(Enabled=True),
                EbsOptimized=True,
                BlockDeviceMappings=[
                    LaunchTemplateBlockDeviceMapping(
                        DeviceName="/dev/xvda",
                        Ebs=EBSBlockDevice(
                            DeleteOnTermination=True,
                            Encrypted=True,
                            KmsKeyId=GetAtt(key, "Arn"),
                            VolumeSize=ROOT_VOLUME_GIB,
                            VolumeType="gp3",
                        ),
                    )
                ],
                TagSpecifications=_instance_tags(template),
                UserData=user_data(template, log_group),
            ),
            TagSpecifications=[
                TagSpecifications(ResourceType="launch-template", Tags=tagging.as_tags(tagging.standard_tags()))
            ],
        )
    )
    suppress(launch, "Joined, so that the boot script stands here as it runs, without escapes", cfn_lint=["I1022"])
    return launch


def add_volume_key(template: TierTemplate) -> Key:
    """Adds the key of the instances' volumes, for Auto Scaling's role only."""
    use = KeyUse("Scaling", roles=(template.placeholder(ports.SCALING_ROLE),))
    return add_key(template, KeyRow("VolumeKey", "volumes", "Volumes of web instances", None, (use,)))


def _instance_tags(template: TierTemplate) -> list[TagSpecifications]:
    tags = tagging.as_tags({**tagging.standard_tags(), "Name": template.named("web")})
    return [TagSpecifications(ResourceType=kind, Tags=tags) for kind in ("instance", "volume", "network-interface")]


def user_data(template: TierTemplate, log_group: LogGroup) -> Base64:
    """The lines that export the settings, then the boot script, which contains no placeholder."""
    settings = {
        "REGION": "${AWS::Region}",
        "ARTIFACT_BUCKET": template.placeholder(artifacts.ARTIFACT_BUCKET),
        "ARTIFACT_KEY": template.placeholder(artifacts.SERVICE_KEY),
        "STACK_NAME": "${AWS::StackId}",
        "SIGNAL_RESOURCE": GROUP,
        "DB_SECRET_ARN": template.placeholder(ports.DATABASE_SECRET),
        "LOG_GROUP": arns.placeholder(Ref(log_group)),
        "ENVIRONMENT": SUFFIX,
        "PORT": str(facts.SERVICE_PORT),
        "METRICS_NAMESPACE": facts.agent_namespace(template.platform),
    }
    head = "".join(f"export {name}='{value}'\n" for name, value in settings.items())
    return Base64(Join("", ["#!/bin/bash\n", Sub(head), BOOT.read_text(encoding="utf-8")]))


def add_scaling_role(template: TierTemplate) -> None:
    """Adds Auto Scaling's role for this group alone, so that no other group can use the volumes' key.

    The keys tier creates it, about an hour before the key whose policy names it, because IAM needs time to propagate a role.
    ``Ref`` returns only the role's name.
    Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
    """
    role = template.add(
        ServiceLinkedRole(
            "ScalingRole",
            AWSServiceName="autoscaling.amazonaws.com",
            CustomSuffix=template.named("web"),
            Description="Auto Scaling starts web instances with encrypted volumes",
        )
    )
    template.export(
        ports.SCALING_ROLE,
        Sub(
            "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/autoscaling.amazonaws.com/${Name}",
            Name=Ref(role),
        ),
    )


def add_group(template: TierTemplate, launch: LaunchTemplate, targets: TargetGroup) -> AutoScalingGroup:
    """Adds the group in all zones.

    A new version of the launch template replaces the instances one by one. Each must signal that its service is healthy;
    otherwise CloudFormation rolls back to the previous version.
    """
    minutes = boot_timeout_minutes()
    signals = ResourceSignal(Count=template.use(parameters.WEB_MIN_INSTANCES), Timeout=f"PT{minutes}M")
    group = template.add(
        AutoScalingGroup(
            GROUP,
            DependsOn="HttpListener",
            CreationPolicy=CreationPolicy(ResourceSignal=signals),
            UpdatePolicy=_update_policy(template, minutes),
            AutoScalingGroupName=template.named("web"),
            LaunchTemplate=LaunchTemplateSpecification(
                LaunchTemplateId=Ref(launch), Version=GetAtt(launch, "LatestVersionNumber")
            ),
            ServiceLinkedRoleARN=template.use(ports.SCALING_ROLE),
            MinSize=template.use(parameters.WEB_MIN_INSTANCES),
            MaxSize=template.use(parameters.WEB_MAX_INSTANCES),
            VPCZoneIdentifier=[template.use(subnet) for subnet in ports.PRIVATE_SUBNETS],
            TargetGroupARNs=[Ref(targets)],
            HealthCheckType="ELB",
            HealthCheckGracePeriod=minutes * 60,
            DefaultInstanceWarmup=WARM_UP_SECONDS,
            MetricsCollection=[MetricsCollection(Granularity="1Minute")],
        )
    )
    suppress(
        group, "Every instance has the type of the parameter (requirement X-WEB-1)", **pack_rules.ONE_INSTANCE_TYPE
    )
    return group


def _update_policy(template: TierTemplate, boot_minutes: int) -> UpdatePolicy:
    """One instance at a time, and never fewer than the least number outside business hours.

    In business hours that is one instance below their least number while the update runs. A template does not know whether it
    is deployed in business hours, and at night fewer instances run than that number.
    """
    return UpdatePolicy(
        AutoScalingRollingUpdate=AutoScalingRollingUpdate(
            MaxBatchSize=1,
            MinInstancesInService=template.use(parameters.WEB_MIN_INSTANCES),
            MinSuccessfulInstancesPercent=100,
            PauseTime=f"PT{boot_minutes}M",
            SuspendProcesses=_PAUSED,
            WaitOnResourceSignals=True,
        ),
        # Otherwise an update at noon would reset the size to that of the night.
        AutoScalingScheduledAction=AutoScalingScheduledAction(IgnoreUnmodifiedGroupSizeProperties=True),
    )


def add_scaling(template: TierTemplate, group: AutoScalingGroup) -> None:
    """Adds scaling by load, and more instances in New York's business hours, with its daylight saving time."""
    template.add(
        ScalingPolicy(
            "CpuScaling",
            AutoScalingGroupName=Ref(group),
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration=TargetTrackingConfiguration(
                PredefinedMetricSpecification=PredefinedMetricSpecification(
                    PredefinedMetricType="ASGAverageCPUUtilization"
                ),
                TargetValue=template.use(parameters.WEB_CPU_TARGET),
            ),
        )
    )
    for title, at, least in (
        ("BusinessHoursBegin", "0 8 * * 1-5", parameters.WEB_BUSINESS_INSTANCES),
        ("BusinessHoursEnd", "0 18 * * 1-5", parameters.WEB_MIN_INSTANCES),
    ):
        template.add(
            ScheduledAction(
                title,
                AutoScalingGroupName=Ref(group),
                MinSize=template.use(least),
                MaxSize=template.use(parameters.WEB_MAX_INSTANCES),
                Recurrence=at,
                TimeZone="America/New_York",
            )
        )


def add_balancer_logs(template: TierTemplate) -> None:
    """Adds the function that writes the load balancer's log files, line by line, into their log group.

    Elastic Load Balancing writes to S3 only. From a log group, filters and alarms can read the lines too.
    """
    log_group = add_log_group(
        template,
        "BalancerLogGroup",
        Sub(f"/aws/elasticloadbalancing/{template.name_text('balancer')}"),
    )
    row = _balancer_logs(template, log_group)
    built = add_function(template, row, dead_letters=template.use(ports.FUNCTION_DEAD_LETTERS))
    batching: dict[str, Any] = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 5}
    template.add(
        EventSourceMapping(
            "BalancerLogSource",
            EventSourceArn=template.use(ports.BALANCER_LOG_QUEUE_ARN),
            FunctionName=Ref(built.function),
            FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig=ScalingConfig(MaximumConcurrency=template.use(parameters.SUPPORT_CONCURRENCY)),
            **batching,
        )
    )
    export_function(template, built)
    template.export(ports.BALANCER_LOG_GROUP, Ref(log_group))


def _balancer_logs(template: TierTemplate, log_group: LogGroup) -> FunctionRow:
    queue_arn = template.use(ports.BALANCER_LOG_QUEUE_ARN)
    bucket_arn = template.use(ports.ACCESS_LOG_BUCKET_ARN)
    return FunctionRow(
        name="balancer_logs",
        description="Brings the load balancer's access log into its log group",
        memory_mib=512,
        concurrency=parameters.SUPPORT_CONCURRENCY,
        environment={"BALANCER_LOG_GROUP": Ref(log_group)},
        permissions=[
            statements.consume_queue("TakeLogFiles", queue_arn),
            statements.list_objects("TellMissingFromForbidden", bucket_arn),
            statements.read_objects("ReadLogFiles", bucket_arn, f"{facts.BALANCER_PREFIX}/*"),
            statements.write_logs("WriteBalancerLog", GetAtt(log_group, "Arn")),
        ],
    )
