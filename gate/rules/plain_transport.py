"""E9819: no listener, distribution or origin works without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
values = import_filename("_values", _FOLDER).values  # by path, as cfn-lint loads this file
texts = import_filename("_texts", _FOLDER).texts

# The protocols by which these types send in plaintext what they receive.
PLAIN_PROTOCOLS: dict[str, tuple[str, ...]] = {
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("HTTP",),
    "AWS::SNS::Subscription": ("http",),
}
PLAIN_ORIGIN = ("http-only", "match-viewer")


class PlainTransport(CloudFormationLintRule):
    """Checks whether there is TLS at all. E9809 checks its version."""

    id = "E9819"
    shortdesc = "Nothing is reached without TLS"
    description = (
        "A listener for HTTP only redirects to HTTPS. A target group and a subscription send nothing over HTTP. A distribution "
        "has a certificate of its own, because the default one of CloudFront admits TLS 1.0, and it uses only HTTPS to its "
        "origins."
    )
    reason = "PCI DSS 4.2.1 demands strong cryptography on open, public networks."
    source_url = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html"
    tags = ["resources", "tls"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          BalancerArn: {Type: String}
        Resources:
          Listener:
            Type: AWS::ElasticLoadBalancingV2::Listener
            Properties:
              LoadBalancerArn: !Ref BalancerArn
              Port: 80
              Protocol: HTTP
              DefaultActions:
                - {Type: fixed-response, FixedResponseConfig: {StatusCode: '404'}}
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace(
        "{Type: fixed-response, FixedResponseConfig: {StatusCode: '404'}}",
        "{Type: redirect, RedirectConfig: {Protocol: HTTPS, Port: '443', StatusCode: HTTP_301}}",
    )

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each way without TLS."""
        return [
            RuleMatch(["Resources", name, "Properties", *path], message)
            for name, resource in cfn.get_resources().items()
            for path, message in _faults(resource.get("Type", ""), resource.get("Properties") or {}, cfn)
        ]


def _faults(kind: str, properties: dict[str, Any], cfn: Template) -> Iterator[tuple[list[str], str]]:
    if kind == "AWS::ElasticLoadBalancingV2::Listener":
        protocols = [text for value in values(properties, "Protocol") for text in texts(value, cfn.template)]
        if "HTTP" in protocols and not _redirects(properties, cfn):
            yield ["Protocol"], "the listener answers over HTTP. Redirect to HTTPS"
    elif kind in PLAIN_PROTOCOLS:
        if any(t in PLAIN_PROTOCOLS[kind] for v in values(properties, "Protocol") for t in texts(v, cfn.template)):
            yield ["Protocol"], "requests or messages go out over HTTP"
    elif kind == "AWS::ElasticLoadBalancing::LoadBalancer":
        names = [text for value in values(properties, "Listeners.*.Protocol") for text in texts(value, cfn.template)]
        if any(name.lower() in ("http", "tcp") for name in names):
            yield ["Listeners"], "a listener works without TLS"
    elif kind == "AWS::CloudFront::Distribution":
        config = properties.get("DistributionConfig") or {}
        yield from _distribution(config, cfn)


def _redirects(properties: dict[str, Any], cfn: Template) -> bool:
    """Whether every default action, in every arm of Fn::If, redirects to HTTPS."""
    actions = list(values(properties, "DefaultActions.*"))
    return all(
        isinstance(action, dict)
        and texts(action.get("Type"), cfn.template) == ["redirect"]
        and texts((action.get("RedirectConfig") or {}).get("Protocol"), cfn.template) == ["HTTPS"]
        for action in actions
    )


def _distribution(config: dict[str, Any], cfn: Template) -> Iterator[tuple[list[str], str]]:
    for certificate in values(config, "ViewerCertificate"):
        default = certificate.get("CloudFrontDefaultCertificate") if isinstance(certificate, dict) else True
        if "true" in texts(default, cfn.template):
            yield ["DistributionConfig"], "the default certificate of CloudFront admits TLS 1.0"
            break
    for policy in values(config, "Origins.*.CustomOriginConfig.OriginProtocolPolicy"):
        if any(text in PLAIN_ORIGIN for text in texts(policy, cfn.template)):
            yield ["DistributionConfig", "Origins"], "an origin is reached over HTTP"
            break
