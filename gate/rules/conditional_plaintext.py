"""E9825: no condition opens a way without TLS."""

from __future__ import annotations

from pathlib import Path

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

plain_ways = import_filename(
    "_transport", str(Path(__file__).parent)
).plain_ways  # by path, as cfn-lint loads this file


class ConditionalPlaintext(CloudFormationLintRule):
    """Checks ways that only some values of the parameters open. E9819 checks those that are always open."""

    id = "E9825"
    shortdesc = "No condition opens a way without TLS"
    description = (
        "What E9819 demands holds in each arm of Fn::If, for each value of a parameter, and for a rule of a listener with a "
        "condition."
    )
    reason = (
        "A parameter that switches TLS off is one typing error away from plaintext in production (PCI DSS 4.2.1). The reason "
        "of a suppression says what guards it."
    )
    source_url = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html"
    tags = ["resources", "tls"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          Protocol: {Type: String, AllowedValues: [HTTPS, HTTP]}
          VpcId: {Type: String}
        Resources:
          Targets:
            Type: AWS::ElasticLoadBalancingV2::TargetGroup
            Properties:
              Port: 443
              Protocol: !Ref Protocol
              VpcId: !Ref VpcId
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace("[HTTPS, HTTP]", "[HTTPS]")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each way without TLS that a condition closes."""
        return [
            RuleMatch(["Resources", name, "Properties", *way.path], way.message)
            for name, resource in cfn.get_resources().items()
            for way in plain_ways(resource, cfn.template)
            if not way.always
        ]
