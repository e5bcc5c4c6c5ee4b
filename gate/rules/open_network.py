"""E9817: network rules name ports and neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
is_world = import_filename("_policies", _FOLDER).is_world  # by path, as cfn-lint loads this file
values = import_filename("_values", _FOLDER).values
texts = import_filename("_texts", _FOLDER).texts

GROUP = "AWS::EC2::SecurityGroup"
INLINE = ("SecurityGroupIngress", "SecurityGroupEgress")
SEPARATE = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
RANGES = ("CidrIp", "CidrIpv6")
ALL_PROTOCOLS = ("-1", "all")
PORTED = ("tcp", "udp", "6", "17")
MOST_PORTS = 100
ALL_PORTS = 65_535
REMOTE_PORTS = (22, 3389)  # SSH and RDP
# The rule that stands for "nothing leaves": without an inline rule, EC2 adds one that allows everything.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
NOWHERE = ("127.0.0.1/32", "::1/128")


class OpenNetwork(CloudFormationLintRule):
    """Checks rules of security groups, inline and as resources, entries of network ACLs and prefix lists."""

    id = "E9817"
    shortdesc = "Network rules name their ports and their neighbours"
    description = (
        "No rule of a security group, in either direction, names the whole internet, all protocols or more than 100 ports. "
        "A security group has an egress rule inline, because EC2 would add one that allows everything. An entry of a "
        "network ACL that admits the internet names its ports, and these are not those of SSH and RDP. No prefix list "
        "contains the whole internet."
    )
    reason = "PCI DSS 1.3.1 and 1.3.2 limit inbound and outbound traffic to that which is necessary."
    source_url = "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"
    tags = ["resources", "ec2"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          GroupId: {Type: AWS::EC2::SecurityGroup::Id}
        Resources:
          OrdersFromClients:
            Type: AWS::EC2::SecurityGroupIngress
            Properties:
              GroupId: !Ref GroupId
              Description: Orders, from clients
              IpProtocol: tcp
              FromPort: 8443
              ToPort: 8443
              CidrIp: 0.0.0.0/0
    """
    passing_example = failing_example.replace("0.0.0.0/0", "10.1.0.0/16")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each rule that is too wide."""
        return [
            RuleMatch(path, message)
            for name, resource in cfn.get_resources().items()
            for path, message in _check(name, resource, cfn)
        ]


def _check(name: str, resource: dict[str, Any], cfn: Template) -> Iterator[tuple[list[str | int], str]]:
    kind, properties = resource.get("Type", ""), resource.get("Properties") or {}
    path: list[str | int] = ["Resources", name, "Properties"]
    if kind == GROUP:
        for key in INLINE:
            for rule_path, rule in _rules(properties.get(key), [*path, key]):
                yield from ((rule_path, message) for message in _faults(rule, cfn))
        if not properties.get("SecurityGroupEgress"):
            yield path, "the group has no egress rule of its own, so EC2 adds one that allows everything"
    elif kind in SEPARATE:
        yield from ((path, message) for message in _faults(properties, cfn))
    elif kind == "AWS::EC2::NetworkAclEntry":
        yield from ((path, message) for message in _acl_faults(properties, cfn))
    elif kind == "AWS::EC2::PrefixList":
        for cidr in (text for value in values(properties, "Entries.*.Cidr") for text in texts(value, cfn.template)):
            if is_world(cidr):
                yield [*path, "Entries"], f"{cidr} is the internet"


def _rules(node: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    """Yields the inline rules with their paths, also in the arms of Fn::If."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _rules(item, [*path, index])
    elif isinstance(node, dict) and set(node) == {"Fn::If"}:
        for index, arm in enumerate(node["Fn::If"][1:], start=1):
            yield from _rules(arm, [*path, "Fn::If", index])
    elif isinstance(node, dict) and "Ref" not in node:
        yield path, node


def _faults(rule: dict[str, Any], cfn: Template) -> Iterator[str]:
    ranges = [text for key in RANGES for value in values(rule, key) for text in texts(value, cfn.template)]
    if ranges and all(text in NOWHERE for text in ranges):
        return
    yield from (f"{text} is the internet. Name a group, a prefix list or a range" for text in ranges if is_world(text))
    protocols = [text for value in values(rule, "IpProtocol") for text in texts(value, cfn.template)]
    if any(protocol.lower() in ALL_PROTOCOLS for protocol in protocols):
        yield "IpProtocol -1 allows all protocols and ports"
    elif any(protocol.lower() in PORTED for protocol in protocols):
        first, last = _ports(rule, "FromPort", "ToPort", cfn)
        if last - first >= MOST_PORTS:
            yield f"ports {first} to {last} are more than {MOST_PORTS}"


def _ports(rule: dict[str, Any], first: str, last: str, cfn: Template) -> tuple[int, int]:
    """Returns the widest range of ports. Port -1 means all; so does a missing one. Unknown ports count as one."""
    lowest = [int(t) for v in values(rule, first) for t in texts(v, cfn.template) or ["-1"] if _is_number(t)] or [0]
    highest = [int(t) for v in values(rule, last) for t in texts(v, cfn.template) or ["-1"] if _is_number(t)] or [0]
    if -1 in lowest or -1 in highest:
        return 0, ALL_PORTS
    return min(lowest), max(highest)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _acl_faults(entry: dict[str, Any], cfn: Template) -> Iterator[str]:
    """An ACL has no state, so answers to clients need the ephemeral ports. Those are allowed."""
    cidrs = [t for key in ("CidrBlock", "Ipv6CidrBlock") for t in texts(entry.get(key), cfn.template)]
    if "allow" not in texts(entry.get("RuleAction"), cfn.template) or not any(map(is_world, cidrs)):
        return
    if "-1" in texts(entry.get("Protocol"), cfn.template):
        yield "the entry admits all protocols of the internet"
        return
    first, last = _ports(entry.get("PortRange") or {}, "From", "To", cfn)
    if last - first >= ALL_PORTS - 1:
        yield "the entry admits all ports of the internet"
    elif any(first <= port <= last for port in REMOTE_PORTS):
        yield "the entry admits SSH or RDP of the internet"
