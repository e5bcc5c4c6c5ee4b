"""E9809: what clients connect to takes TLS 1.2 or newer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

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
_NO_VALUE = {"Ref": "AWS::NoValue"}


class TransportSecurity(CloudFormationLintRule):
    """Listeners, distributions and APIs name a TLS policy: the default of each still takes TLS 1.0.

    A distribution without a certificate of its own is left alone where CloudFront allows no choice.
    """

    id = "E9809"
    shortdesc = "Connections take TLS 1.2 or newer"
    description = "PCI DSS 4.2.1 wants strong cryptography; TLS 1.0 and 1.1 are not."
    source_url = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"
    tags = ["resources", "tls"]  # noqa: RUF012 - cfn-lint's own declaration

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One finding for each policy that is missing or too old."""
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
    elif kind in APIS and not all(_fits(API_POLICY, value) for value in _values(properties, "SecurityPolicy")):
        yield "SecurityPolicy does not ask for TLS 1.2 or newer"


def _listener(properties: dict[str, Any]) -> Iterator[str]:
    for one in _arms(properties):
        encrypted = any(value in ENCRYPTED for value in _values(one, "Protocol"))
        # A policy that is there only with a certificate, as the protocol is, is judged by what it says then.
        policies = [value for value in _values(one, "SslPolicy") if value is not None]
        if encrypted and not (policies and all(_fits(BALANCER_POLICY, value) for value in policies)):
            yield "SslPolicy does not ask for TLS 1.2 or newer"


def _viewers(config: dict[str, Any]) -> Iterator[str]:
    for certificate in _values(config, "ViewerCertificate"):
        given = certificate if isinstance(certificate, dict) else DEFAULT_CERTIFICATE
        own = given.get("CloudFrontDefaultCertificate") not in (True, "true")
        if own and not all(_fits(VIEWER_POLICY, value) for value in _values(given, "MinimumProtocolVersion")):
            yield "ViewerCertificate.MinimumProtocolVersion is not TLS 1.2 or newer"
    behaviors = [*_values(config, "DefaultCacheBehavior"), *_values(config, "CacheBehaviors.*")]
    for behavior in behaviors:
        if behavior is not None and not all(one in TO_HTTPS for one in _values(behavior, "ViewerProtocolPolicy")):
            yield "ViewerProtocolPolicy lets viewers use HTTP"


def _origins(config: dict[str, Any]) -> Iterator[str]:
    for origin in _values(config, "Origins.*.CustomOriginConfig"):
        if origin is None or all(one == "http-only" for one in _values(origin, "OriginProtocolPolicy")):
            continue
        protocols = [value for found in _values(origin, "OriginSSLProtocols") for value in found or ["SSLv3"]]
        if set(protocols) != {"TLSv1.2"}:
            yield "OriginSSLProtocols are not TLS 1.2 alone"


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None


def _arms(value: Any) -> Iterator[Any]:
    """What a value can be: itself, or both arms of Fn::If."""
    if isinstance(value, dict) and set(value) == {"Fn::If"}:
        for arm in value["Fn::If"][1:]:
            yield from _arms(arm)
    else:
        yield None if value == _NO_VALUE else value


def _values(value: Any, path: str) -> Iterator[Any]:
    """All values that a path can have, over both arms of Fn::If; None stands for absent, `*` for every element."""
    step, _, rest = path.partition(".")
    for arm in _arms(value):
        elements = arm if isinstance(arm, list) else []
        for item in elements if step == "*" else [arm.get(step) if isinstance(arm, dict) else None]:
            yield from _values(item, rest) if rest and item is not None else _arms(item)
