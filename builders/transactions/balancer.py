"""The load balancer: it accepts CloudFront only, by address and by secret header, and forwards to the web instances."""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import AWSHelperFn, Equals, GetAtt, If, Not, Ref
from troposphere import Condition as ConditionRef
from troposphere.elasticloadbalancingv2 import (
    Action,
    Certificate,
    Condition,
    FixedResponseConfig,
    HttpHeaderConfig,
    Listener,
    ListenerRule,
    ListenerRuleAction,
    LoadBalancer,
    LoadBalancerAttributes,
    Matcher,
    RedirectConfig,
    TargetGroup,
    TargetGroupAttribute,
)

from builders.contract import parameters, ports
from builders.contract.template import TierTemplate
from builders.parts import pack_rules
from builders.parts.suppressions import suppress
from builders.transactions import facts, origin_header

HAS_NO_CERTIFICATE = "WithoutCertificate"
HEALTH_PATH = "/health"
IDLE_TIMEOUT_SECONDS = 60
"""The service keeps connections longer, so that the load balancer never uses one that the service is just closing."""
HEALTH_INTERVAL_SECONDS = 10
"""Between two health checks of an instance by a node of the load balancer."""
UNHEALTHY_AFTER_CHECKS = 10
"""Failed health checks in a row."""
DRAIN_SECONDS = 60
"""For the requests of an instance that leaves; the service completes its own within half of that."""
# TLS 1.2 and 1.3 with forward secrecy only.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
_BALANCER: Mapping[str, str] = {
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": str(IDLE_TIMEOUT_SECONDS),
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "true",
    "routing.http2.enabled": "true",
}
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
_TARGETS: Mapping[str, str] = {
    "deregistration_delay.timeout_seconds": str(DRAIN_SECONDS),
    "load_balancing.algorithm.type": "least_outstanding_requests",
    "slow_start.duration_seconds": "0",
}


def add_balancer(template: TierTemplate) -> TargetGroup:
    """Adds load balancer, listeners and target group; returns the target group, which the instances join."""
    template.add_condition(facts.HAS_CERTIFICATE, Not(Equals(template.use(parameters.CERTIFICATE), "")))
    template.add_condition(HAS_NO_CERTIFICATE, Not(ConditionRef(facts.HAS_CERTIFICATE)))
    balancer = template.add(
        LoadBalancer(
            "LoadBalancer",
            Name=template.named("web"),
            Type="application",
            Scheme="internet-facing",
            IpAddressType="ipv4",
            SecurityGroups=[
                template.use(ports.BALANCER_SECURITY_GROUP),
                template.use(ports.BALANCER_TLS_SECURITY_GROUP),
            ],
            Subnets=[template.use(subnet) for subnet in ports.PUBLIC_SUBNETS],
            LoadBalancerAttributes=_attributes(template),
        )
    )
    suppress(
        balancer,
        "Deletion protection would keep destroy from leaving nothing (requirement A-2); termination protection of the stack "
        "guards production",
        **pack_rules.BALANCER_DELETION_PROTECTION,
    )
    suppress(
        balancer,
        "The web ACL is CloudFront's (requirement X-CDN-1); only CloudFront reaches the load balancer, by its addresses and the "
        "secret header",
        **pack_rules.BALANCER_WEB_ACL,
    )
    suppress(
        balancer,
        "The web ACL is at CloudFront (requirement X-CDN-1), whose addresses and secret header alone reach this load balancer",
        cfn_lint=["E9816"],
    )
    targets = add_target_group(template)
    add_listeners(template, balancer, targets)
    template.export(ports.BALANCER_DNS, GetAtt(balancer, "DNSName"))
    template.export(ports.BALANCER_NAME, GetAtt(balancer, "LoadBalancerFullName"))
    template.export(ports.TARGET_GROUP_NAME, GetAtt(targets, "TargetGroupFullName"))
    return targets


def _attributes(template: TierTemplate) -> list[LoadBalancerAttributes]:
    values: dict[str, str | AWSHelperFn] = {
        "access_logs.s3.bucket": template.use(ports.ACCESS_LOG_BUCKET),
        "access_logs.s3.enabled": "true",
        "access_logs.s3.prefix": facts.BALANCER_PREFIX,
        **_BALANCER,
    }
    return [LoadBalancerAttributes(Key=key, Value=value) for key, value in values.items()]


