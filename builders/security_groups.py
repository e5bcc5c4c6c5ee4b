"""Security groups of trading: they know each other, not addresses, and let nothing out but by rules of their own."""

from __future__ import annotations

from troposphere import GetAtt, Ref
from troposphere.ec2 import VPC, SecurityGroup, SecurityGroupEgress, SecurityGroupIngress, SecurityGroupRule

from builders import parameters
from builders.contract import TierTemplate
from builders.tagging import name_tag

POSTGRES_PORT = 5432
NO_ENDPOINTS = "WithoutInterfaceEndpoints"
ANALYSTS = "WithAnalysts"


def add_security_groups(template: TierTemplate, vpc: VPC) -> dict[str, SecurityGroup]:
    """Groups that know each other, not addresses; every rule is a resource of its own with its reason."""
    groups = {
        "Function": _add_group(template, vpc, "Function", "functions", "Functions of the platform"),
        "Database": _add_group(template, vpc, "Database", "database", "Database, reached by functions only"),
        "Endpoint": _add_group(
            template, vpc, "Endpoint", "endpoints", "Interface endpoints, reached by functions only"
        ),
    }
    _allow(template, groups, "Function", "Database", POSTGRES_PORT, "PostgreSQL")
    _allow(template, groups, "Function", "Endpoint", 443, "AWS APIs through interface endpoints")
    for title, parameter, service in (
        ("FunctionToS3", parameters.S3_PREFIX_LIST, "S3"),
        ("FunctionToDynamoDB", parameters.DYNAMODB_PREFIX_LIST, "DynamoDB"),
    ):
        template.add(
            SecurityGroupEgress(
                title,
                GroupId=GetAtt(groups["Function"], "GroupId"),
                Description=f"{service} through its gateway endpoint",
                DestinationPrefixListId=template.use(parameter),
                IpProtocol="tcp",
                FromPort=443,
                ToPort=443,
            )
        )
    template.add(
        SecurityGroupEgress(
            "FunctionToApis",
            Condition=NO_ENDPOINTS,
            GroupId=GetAtt(groups["Function"], "GroupId"),
            Description="AWS APIs through NAT, as their public addresses have no group; closed with interface endpoints",
            CidrIp="0.0.0.0/0",
            IpProtocol="tcp",
            FromPort=443,
            ToPort=443,
        )
    )
    template.add(
        SecurityGroupIngress(
            "DatabaseFromAnalysts",
            Condition=ANALYSTS,
            GroupId=GetAtt(groups["Database"], "GroupId"),
            SourceSecurityGroupId=template.use(parameters.ANALYST_GROUP),
            Description="PostgreSQL, from the analysts' VPN or bastion",
            IpProtocol="tcp",
            FromPort=POSTGRES_PORT,
            ToPort=POSTGRES_PORT,
        )
    )
    return groups


def _add_group(template: TierTemplate, vpc: VPC, title: str, thing: str, description: str) -> SecurityGroup:
    """A group without any way out of its own: EC2 opens all egress of a group that names none, so one to nowhere is named.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html
    """
    return template.add(
        SecurityGroup(
            f"{title}SecurityGroup",
            GroupName=template.named(f"{thing}-group"),
            GroupDescription=description,
            VpcId=Ref(vpc),
            SecurityGroupEgress=[
                SecurityGroupRule(
                    CidrIp="127.0.0.1/32",
                    IpProtocol="-1",
                    Description="Nothing leaves but by rules of their own",
                )
            ],
            Tags=name_tag(template.named(f"{thing}-group")),
        )
    )


def _allow(
    template: TierTemplate, groups: dict[str, SecurityGroup], source: str, target: str, port: int, what: str
) -> None:
    """Both halves of one permitted connection."""
    here, there = GetAtt(groups[source], "GroupId"), GetAtt(groups[target], "GroupId")
    template.add(
        SecurityGroupEgress(
            f"{source}To{target}",
            GroupId=here,
            DestinationSecurityGroupId=there,
            Description=f"{what}, to the {target.lower()} group",
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
        )
    )
    template.add(
        SecurityGroupIngress(
            f"{target}From{source}",
            GroupId=there,
            SourceSecurityGroupId=here,
            Description=f"{what}, from the {source.lower()} group",
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
        )
    )
