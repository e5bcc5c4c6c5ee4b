"""E9824: the policy of a VPC endpoint limits who reaches what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
policies = import_filename("_policies", _FOLDER)  # by path, as cfn-lint loads this file
texts = import_filename("_texts", _FOLDER).texts

ENDPOINT = "AWS::EC2::VPCEndpoint"
# These types pass packets on and evaluate no policy.
WITHOUT_POLICY = frozenset({"GatewayLoadBalancer", "Resource", "ServiceNetwork"})
LIMITING_KEYS = policies.CALLER_KEYS | frozenset(
    {"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "s3:resourceaccount"}
)


class EndpointPolicy(CloudFormationLintRule):
    """Checks that each endpoint has a policy, and that no statement allows everyone everything everywhere."""

    id = "E9824"
    shortdesc = "A VPC endpoint has a policy that limits principals or resources"
    description = (
        "Each gateway and interface endpoint has a PolicyDocument, in every arm of Fn::If. A statement that allows "
        "everyone on all resources has a condition on the account or organization of the principal or the resource."
    )
    reason = (
        "Without a policy, AWS adds one that allows full access. Code in the VPC can then send data to the buckets of any "
        "other account (PCI DSS 1.3.2)."
    )
    source_url = "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html"
    tags = ["resources", "ec2"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          VpcId: {Type: AWS::EC2::VPC::Id}
          RouteTableId: {Type: String}
        Resources:
          TablesEndpoint:
            Type: AWS::EC2::VPCEndpoint
            Properties:
              VpcId: !Ref VpcId
              RouteTableIds: [!Ref RouteTableId]
              ServiceName: !Sub com.amazonaws.${AWS::Region}.dynamodb
              PolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - Effect: Allow
                    Principal: '*'
                    Action: dynamodb:*
                    Resource: '*'
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace(
        "Resource: '*'", "Resource: !Sub arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/orders"
    )

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each endpoint without a policy, and for each statement that limits nothing."""
        matches = [
            RuleMatch(["Resources", name, *(["Properties"] if "Properties" in endpoint else [])], message)
            for name, endpoint in cfn.get_resources(ENDPOINT).items()
            for message in _missing(endpoint.get("Properties") or {}, cfn)
        ]
        return matches + [
            RuleMatch(statement.path, "the statement limits neither principals nor resources")
            for statement in policies.statements(cfn.template)
            if statement.kind == ENDPOINT and statement.allows and _is_open(statement)
        ]


def _missing(properties: dict[str, Any], cfn: Template) -> Iterator[str]:
    if WITHOUT_POLICY & set(texts(properties.get("VpcEndpointType"), cfn.template)):
        return
    if not all(policies.values(properties, "PolicyDocument")):
        yield "the endpoint has no policy, so AWS adds one that allows full access"


def _is_open(statement: Any) -> bool:
    everyone = "NotPrincipal" in statement.body or any(name == "*" for _, name in statement.principals())
    resources = statement.texts("Resource") if "Resource" in statement.body else ["*"]
    everywhere = any(not text.strip("*?:") or text.endswith(":::*") for text in resources)
    return everyone and everywhere and not statement.is_bound(LIMITING_KEYS)
