"""E9820: what the internet, the network and the edge do leaves a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
values = import_filename("_values", _FOLDER).values  # by path, as cfn-lint loads this file
texts = import_filename("_texts", _FOLDER).texts
mentions = import_filename("_texts", _FOLDER).mentions

# Resources whose log is a resource of its own: its type, and the property that names what it logs.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html has the second for distributions.
COMPANIONS: dict[str, tuple[str, str]] = {
    "AWS::EC2::VPC": ("AWS::EC2::FlowLog", "ResourceId"),
    "AWS::WAFv2::WebACL": ("AWS::WAFv2::LoggingConfiguration", "ResourceArn"),
    "AWS::CloudFront::Distribution": ("AWS::Logs::DeliverySource", "ResourceArn"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("AWS::Logs::DeliverySource", "ResourceArn"),
}
ACCESS_LOG = "access_logs.s3.enabled"
TRAFFIC_TYPE = "ALL"


class AuditTrail(CloudFormationLintRule):
    """Checks logs that are resources of their own. E9833 and the rules after it check logs that are properties."""

    id = "E9820"
    shortdesc = "Networks, web ACLs, distributions and load balancers write logs"
    description = (
        "A flow log for all traffic refers to each VPC, and a logging configuration to each web ACL, in the same template "
        "and under the same condition. A distribution and a load balancer write access logs, to a bucket or through a "
        "delivery source."
    )
    reason = "PCI DSS 10.2.1 demands audit logs for all system components."
    source_url = "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html"
    tags = ["resources", "logs"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          Rules:
            Type: AWS::EC2::FlowLog
            Properties:
              ResourceType: VPC
              ResourceId: vpc-0123456789abcdef0
              TrafficType: REJECT
              LogDestinationType: s3
              LogDestination: !Sub arn:${AWS::Partition}:s3:::flow-logs
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace("REJECT", "ALL")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each resource without a log, and for each log that omits traffic."""
        return [
            RuleMatch(["Resources", name, *path], message)
            for name, resource in cfn.get_resources().items()
            for path, message in _faults(name, resource, cfn)
        ]


def _faults(name: str, resource: dict[str, Any], cfn: Template) -> Iterator[tuple[list[str], str]]:
    kind, properties = resource.get("Type", ""), resource.get("Properties") or {}
    if kind == "AWS::EC2::FlowLog":
        # Flow logs of transit gateways have no type of traffic.
        traffic = texts(properties.get("TrafficType"), cfn.template)
        if "TrafficType" in properties and set(traffic) != {TRAFFIC_TYPE}:
            yield ["Properties", "TrafficType"], f"the flow log omits traffic. Write {TRAFFIC_TYPE}"
    elif kind == "AWS::ElasticLoadBalancing::LoadBalancer":
        if not _is_always_true(properties, "AccessLoggingPolicy.Enabled", cfn):
            yield ["Properties"], "AccessLoggingPolicy.Enabled is not true"
    elif kind in COMPANIONS and not _logs_itself(kind, properties, cfn) and not _has_companion(name, resource, cfn):
        yield [], f"no {COMPANIONS[kind][0]} of this template refers to it, so it leaves no trace"


def _has_companion(name: str, resource: dict[str, Any], cfn: Template) -> bool:
    kind, key = COMPANIONS[resource["Type"]]
    return any(
        mentions((companion.get("Properties") or {}).get(key), name)
        and companion.get("Condition") in (None, resource.get("Condition"))
        and (kind != "AWS::Logs::DeliverySource" or _is_delivered(source, cfn))
        for source, companion in cfn.get_resources(kind).items()
    )


def _is_delivered(source: str, cfn: Template) -> bool:
    """Whether a delivery takes the logs from their source."""
    name = (cfn.get_resources("AWS::Logs::DeliverySource")[source].get("Properties") or {}).get("Name")
    return any(
        mentions(delivered := (delivery.get("Properties") or {}).get("DeliverySourceName"), source) or delivered == name
        for delivery in cfn.get_resources("AWS::Logs::Delivery").values()
    )


def _logs_itself(kind: str, properties: dict[str, Any], cfn: Template) -> bool:
    own: dict[str, Callable[[], bool]] = {
        "AWS::CloudFront::Distribution": lambda: _is_always_set(properties, "DistributionConfig.Logging.Bucket"),
        "AWS::ElasticLoadBalancingV2::LoadBalancer": lambda: _is_gateway(properties, cfn) or _writes(properties, cfn),
    }
    return kind in own and own[kind]()


def _is_gateway(properties: dict[str, Any], cfn: Template) -> bool:
    """A gateway load balancer has no access log."""
    return bool(texts(properties.get("Type"), cfn.template) == ["gateway"])


def _writes(properties: dict[str, Any], cfn: Template) -> bool:
    attributes = [item for item in values(properties, "LoadBalancerAttributes.*") if isinstance(item, dict)]
    found = [item.get("Value") for item in attributes if texts(item.get("Key"), cfn.template) == [ACCESS_LOG]]
    return bool(found) and all(set(texts(value, cfn.template)) == {"true"} for value in found)


def _is_always_set(properties: dict[str, Any], path: str) -> bool:
    return all(value not in (None, "") for value in values(properties, path))


def _is_always_true(properties: dict[str, Any], path: str, cfn: Template) -> bool:
    return all(set(texts(value, cfn.template)) == {"true"} for value in values(properties, path))
