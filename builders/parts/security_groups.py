"""Security groups: their rules name other groups, not addresses, and they allow egress only by explicit rules.

A platform's groups are rows, and so are the permitted connections. Every rule is a resource of its own with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from troposphere import Equals, GetAtt, Not, Ref
from troposphere.ec2 import VPC, SecurityGroup, SecurityGroupEgress, SecurityGroupIngress, SecurityGroupRule

from builders.contract import parameters
from builders.contract.template import Port, RootParameter, TierTemplate
from builders.parts import pack_rules
from builders.parts.suppressions import suppress
from builders.parts.tagging import name_tag

HAS_NO_ENDPOINTS = "WithoutInterfaceEndpoints"
"""Condition that the VPC has no interface endpoints. The network tier declares it."""
HAS_ANALYSTS = "WithAnalysts"

Groups = Mapping[str, SecurityGroup]


@dataclass(frozen=True)
class GroupRow:
    """One security group.

    Attributes:
        title: the name that rules use; with ``SecurityGroup`` the logical id.
        stem: the name without platform, ``group`` and suffix.
        description: shown in the console.
        port: the port that exports the group's id, or None.
    """

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
        """Adds egress of the source and ingress of the target."""
        source, target = _id(groups, self.source), _id(groups, self.target)
        template.add(
            SecurityGroupEgress(
                f"{self.source}To{self.target}",
                GroupId=source,
                DestinationSecurityGroupId=target,
                Description=f"{self.purpose}, to the {self.target.lower()} group",
                **_tcp(self.port),
            )
        )
        template.add(
            SecurityGroupIngress(
                f"{self.target}From{self.source}",
                GroupId=target,
                SourceSecurityGroupId=source,
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
        """Adds the egress."""
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
    """HTTPS to AWS's APIs through NAT, as long as the VPC has no interface endpoints."""

    source: str

    def add(self, template: TierTemplate, groups: Groups) -> None:
        """Adds the egress."""
        egress = template.add(
            SecurityGroupEgress(
                f"{self.source}ToApis",
                Condition=HAS_NO_ENDPOINTS,
                GroupId=_id(groups, self.source),
                Description="AWS APIs through NAT, as their public addresses have no group; closed with interface endpoints",
                CidrIp="0.0.0.0/0",
                **_tcp(443),
            )
        )
        suppress(
            egress,
            "The public addresses of AWS's APIs have no group and no short list; only a VPC without interface endpoints has "
            "this rule",
            cfn_lint=["E9817"],
            **pack_rules.EGRESS_TO_WORLD,
        )


@dataclass(frozen=True)
class FromAnalysts:
    """The database's port, for members of a group that the person who deploys chooses."""

    port: int
    purpose: str

    def add(self, template: TierTemplate, groups: Groups) -> None:
        """Adds the ingress, under the condition that a group is given."""
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
    """A port, for CloudFront's addresses only.

    Each port needs a group of its own, because the prefix list counts as 55 rules and a group has a quota of 60. For the same
    reason the port of a rule cannot change: CloudFormation creates the new rule before it deletes the old one.
    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
    """

    target: str
    port: int
    purpose: str

    def add(self, template: TierTemplate, groups: Groups) -> None:
        """Adds the ingress."""
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
    """Adds the groups and the permitted connections; returns the groups by their rows' titles."""
    groups = {row.title: _add_group(template, vpc, row) for row in rows}
    for rule in rules:
        rule.add(template, groups)
    return groups


def _add_group(template: TierTemplate, vpc: VPC, row: GroupRow) -> SecurityGroup:
    """Adds a group whose only egress of its own leads nowhere.

    EC2 allows all egress of a group that declares none.

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
