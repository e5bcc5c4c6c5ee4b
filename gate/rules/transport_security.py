"""E9809: listeners, distributions and APIs accept only TLS 1.2 or newer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

values = import_filename("_values", str(Path(__file__).parent)).values  # by path, as cfn-lint loads this file

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
BALANCER_POLICY = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-")
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
VIEWER_POLICY = re.compile(r"TLSv1\.[23]_\d{4}")
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html
API_POLICY = re.compile(r"TLS_1_2|SecurityPolicy_TLS1[23]_\w+")
APIS = ("AWS::ApiGateway::RestApi", "AWS::ApiGateway::DomainName")
ENCRYPTED = ("HTTPS", "TLS")
TO_HTTPS = ("https-only", "redirect-to-https")
DEFAULT_CERTIFICATE = {"CloudFrontDefaultCertificate": True}


class TransportSecurity(CloudFormationLintRule):
    """Checks listeners of load balancers, CloudFront distributions, and APIs.

    CloudFront sets the viewer policy of a distribution without its own certificate, so the rule skips that policy.
    """

    id = "E9809"
    shortdesc = "Connections use TLS 1.2 or newer"
    description = (
        "A listener, a distribution with its own certificate and an API name a TLS policy of version 1.2 or newer. A "
        "distribution redirects viewers to HTTPS or rejects HTTP, and uses only TLS 1.2 to its origins."
    )
    reason = (
        "PCI DSS 4.2.1 demands strong cryptography, which TLS 1.0 and 1.1 are not. The default policy of all three still "
        "accepts TLS 1.0."
    )
    source_url = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"
    tags = ["resources", "tls"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          BalancerArn: {Type: String}
          CertificateArn: {Type: String}
        Resources:
          Listener:
            Type: AWS::ElasticLoadBalancingV2::Listener
            Properties:
              LoadBalancerArn: !Ref BalancerArn
              Port: 443
              Protocol: HTTPS
              SslPolicy: ELBSecurityPolicy-2016-08
              Certificates:
                - CertificateArn: !Ref CertificateArn
              DefaultActions:
                - Type: fixed-response
                  FixedResponseConfig: {StatusCode: '404'}
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace("ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-2021-06")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each policy that is missing or too old."""
        return [
            RuleMatch(["Resources", name], message)
            for name, resource in cfn.get_resources().items()
            for message in dict.fromkeys(_faults(resource.get("Type", ""), resource.get("Properties") or {}))
        ]


def _faults(kind: str, properties: dict[str, Any]) -> Iterator[str]:
    if kind == "AWS::ElasticLoadBalancingV2::Listener":
        yield from _listener(properties)
    elif kind == "AWS::CloudFront::Distribution":
        config = properties.get("DistributionConfig") or {}
        yield from _viewers(config)
        yield from _origins(config)
    elif kind in APIS and not all(_fits(API_POLICY, value) for value in values(properties, "SecurityPolicy")):
        yield "SecurityPolicy does not require TLS 1.2 or newer"


def _listener(properties: dict[str, Any]) -> Iterator[str]:
    for arm in values(properties):
        encrypted = any(value in ENCRYPTED for value in values(arm, "Protocol"))
        # The condition that sets the protocol may set the policy too, so an absent policy counts only if no arm has one.
        policies = [value for value in values(arm, "SslPolicy") if value is not None]
        if encrypted and not (policies and all(_fits(BALANCER_POLICY, value) for value in policies)):
            yield "SslPolicy does not require TLS 1.2 or newer"


def _viewers(config: dict[str, Any]) -> Iterator[str]:
    for value in values(config, "ViewerCertificate"):
        certificate = value if isinstance(value, dict) else DEFAULT_CERTIFICATE
        own = certificate.get("CloudFrontDefaultCertificate") not in (True, "true")
        versions = values(certificate, "MinimumProtocolVersion")
        if own and not all(_fits(VIEWER_POLICY, version) for version in versions):
            yield "ViewerCertificate.MinimumProtocolVersion is not TLS 1.2 or newer"
    behaviors = [*values(config, "DefaultCacheBehavior"), *values(config, "CacheBehaviors.*")]
    for behavior in behaviors:
        policies = values(behavior, "ViewerProtocolPolicy")
        if behavior is not None and not all(policy in TO_HTTPS for policy in policies):
            yield "ViewerProtocolPolicy allows HTTP"


def _origins(config: dict[str, Any]) -> Iterator[str]:
    for origin in values(config, "Origins.*.CustomOriginConfig"):
        if origin is None or all(policy == "http-only" for policy in values(origin, "OriginProtocolPolicy")):
            continue
        # An absent list counts as SSLv3, so that it fails.
        protocols = {name for names in values(origin, "OriginSSLProtocols") for name in names or ["SSLv3"]}
        if protocols != {"TLSv1.2"}:
            yield "OriginSSLProtocols is not TLSv1.2 alone"


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None
