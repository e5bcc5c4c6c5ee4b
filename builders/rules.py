"""Rules of the root: what one parameter's constraint cannot say, checked by CloudFormation before it makes anything.

Its rules compare for equality and no further; which numbers may not be above which is metadata, checked by deployer and gate.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from troposphere import AWSHelperFn, Equals, Not, Ref, encode_to_dict

from builders import parameters
from builders.contract import ENVIRONMENT_SUFFIX, RootParameter


@dataclass(frozen=True)
class RootRule:
    """Assertions about the root's parameters, each with the sentence that is shown when it fails.

    Attributes:
        name: the rule's logical id.
        assertions: rule-specific functions that must hold.
        says: what is wrong and what to do, shown with every assertion.
        condition: where given, the assertions are looked at only while it holds.
    """

    name: str
    assertions: tuple[AWSHelperFn, ...]
    says: str
    condition: AWSHelperFn | None = None

    def parameters(self) -> set[str]:
        """The names of the root parameters that the rule looks at."""
        return set(_references(encode_to_dict(self.declare())))

    def declare(self) -> dict[str, Any]:
        """The rule as a template has it."""
        condition = {"RuleCondition": self.condition} if self.condition else {}
        return {**condition, "Assertions": [{"Assert": one, "AssertDescription": self.says} for one in self.assertions]}


def _references(value: Any) -> Iterator[str]:
    """The names of parameters below a value; pseudo parameters (``AWS::Region``) are none."""
    if isinstance(value, dict):
        if isinstance(value.get("Ref"), str) and not value["Ref"].startswith("AWS::"):
            yield value["Ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _differ(one: RootParameter, other: RootParameter) -> Not:
    return Not(Equals(Ref(one.name), Ref(other.name)))


ZONES_DIFFER = RootRule(
    "ZonesDiffer",
    tuple(_differ(one, other) for one, other in combinations(parameters.ZONE_INDEXES, 2)),
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
# CloudFormation refuses a rolling update whose MinInstancesInService is not below the group's MaxSize.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
ROOM_TO_REPLACE = RootRule(
    "RoomToReplaceInstances",
    (_differ(parameters.WEB_MIN_INSTANCES, parameters.WEB_MAX_INSTANCES),),
    "WebMaxInstances must be above WebMinInstances: a new version starts an instance before it ends one.",
)
PRODUCTION_HAS_CERTIFICATE = RootRule(
    "ProductionHasCertificate",
    (Not(Equals(Ref(parameters.CERTIFICATE.name), "")),),
    "The environment prod needs CertificateArn and DomainName: without them payments pass from CloudFront to the load "
    "balancer in clear. See docs/transactions.md.",
    condition=Equals(Ref(ENVIRONMENT_SUFFIX.name), "prod"),
)


@dataclass(frozen=True)
class ParameterOrder:
    """Numbers of the root of which none may be above the one after it.

    Attributes:
        ascending: the parameters, from the least to the greatest.
        reason: what goes wrong otherwise, shown with a fault.
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
"""Section of the root's metadata; cfn/parameters.py reads it."""


def order_metadata(shown: Collection[str]) -> dict[str, Any]:
    """The orders among the parameters that a root shows; no section where there are none."""
    kept = [
        ([parameter.name for parameter in order.ascending if parameter.name in shown], order.reason) for order in ORDERS
    ]
    rows = [{"Ascending": names, "Reason": reason} for names, reason in kept if len(names) > 1]
    return {ORDER_METADATA: rows} if rows else {}
