"""E9826: network rules name their ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
network = import_filename("_network", _FOLDER)  # by path, as cfn-lint loads this file
values = import_filename("_values", _FOLDER).values
texts = import_filename("_texts", _FOLDER).texts

ALL_PROTOCOLS = ("-1", "all")
PORTED = ("tcp", "udp", "6", "17")
MOST_PORTS = 100


class WidePorts(CloudFormationLintRule):
    """Checks rules of security groups, inline and separate, in both directions."""

    id = "E9826"
    shortdesc = "Network rules name their ports"
    description = (
        "No rule of a security group allows all protocols or more than 100 ports, not even between two groups."
    )
    reason = (
        "PCI DSS 1.2.5 demands that all services, protocols and ports are known, approved and needed. A database that also "
        "answers on the port of a forgotten service is open twice."
    )
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
              FromPort: 1024
              ToPort: 65535
              CidrIp: 10.1.0.0/16
    """
    passing_example = failing_example.replace("1024", "8443").replace("65535", "8443")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each rule with too many ports."""
        return [
            RuleMatch(path, message)
            for path, rule in network.group_rules(cfn.template)
            for message in _faults(rule, cfn)
        ]


def _faults(rule: dict[str, Any], cfn: Template) -> Iterator[str]:
    protocols = [text.lower() for value in values(rule, "IpProtocol") for text in texts(value, cfn.template)]
    first, last = network.ports(rule, "FromPort", "ToPort", cfn.template)
    if any(protocol in ALL_PROTOCOLS for protocol in protocols):
        yield "IpProtocol -1 allows all protocols and ports"
    elif any(protocol in PORTED for protocol in protocols) and last - first >= MOST_PORTS:
        yield f"ports {first} to {last} are more than {MOST_PORTS}"
