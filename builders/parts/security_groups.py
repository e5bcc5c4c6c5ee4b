"""Security groups: they know each other, not addresses, and let nothing out but by rules of their own.

A platform's groups are rows, and so are the connections it permits; every rule is a resource of its own with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from troposphere import Equals, GetAtt, Not, Ref
from troposphere.ec2 import VPC, SecurityGroup, SecurityGroupEgress, SecurityGroupIngress, SecurityGroupRule

from builders.contract import parameters
from builders.contract.template import Port, RootParameter, TierTemplate
from builders.parts.tagging import name_tag

HAS_NO_ENDPOINTS = "WithoutInterfaceEndpoints"
"""Declared by the network tier, whose interface endpoints decide it."""
HAS_ANALYSTS = "WithAnalysts"

Groups = Mapping[str, SecurityGroup]


@dataclass(frozen=True)
class GroupRow:
    """One group: ``title`` as the rules name it, ``stem`` the name's middle, and the port that carries its id, if any."""

    title: str
    stem: str
    description: str
    port: Port | None = None


class Rule(Protocol):
    """A permitted connection that adds its resources to the template."""

    def add(self, template: TierTemplate, groups: Groups) -> None:
        """Adds the rule's resources."""


@dataclass(frozen=True)
class Between:
    """Both halves of a TCP connection from one group to another."""

    source: str
    target: str
    port: int
    purpose: str

    def add(self, template: TierTemplate, groups: Groups) -> None:
        """The way out of the one and the way into the other."""
        here, there = _id(groups, self.source), _id(groups, self.target)
        template.add(
            SecurityGroupEgress(
                f"{self.source}To{self.target}",
                GroupId=here,
                DestinationSecurityGroupId=there,
                Description=f"{self.purpose}, to the {self.target.lower()} group",
                **_tcp(self.port),
            )
        )
        template.add(
            SecurityGroupIngress(
                f"{self.target}From{self.source}",
                GroupId=there,
                SourceSecurityGroupId=here,
                Description=f"{self.purpose}, from the {self.source.lower()} group",
                **_tcp(self.port),
            )
        )


@dataclass(frozen=True)
class ToService:
    """HTTPS to a service through its gateway endpoint, by the service's managed prefix list."""

    source: str
    service: str
    prefix_list: RootParameter

    def add(self, template: TierTemplate, groups: Groups) -> None:
        """The way out."""
        template.add(
            SecurityGroupEgress(
                f"{self.source}To{self.service}",
                GroupId=_id(groups, self.source),
                Description=f"{self.service} through its gateway endpoint",
                DestinationPrefixListId=template.use(self.prefix_list),
                **_tcp(443),
            )
        )


@dataclass(frozen=True)
class ToApis:
    """HTTPS to AWS's APIs through NAT, while there are no interface endpoints."""

    source: str

    def add(self, template: TierTemplate, groups: Groups) -> None:
        """The way out."""
        template.add(
            SecurityGroupEgress(
                f"{self.source}ToApis",
                Condition=HAS_NO_ENDPOINTS,
                GroupId=_id(groups, self.source),
                Description="AWS APIs through NAT, as their public addresses have no group; closed with interface endpoints",
                CidrIp="0.0.0.0/0",
                **_tcp(443),
            )
        )


@dataclass(frozen=True)
class FromAnalysts:
    """The database's port, from the members of a group that the person who deploys names."""

    port: int
    purpose: str

    def add(self, template: TierTemplate, groups: Groups) -> None:
        """The way in, where a group is named."""
        template.add_condition(HAS_ANALYSTS, Not(Equals(template.use(parameters.ANALYST_GROUP), "")))
        template.add(
            SecurityGroupIngress(
                "DatabaseFromAnalysts",
                Condition=HAS_ANALYSTS,
                GroupId=_id(groups, "Database"),
                SourceSecurityGroupId=template.use(parameters.ANALYST_GROUP),
                Description=f"{self.purpose}, from the analysts' VPN or bastion",
                **_tcp(self.port),
            )
        )


@dataclass(frozen=True)
class FromCloudFront:
    """A port, from CloudFront's addresses and no others.

    A group for each port: the list counts as 55 rules, and a group takes 60. Nor can the port of one rule change, since
    CloudFormation makes the new rule before it deletes the old one.
    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
    """

    target: str
    port: int
    purpose: str

    def add(self, template: TierTemplate, groups: Groups) -> None:
        """The way in."""
        template.add(
            SecurityGroupIngress(
                f"{self.target}FromCloudFront",
                GroupId=_id(groups, self.target),
                SourcePrefixListId=template.use(parameters.CLOUDFRONT_PREFIX_LIST),
                Description=f"{self.purpose}, from the addresses of CloudFront only",
                **_tcp(self.port),
            )
        )


def add_security_groups(
    template: TierTemplate, vpc: VPC, rows: Sequence[GroupRow], rules: Sequence[Rule]
) -> dict[str, SecurityGroup]:
    """The groups and the connections permitted between them; gives the groups by their rows' titles."""
    groups = {row.title: _add_group(template, vpc, row) for row in rows}
    for rule in rules:
        rule.add(template, groups)
    return groups


def _add_group(template: TierTemplate, vpc: VPC, row: GroupRow) -> SecurityGroup:
    """A group without any way out of its own: EC2 opens all egress of a group that names none, so one to nowhere is named.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html
    """
    return template.add(
        SecurityGroup(
            f"{row.title}SecurityGroup",
            GroupName=template.named(f"{row.stem}-group"),
            GroupDescription=row.description,
            VpcId=Ref(vpc),
            SecurityGroupEgress=[
                SecurityGroupRule(
                    CidrIp="127.0.0.1/32",
                    IpProtocol="-1",
                    Description="Nothing leaves but by rules of their own",
                )
            ],
            Tags=name_tag(template.named(f"{row.stem}-group")),
        )
    )


def _id(groups: Groups, title: str) -> GetAtt:
    return GetAtt(groups[title], "GroupId")


def _tcp(port: int) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
