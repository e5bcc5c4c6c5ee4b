"""Web ACLs: a rate limit for each address and AWS's managed rule groups, with logs that contain no credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import AWSHelperFn, AWSObject, GetAtt, Ref, Sub
from troposphere.wafv2 import (
    AllowAction,
    AssociationConfig,
    BlockAction,
    CountAction,
    DataProtect,
    DataProtectionConfig,
    DefaultAction,
    FieldToProtect,
    LoggingConfiguration,
    LoggingConfigurationFieldToMatch,
    ManagedRuleGroupStatement,
    OverrideAction,
    RateBasedStatement,
    RuleAction,
    RuleActionOverride,
    SingleHeader,
    Statement,
    VisibilityConfig,
    WebACL,
    WebACLAssociation,
    WebACLRule,
)

from builders.contract import parameters, ports
from builders.contract.template import TierTemplate
from builders.iam import arns
from builders.parts.logs import add_log_group

SECRET_HEADERS = ("authorization", "x-api-key", "x-amz-security-token", "session-token", "cookie")
"""Headers that WAF keeps out of its logs and samples, because anyone with their values can act as the client.

They are signature, key, the token of temporary credentials, the token of a session (``sessions.handler.TOKEN_HEADER``), and
cookies. WAF requires lower case and accepts at most 100 names.

Two headers are not secret here. Idempotency-Key grants nothing without the other three, and shows which requests are
repetitions. CloudFront adds the header for the load balancer only after WAF.

Source: https://docs.aws.amazon.com/waf/latest/APIReference/API_LoggingConfiguration.html
"""
BODY_HITS = "%awswaf:managed:aws:[a-z-]+:[A-Za-z0-9]+_Body%"
"""Pattern of the log lines of requests whose body matches a rule that counts. The rule adds a label that ends in ``_Body``.

Source: https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html (labels)
"""
SECRET_ARGUMENTS = ("X-Amz-Security-Token", "X-Amz-Signature")
"""The same values in the query string of a presigned request."""


BODY_RULES: Mapping[str, tuple[str, ...]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "CrossSiteScripting_BODY",
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": ("JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"),
    "AWSManagedRulesSQLiRuleSet": ("SQLi_BODY", "SQLiExtendedPatterns_BODY"),
}
"""Rule group of AWS → those of its rules that inspect the body. Every web ACL has all groups, in this order.

These rules count and do not block. They read the body as the client sent it, before anything decompresses it, and a body
that they block is blocked at every retry. All other rules of the groups block.

AWS names a rule after the part of a request that it inspects. ``aws wafv2 describe-managed-rule-group --vendor-name AWS
--scope REGIONAL --name GROUP --query 'Rules[].Name'`` shows the rules of a group.