def add_target_group(template: TierTemplate) -> TargetGroup:
    """Adds the target group of the web instances.

    ``/health`` needs the database. So an instance counts as unhealthy, and is replaced, only after 100 seconds: a failover of
    Aurora, which usually takes a minute at most, must not replace all instances.

    The load balancer sends requests and health checks to the instances over TLS, because a VPC encrypts traffic only between
    some instance types, and T3 is not one of them. "The load balancer does not validate these certificates", so each instance
    creates its own.
    Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-routing-configuration
    and https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/data-protection.html#encryption-transit
    """
    return template.add(
        TargetGroup(
            "TargetGroup",
            Name=template.named("web"),
            VpcId=template.use(ports.VPC_ID),
            TargetType="instance",
            Protocol="HTTPS",
            ProtocolVersion="HTTP1",
            Port=facts.SERVICE_PORT,
            HealthCheckEnabled=True,
            HealthCheckPath=HEALTH_PATH,
            HealthCheckProtocol="HTTPS",
            HealthCheckIntervalSeconds=HEALTH_INTERVAL_SECONDS,
            HealthCheckTimeoutSeconds=5,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=UNHEALTHY_AFTER_CHECKS,
            Matcher=Matcher(HttpCode="200"),
            TargetGroupAttributes=[TargetGroupAttribute(Key=key, Value=value) for key, value in _TARGETS.items()],
        )
    )


def add_listeners(template: TierTemplate, balancer: LoadBalancer, targets: TargetGroup) -> None:
    """Adds an HTTP listener; with a certificate also an HTTPS listener, to which the first redirects.

    The listeners reject requests by default. Only the rule that checks the secret header forwards them.
    """
    http = template.add(
        Listener(
            "HttpListener",
            LoadBalancerArn=Ref(balancer),
            Port=80,
            Protocol="HTTP",
            DefaultActions=[If(facts.HAS_CERTIFICATE, _redirect(), _reject())],
        )
    )
    suppress(
        http,
        "HTTP only until a certificate is given (requirement X-ALB-1); then this listener redirects and nothing reaches it but "
        "through the security group of CloudFront's addresses",
        **pack_rules.PLAIN_LISTENER,
    )
    https = template.add(
        Listener(
            "HttpsListener",
            Condition=facts.HAS_CERTIFICATE,
            LoadBalancerArn=Ref(balancer),
            Port=443,
            Protocol="HTTPS",
            SslPolicy=TLS_POLICY,
            Certificates=[Certificate(CertificateArn=template.use(parameters.CERTIFICATE))],
            DefaultActions=[_reject()],
        )
    )
    plain = _add_rule(template, http, HAS_NO_CERTIFICATE, targets)
    suppress(
        plain, "Only without a certificate, which the root demands where plaintext is not allowed", cfn_lint=["E9825"]
    )
    _add_rule(template, https, facts.HAS_CERTIFICATE, targets)


def _add_rule(template: TierTemplate, listener: Listener, condition: str, targets: TargetGroup) -> ListenerRule:
    header = HttpHeaderConfig(HttpHeaderName=origin_header.HEADER, Values=origin_header.accepted_values(template))
    return template.add(
        ListenerRule(
            f"{str(listener.title).removesuffix('Listener')}FromCloudFront",
            Condition=condition,
            ListenerArn=Ref(listener),
            Priority=1,
            Conditions=[Condition(Field="http-header", HttpHeaderConfig=header)],
            Actions=[ListenerRuleAction(Type="forward", TargetGroupArn=Ref(targets))],
        )
    )


def _reject() -> Action:
    response = FixedResponseConfig(
        StatusCode="403", ContentType="application/json", MessageBody='{"error": {"code": "forbidden"}}'
    )
    return Action(Type="fixed-response", FixedResponseConfig=response)


def _redirect() -> Action:
    return Action(Type="redirect", RedirectConfig=RedirectConfig(Protocol="HTTPS", Port="443", StatusCode="HTTP_301"))
