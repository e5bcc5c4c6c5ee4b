"""E9810: a literal policy id of CloudFront is the id of a managed policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

values = import_filename("_values", str(Path(__file__).parent)).values  # by path, as cfn-lint loads this file

_GUIDE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide"
# The ids of the managed policies, by the property that takes them. The pages of the guide list them.
MANAGED: dict[str, dict[str, str]] = {
    # using-managed-cache-policies.html
    "CachePolicyId": {
        "08627262-05a9-4f76-9ded-b50ca2e3a84f": "Elemental-MediaPackage",
        "2e54312d-136d-493c-8eb9-b001f22f67d2": "Amplify",
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": "CachingDisabled",
        "4cc15a8a-d715-48a4-82b8-cc0b614638fe": "UseOriginCacheControlHeaders-QueryStrings",
        "658327ea-f89d-4fab-a63d-7e88639e58f6": "CachingOptimized",
        "83da9c7e-98b4-4e11-a168-04f0df8e2c65": "UseOriginCacheControlHeaders",
        "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": "CachingOptimizedForUncompressedObjects",
    },
    # using-managed-origin-request-policies.html
    "OriginRequestPolicyId": {
        "216adef6-5c7f-47e4-b989-5492eafa07d3": "AllViewer",
        "33f36d7e-f396-46d9-90e0-52428a34d9dc": "AllViewerAndCloudFrontHeaders-2022-06",
        "59781a5b-3903-41f3-afcb-af62929ccde1": "CORS-CustomOrigin",
        "775133bc-15f2-49f9-abea-afb2e0bf67d2": "Elemental-MediaTailor-PersonalizedManifests",
        "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": "CORS-S3Origin",
        "acba4595-bd28-49b8-b9fe-13317c0390fa": "UserAgentRefererHeaders",
        "b689b0a8-53d0-40ab-baf2-68738e2966ac": "AllViewerExceptHostHeader",
        "bf0718e1-ba1e-49d1-88b1-f726733018ae": "HostHeaderOnly",
    },
    # using-managed-response-headers-policies.html
    "ResponseHeadersPolicyId": {
        "5cc3b908-e619-4b99-88e5-2cf7f45965bd": "CORS-With-Preflight",
        "60669652-455b-4ae9-85a4-c4c02393f86c": "SimpleCORS",
        "67f7725c-6f97-4210-82d7-5512b31e9d03": "SecurityHeadersPolicy",
        "e61eb60c-9c35-4d20-a928-2b84e02af89c": "CORS-and-SecurityHeadersPolicy",
        "eaab4381-ed33-4a86-88ca-d9558dc6cd63": "CORS-with-preflight-and-SecurityHeadersPolicy",
    },
}


class ManagedPolicy(CloudFormationLintRule):
    """Checks the policy ids of distributions that are text. A template refers to its own policies."""

    id = "E9810"
    shortdesc = "Literal policy ids of CloudFront are those of managed policies"
    description = "A cache, origin request or response headers policy is a reference, or the id of a managed policy."
    reason = (
        "A literal id that is not the id of a managed policy is a typing error. CloudFront rejects it only after "
        "CloudFormation has created the rest of the stack."
    )
    source_url = f"{_GUIDE}/using-managed-origin-request-policies.html"
    tags = ["resources", "cloudfront"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          CertificateArn: {Type: String}
          WebAclArn: {Type: String}
          LogBucket: {Type: String}
        Resources:
          Distribution:
            Type: AWS::CloudFront::Distribution
            Properties:
              DistributionConfig:
                Enabled: true
                WebACLId: !Ref WebAclArn
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
                  CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f5
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace("7e88639e58f5", "7e88639e58f6 # CachingOptimized")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each unknown id."""
        return [
            RuleMatch(path, f"{name} {value!r} is not the id of a managed policy")
            for logical_id, resource in cfn.get_resources("AWS::CloudFront::Distribution").items()
            for path, name, value in _ids(["Resources", logical_id, "Properties"], resource.get("Properties"))
            if value not in MANAGED[name]
        ]


def _ids(path: list[str | int], node: Any) -> Iterator[tuple[list[str | int], str, str]]:
    """Yields path, property and value of every policy id that is text, also in the arms of Fn::If."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _ids([*path, index], item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in MANAGED:
                yield from (([*path, key], key, str(text)) for text in values(value) if isinstance(text, str))
            else:
                yield from _ids([*path, key], value)
