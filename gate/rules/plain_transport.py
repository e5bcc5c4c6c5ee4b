"""E9819: no listener, distribution or origin works without TLS."""

from __future__ import annotations

from pathlib import Path

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

plain_ways = import_filename(
    "_transport", str(Path(__file__).parent)
).plain_ways  # by path, as cfn-lint loads this file


class PlainTransport(CloudFormationLintRule):
    """Checks ways that are open under every condition. E9825 checks the others, and E9809 the version of TLS."""

    id = "E9819"
    shortdesc = "Nothing is reached without TLS"
    description = (
        "A listener for HTTP only redirects to HTTPS or rejects, and no rule of it forwards. A target group and a subscription "
        "send nothing over HTTP. A distribution has a certificate of its own, because the default one of CloudFront admits "
        "TLS 1.0, and it uses only HTTPS to its origins."
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
                - {Type: forward, TargetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/1'}
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace(
        "{Type: forward, TargetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/1'}",
        "{Type: redirect, RedirectConfig: {Protocol: HTTPS, Port: '443', StatusCode: HTTP_301}}",
    )

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each way without TLS that no condition closes."""
        return [
            RuleMatch(["Resources", name, "Properties", *way.path], way.message)
            for name, resource in cfn.get_resources().items()
            for way in plain_ways(resource, cfn.template)
            if way.always
        ]
