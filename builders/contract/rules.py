"""Rules between the root's parameters, which CloudFormation checks before it creates a resource.

Rules of CloudFormation can only compare for equality. The order between numbers is metadata, which deployer and gate check.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from troposphere import AWSHelperFn, Equals, Not, Ref, encode_to_dict

from builders.contract import parameters
from builders.contract.template import RootParameter


@dataclass(frozen=True)
class RootRule:
    """Assertions about the root's parameters, with the message that CloudFormation shows if one fails.

    Attributes:
        name: the rule's logical id.
        assertions: rule-specific functions that must hold.
        message: the fault and its remedy, the same for every assertion.
        condition: if present, CloudFormation checks the assertions only while it holds.
        own: parameters that exist for this rule alone, so that no tier uses them.
    """

    name: str
    assertions: tuple[AWSHelperFn, ...]
    message: str
    condition: AWSHelperFn | None = None
    own: tuple[RootParameter, ...] = ()

    def parameters(self) -> set[str]:
        """Names of the root parameters that the rule reads."""
        return set(_references(encode_to_dict(self.declare())))

    def declare(self) -> dict[str, Any]:
        """The rule as a section of the template."""
        condition = {"RuleCondition": self.condition} if self.condition else {}
        return {
            **condition,
            "Assertions": [{"Assert": assertion, "AssertDescription": self.message} for assertion in self.assertions],
        }


def _references(value: Any) -> Iterator[str]:
    """Names of the parameters to which a value refers, without pseudo parameters (``AWS::Region``)."""
    if isinstance(value, dict):
        if isinstance(value.get("Ref"), str) and not value["Ref"].startswith("AWS::"):
            yield value["Ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _differ(first: RootParameter, second: RootParameter) -> Not:
    return Not(Equals(Ref(first.name), Ref(second.name)))


ZONES_DIFFER = RootRule(
    "ZonesDiffer",
    tuple(_differ(first, second) for first, second in combinations(parameters.ZONE_INDEXES, 2)),
    "The three zones must be different: give ZoneIndexA, ZoneIndexB and ZoneIndexC different numbers.",
)
ONLY_US_EAST_1 = RootRule(
    "OnlyInUsEast1",
    (Equals(Ref("AWS::Region"), "us-east-1"),),
    "This platform can only be deployed in us-east-1: CloudFront takes its web ACL and its certificate from there alone.",
)
CERTIFICATE_AND_DOMAIN = RootRule(
    "DomainNeedsCertificate",
    (Not(Equals(Ref(parameters.CERTIFICATE.name), "")),),
    "DomainName needs CertificateArn: the ARN of an ACM certificate in us-east-1 that holds this name.",
    condition=Not(Equals(Ref(parameters.DOMAIN_NAME.name), "")),
)
DOMAIN_AND_CERTIFICATE = RootRule(
    "CertificateNeedsDomain",
    (Not(Equals(Ref(parameters.DOMAIN_NAME.name), "")),),
    "CertificateArn needs DomainName: the name in the certificate by which clients reach the platform.",
    condition=Not(Equals(Ref(parameters.CERTIFICATE.name), "")),
)
# CloudFormation rejects a rolling update whose MinInstancesInService is not below the group's MaxSize.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
ROOM_TO_REPLACE = RootRule(
    "RoomToReplaceInstances",
    (_differ(parameters.WEB_MIN_INSTANCES, parameters.WEB_MAX_INSTANCES),),
    "WebMaxInstances must be above WebMinInstances: a new version starts an instance before it ends one.",
)
NO_PLAINTEXT = RootRule(
    "NoPlaintextBehindCloudFront",
    (Not(Equals(Ref(parameters.CERTIFICATE.name), "")),),
    "CertificateArn and DomainName are needed: without them payments pass from CloudFront to the load balancer in clear. Set "
    "both, or AllowPlaintextOrigin to true where no real payments are made. See docs/transactions.md.",
    condition=Not(Equals(Ref(parameters.ALLOW_PLAINTEXT.name), "true")),
    own=(parameters.ALLOW_PLAINTEXT,),
)


@dataclass(frozen=True)
class ParameterOrder:
    """Numbers of the root, none of which may be greater than the next.

    Attributes:
        ascending: the parameters, from the least to the greatest.
        reason: why the order must hold, shown with a fault.
    """

    ascending: tuple[RootParameter, ...]
    reason: str


ORDERS = (
    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScheduledUpdateGroupAction.html
    ParameterOrder(
        (parameters.WEB_MIN_INSTANCES, parameters.WEB_BUSINESS_INSTANCES, parameters.WEB_MAX_INSTANCES),
        "Auto Scaling takes no least number above the greatest, and business hours never want fewer instances than nights.",
    ),
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html
    ParameterOrder(
        (parameters.DATABASE_MIN_CAPACITY, parameters.DATABASE_MAX_CAPACITY),
        "Aurora takes no minimum capacity above the maximum.",
    ),
)
ORDER_METADATA = "ParameterOrder"
"""Section of the root's metadata, which deployer and gate read with cfn/parameters.py."""


def order_metadata(shown: Collection[str]) -> dict[str, Any]:
    """The orders between the parameters that a root declares; empty if no order applies."""
    orders = [
        ([parameter.name for parameter in order.ascending if parameter.name in shown], order.reason) for order in ORDERS
    ]
    rows = [{"Ascending": names, "Reason": reason} for names, reason in orders if len(names) > 1]
    return {ORDER_METADATA: rows} if rows else {}
