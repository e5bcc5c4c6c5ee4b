"""E9817: network rules name their neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
network = import_filename("_network", _FOLDER)  # by path, as cfn-lint loads this file
is_world = import_filename("_policies", _FOLDER).is_world
values = import_filename("_values", _FOLDER).values
texts = import_filename("_texts", _FOLDER).texts

REMOTE_PORTS = (22, 3389)  # SSH and RDP


class OpenNetwork(CloudFormationLintRule):
    """Checks rules of security groups, inline and separate, entries of network ACLs and prefix lists. E9826 checks ports."""

    id = "E9817"
    shortdesc = "Network rules name their neighbours"
    description = (
        "No rule of a security group, in either direction, names the whole internet. A security group has an egress rule "
        "inline, because EC2 would add one that allows everything. An entry of a network ACL that admits the internet names "
        "its ports, and these are not those of SSH and RDP. No prefix list contains the whole internet."
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
        """Returns a match for each rule that reaches the internet."""
        matches = [
            RuleMatch(path, f"{text} is the internet. Name a group, a prefix list or a range")
            for path, rule in network.group_rules(cfn.template)
            for text in network.ranges(rule, cfn.template)
            if is_world(text)
        ]
        for name, resource in cfn.get_resources().items():
            found = _faults(resource.get("Type", ""), resource.get("Properties") or {}, cfn)
            matches += [RuleMatch(["Resources", name, "Properties", *path], message) for path, message in found]
        return matches


def _faults(kind: str, properties: dict[str, Any], cfn: Template) -> Iterator[tuple[list[str], str]]:
    """Yields path below the properties and message of each fault."""
    if kind == network.GROUP and not properties.get("SecurityGroupEgress"):
        yield [], "the group has no egress rule of its own, so EC2 adds one that allows everything"
    elif kind == "AWS::EC2::NetworkAclEntry":
        yield from (([], message) for message in _acl_faults(properties, cfn))
    elif kind == "AWS::EC2::PrefixList":
        entries = [text for value in values(properties, "Entries.*.Cidr") for text in texts(value, cfn.template)]
        yield from ((["Entries"], f"{text} is the internet") for text in entries if is_world(text))


def _acl_faults(entry: dict[str, Any], cfn: Template) -> Iterator[str]:
    """An ACL has no state, so answers to clients need the ephemeral ports. Those are allowed."""
    cidrs = [text for key in ("CidrBlock", "Ipv6CidrBlock") for text in texts(entry.get(key), cfn.template)]
    if "allow" not in texts(entry.get("RuleAction"), cfn.template) or not any(map(is_world, cidrs)):
        return
    first, last = network.ports(entry.get("PortRange") or {}, "From", "To", cfn.template)
    if "-1" in texts(entry.get("Protocol"), cfn.template) or last - first >= network.ALL_PORTS - 1:
        yield "the entry admits all ports of the internet"
    elif any(first <= port <= last for port in REMOTE_PORTS):
        yield "the entry admits SSH or RDP of the internet"