Source: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html for the rules,
https://repost.aws/knowledge-center/waf-upload-blocked-files for bodies of random bytes that body rules block
"""


def add_regional_web_acl(
    template: TierTemplate, resource_arn: AWSHelperFn, after: AWSObject, *, bodies_pass: str
) -> WebACL:
    """Adds a web ACL for a stage of API Gateway, with its logs. ``bodies_pass`` is the reason why no body is blocked."""
    acl = _add_web_acl(template, "REGIONAL", "API_GATEWAY", bodies_pass)
    template.add(
        WebACLAssociation("WebAclAssociation", DependsOn=after, WebACLArn=GetAtt(acl, "Arn"), ResourceArn=resource_arn)
    )
    _add_logs(template, acl)
    template.export(ports.WEB_ACL_NAME, template.named("web-acl"))
    return acl


def add_edge_web_acl(template: TierTemplate, *, bodies_pass: str) -> WebACL:
    """Adds a web ACL for CloudFront, with its logs. ``bodies_pass`` is the reason why no body is blocked.

    The distribution refers to it. AWS accepts it in us-east-1 only.
    """
    acl = _add_web_acl(template, "CLOUDFRONT", "CLOUDFRONT", bodies_pass)
    _add_logs(template, acl)
    template.export(ports.WEB_ACL_NAME, template.named("web-acl"))
    return acl


def _add_web_acl(template: TierTemplate, scope: str, inspected: str, bodies_pass: str) -> WebACL:
    return template.add(
        WebACL(
            "WebAcl",
            Metadata={"BodyRulesOnlyCount": bodies_pass},
            Name=template.named("web-acl"),
            Description="Rate limit for each address and managed rules",
            Scope=scope,
            DefaultAction=DefaultAction(Allow=AllowAction()),
            # Inspect as much of a body as WAF can; by default it inspects 16 KB.
            AssociationConfig=AssociationConfig(RequestBody={inspected: {"DefaultSizeInspectionLimit": "KB_64"}}),
            DataProtectionConfig=_data_protection(),
            Rules=_rules(template),
            VisibilityConfig=_visibility(template.named("web-acl")),
        )
    )


def _data_protection() -> DataProtectionConfig:
    """Replaces credentials in all outputs of WAF: logs, sampled requests, Security Lake.

    The redaction of a logging configuration changes the logs only.

    Source: https://docs.aws.amazon.com/waf/latest/APIReference/API_DataProtectionConfig.html
    """
    fields = (("SINGLE_HEADER", SECRET_HEADERS), ("SINGLE_QUERY_ARGUMENT", SECRET_ARGUMENTS))
    return DataProtectionConfig(
        DataProtections=[
            DataProtect(Action="SUBSTITUTION", Field=FieldToProtect(FieldType=kind, FieldKeys=list(names)))
            for kind, names in fields
        ]
    )


def _rules(template: TierTemplate) -> list[WebACLRule]:
    rate = WebACLRule(
        Name="requests-per-address",
        Priority=0,
        Action=RuleAction(Block=BlockAction()),
        Statement=Statement(
            RateBasedStatement=RateBasedStatement(
                AggregateKeyType="IP", EvaluationWindowSec=300, Limit=template.use(parameters.REQUESTS_PER_ADDRESS)
            )
        ),
        VisibilityConfig=_visibility("requests-per-address"),
    )
    return [rate, *(_managed(group, priority) for priority, group in enumerate(BODY_RULES, start=1))]


_NO_OVERRIDE: dict[str, Any] = {"None": {}}  # None is a keyword of Python and a property of CloudFormation


def _managed(group: str, priority: int) -> WebACLRule:
    overrides = [
        RuleActionOverride(Name=rule, ActionToUse=RuleAction(Count=CountAction())) for rule in BODY_RULES[group]
    ]
    optional: dict[str, Any] = {"RuleActionOverrides": overrides} if overrides else {}
    return WebACLRule(
        Name=group,
        Priority=priority,
        OverrideAction=OverrideAction(**_NO_OVERRIDE),
        Statement=Statement(
            ManagedRuleGroupStatement=ManagedRuleGroupStatement(VendorName="AWS", Name=group, **optional)
        ),
        VisibilityConfig=_visibility(group),
    )


def _visibility(metric: AWSHelperFn | str) -> VisibilityConfig:
    return VisibilityConfig(CloudWatchMetricsEnabled=True, MetricName=metric, SampledRequestsEnabled=True)


def _add_logs(template: TierTemplate, acl: WebACL) -> None:
    """Adds the logs, without credentials. WAF requires a log group whose name begins with ``aws-waf-logs-``.

    Source: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
    """
    group = add_log_group(template, "WebAclLogGroup", Sub(f"aws-waf-logs-{template.name_text('web-acl')}"))
    template.offer(ports.WEB_ACL_LOG_GROUP, Ref(group))
    template.add(
        LoggingConfiguration(
            "WebAclLogging",
            ResourceArn=GetAtt(acl, "Arn"),
            LogDestinationConfigs=[arns.log_group(group)],
            RedactedFields=[
                LoggingConfigurationFieldToMatch(SingleHeader=SingleHeader(Name=name)) for name in SECRET_HEADERS
            ],
        )
    )
