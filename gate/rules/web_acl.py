"""E9816: a web ACL protects what the internet can call."""

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
mentions = import_filename("_texts", _FOLDER).mentions

ASSOCIATION = "AWS::WAFv2::WebACLAssociation"
# What an association can protect. https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
# It cannot protect an HTTP API or a WebSocket API (AWS::ApiGatewayV2).
ASSOCIATED = (
    "AWS::ApiGateway::Stage",
    "AWS::AppSync::GraphQLApi",
    "AWS::Cognito::UserPool",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
)


class WebAcl(CloudFormationLintRule):
    """Checks stages of REST APIs, GraphQL APIs, user pools, public load balancers and CloudFront distributions.

    The rule sees one template. Where the web ACL is in another one, the resource suppresses the rule and says where.
    """

    id = "E9816"
    shortdesc = "A web ACL protects every public API, load balancer and distribution"
    description = (
        "A distribution names its web ACL. A WebACLAssociation in the same template refers to each stage of a REST API, "
        "GraphQL API, user pool and application load balancer that is not internal, under the same condition. A web ACL has "
        "rules."
    )
    reason = "PCI DSS 6.4.2 demands an automated technical solution in front of public web applications."
    source_url = "https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-associating-aws-resource.html"
    tags = ["resources", "waf"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          CertificateArn: {Type: String}
          LogBucket: {Type: String}
        Resources:
          Distribution:
            Type: AWS::CloudFront::Distribution
            Properties:
              DistributionConfig:
                Enabled: true
                # no web ACL
                Logging: {Bucket: !Ref LogBucket}
                ViewerCertificate:
                  AcmCertificateArn: !Ref CertificateArn
                  SslSupportMethod: sni-only
                  MinimumProtocolVersion: TLSv1.2_2021
                Origins:
                  - {Id: files, DomainName: files.example.com, S3OriginConfig: {}}
                DefaultCacheBehavior:
                  TargetOriginId: files
                  ViewerProtocolPolicy: https-only
                  CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace(
        "# no web ACL",
        "WebACLId: !Sub arn:${AWS::Partition}:wafv2:us-east-1:${AWS::AccountId}:global/webacl/files/0a1b2c3d-files",
    )

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each resource without a web ACL, and for each web ACL without rules."""
        return [
            RuleMatch(["Resources", name], message)
            for name, resource in cfn.get_resources().items()
            for message in _faults(name, resource, cfn)
        ]


def _faults(name: str, resource: dict[str, Any], cfn: Template) -> Iterator[str]:
    kind, properties = resource.get("Type", ""), resource.get("Properties") or {}
    if kind == "AWS::CloudFront::Distribution":
        found = [texts(value, cfn.template) for value in values(properties, "DistributionConfig.WebACLId")]
        if not all(acl and all(acl) for acl in found):
            yield "WebACLId names no web ACL"
    elif kind == "AWS::WAFv2::WebACL":
        if not all(values(properties, "Rules")):
            yield "the web ACL has no rules"
    elif kind in ASSOCIATED and not _is_private(kind, properties, cfn) and not _is_associated(name, resource, cfn):
        yield "no WebACLAssociation of this template names it"


def _is_private(kind: str, properties: dict[str, Any], cfn: Template) -> bool:
    """Internal load balancers, those for TCP, and private APIs."""
    if kind == "AWS::AppSync::GraphQLApi":
        return bool(texts(properties.get("Visibility"), cfn.template) == ["PRIVATE"])
    if kind == "AWS::ApiGateway::Stage":
        apis = cfn.get_resources("AWS::ApiGateway::RestApi")
        return any(
            mentions(properties.get("RestApiId"), name)
            and texts((api.get("Properties") or {}).get("EndpointConfiguration", {}).get("Types"), cfn.template)
            == ["PRIVATE"]
            for name, api in apis.items()
        )
    if kind != "AWS::ElasticLoadBalancingV2::LoadBalancer":
        return False
    schemes, types = texts(properties.get("Scheme"), cfn.template), texts(properties.get("Type"), cfn.template)
    return set(schemes) == {"internal"} or (bool(types) and "application" not in types)


def _is_associated(name: str, resource: dict[str, Any], cfn: Template) -> bool:
    """Whether an association refers to the resource. That of a stage may be a text with the stage's name and its API."""
    api = (resource.get("Properties") or {}).get("RestApiId")
    names = [name, api["Ref"]] if isinstance(api, dict) and "Ref" in api else [name]
    return any(
        mentions((association.get("Properties") or {}).get("ResourceArn"), candidate)
        for association in cfn.get_resources(ASSOCIATION).values()
        if association.get("Condition") in (None, resource.get("Condition"))
        for candidate in names
    )
