"""The network tier: VPC over three zones, public and private subnets, NAT, endpoints, security groups, flow logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from awacs.aws import Allow, Principal, Statement, StringEquals
from awacs.s3 import PutObject as PutS3Object
from troposphere import AWSHelperFn, Equals, GetAtt, GetAZs, If, Join, Not, Ref, Select, Split, Sub
from troposphere import Condition as ConditionRef
from troposphere.ec2 import (
    EIP,
    VPC,
    FlowLog,
    InternetGateway,
    NatGateway,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    SubnetRouteTableAssociation,
    VPCEndpoint,
    VPCGatewayAttachment,
)

from builders import arns, parameters, statements
from builders.contract import Port, TierTemplate
from builders.logs import add_log_group
from builders.roles import add_role, when
from builders.security_groups import ANALYSTS, NO_ENDPOINTS, add_security_groups
from builders.tagging import name_tag

VPC_ID = Port("VpcId", "The VPC.")
DEFAULT_SECURITY_GROUP = Port(
    "DefaultSecurityGroupId", "The VPC's default security group, which is closed at deployment."
)
PRIVATE_SUBNETS = tuple(Port(f"PrivateSubnet{zone}Id", f"Private subnet in zone {zone}.") for zone in "ABC")
ZONES = tuple(Port(f"Zone{zone}", f"Availability Zone {zone}.") for zone in "ABC")
FUNCTION_SECURITY_GROUP = Port("FunctionSecurityGroupId", "Security group of the functions.")
DATABASE_SECURITY_GROUP = Port("DatabaseSecurityGroupId", "Security group of the database.")

PER_ZONE = "NatGatewayInEveryZone"
ENDPOINTS = "WithInterfaceEndpoints"


@dataclass(frozen=True)
class Layout:
    """Addresses of a VPC; one public and one private subnet per zone, in zone order."""

    vpc: str
    public: tuple[str, str, str]
    private: tuple[str, str, str]


LAYOUT = Layout(
    vpc="10.0.0.0/16",
    public=("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"),
    private=("10.0.10.0/24", "10.0.11.0/24", "10.0.12.0/24"),
)


@dataclass(frozen=True)
class Zone:
    """What one Availability Zone holds."""

    letter: str
    public: Subnet
    private: Subnet
    private_routes: RouteTable


@dataclass(frozen=True)
class EndpointRow:
    """An interface endpoint: the service's name, and who calls it and why."""

    title: str
    service: str
    reason: str


# Only what a private function itself calls. Lambda's own work (logs, traces, queue polling, decryption of environment
# variables) does not pass through the VPC, and database tokens are signed without a call.
INTERFACE_ENDPOINTS = (
    EndpointRow("SecretsManagerEndpoint", "secretsmanager", "the migration reads the master secret"),
    EndpointRow("SnsEndpoint", "sns", "log alerts are published"),
    EndpointRow("Ec2Endpoint", "ec2", "housekeeping closes the default security group"),
)


def build(platform: str) -> TierTemplate:
    """VPC, subnets, routes, endpoints, security groups and flow logs."""
    template = TierTemplate(
        platform, "VPC over three Availability Zones: subnets, NAT, endpoints, security groups and flow logs."
    )
    add_conditions(template)
    vpc = add_vpc(template)
    gateway = add_internet_gateway(template, vpc)
    zones = add_zones(template, vpc, gateway)
    add_nat_gateways(template, zones)
    add_gateway_endpoints(template, vpc, zones)
    groups = add_security_groups(template, vpc)
    add_interface_endpoints(template, vpc, zones, groups["Endpoint"])
    add_flow_logs(template, vpc)
    export(template, vpc, zones, groups)
    return template


def add_conditions(template: TierTemplate) -> None:
    """The switches of the network."""
    template.add_condition(PER_ZONE, Equals(template.use(parameters.NAT_GATEWAY_PER_ZONE), "true"))
    template.add_condition(ENDPOINTS, Equals(template.use(parameters.INTERFACE_ENDPOINTS), "true"))
    template.add_condition(NO_ENDPOINTS, Not(ConditionRef(ENDPOINTS)))
    template.add_condition(ANALYSTS, Not(Equals(template.use(parameters.ANALYST_GROUP), "")))


def add_vpc(template: TierTemplate) -> VPC:
    """The VPC, with the DNS settings that private endpoints need."""
    return template.add(
        VPC(
            "Vpc",
            CidrBlock=LAYOUT.vpc,
            EnableDnsHostnames=True,
            EnableDnsSupport=True,
            Tags=name_tag(template.named("vpc")),
        )
    )


def add_internet_gateway(template: TierTemplate, vpc: VPC) -> VPCGatewayAttachment:
    """The way to the internet, for the public subnets."""
    gateway = template.add(InternetGateway("InternetGateway", Tags=name_tag(template.named("internet-gateway"))))
    return template.add(
        VPCGatewayAttachment("InternetGatewayAttachment", VpcId=Ref(vpc), InternetGatewayId=Ref(gateway))
    )


def add_zones(template: TierTemplate, vpc: VPC, attachment: VPCGatewayAttachment) -> list[Zone]:
    """A public and a private subnet in each of the region's first three zones, with their route tables."""
    public_routes = template.add(
        RouteTable("PublicRouteTable", VpcId=Ref(vpc), Tags=name_tag(template.named("public-routes")))
    )
    template.add(
        Route(
            "PublicDefaultRoute",
            DependsOn=attachment,
            RouteTableId=Ref(public_routes),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=Ref("InternetGateway"),
        )
    )
    return [_add_zone(template, vpc, public_routes, index, letter) for index, letter in enumerate("ABC")]


def _add_zone(template: TierTemplate, vpc: VPC, public_routes: RouteTable, index: int, letter: str) -> Zone:
    public = _add_subnet(template, vpc, "Public", letter, LAYOUT.public[index], index)
    private = _add_subnet(template, vpc, "Private", letter, LAYOUT.private[index], index)
    routes = template.add(
        RouteTable(
            f"PrivateRouteTable{letter}",
            VpcId=Ref(vpc),
            Tags=name_tag(template.named(f"private-routes-{letter.lower()}")),
        )
    )
    for kind, subnet, table in (("Public", public, public_routes), ("Private", private, routes)):
        template.add(
            SubnetRouteTableAssociation(f"{kind}Subnet{letter}Routes", SubnetId=Ref(subnet), RouteTableId=Ref(table))
        )
    return Zone(letter, public, private, routes)


def _add_subnet(template: TierTemplate, vpc: VPC, kind: str, letter: str, cidr: str, index: int) -> Subnet:
    return template.add(
        Subnet(
            f"{kind}Subnet{letter}",
            VpcId=Ref(vpc),
            CidrBlock=cidr,
            AvailabilityZone=Select(template.use(parameters.ZONE_INDEXES[index]), GetAZs("")),
            MapPublicIpOnLaunch=False,
            Tags=name_tag(template.named(f"{kind.lower()}-subnet-{letter.lower()}")),
        )
    )


def add_nat_gateways(template: TierTemplate, zones: Sequence[Zone]) -> None:
    """One NAT gateway in the first zone, or one in each; every private route table leads to its own or to the first."""
    first, *_ = gateways = [_add_nat_gateway(template, zone, always=zone is zones[0]) for zone in zones]
    for zone, gateway in zip(zones, gateways, strict=True):
        target = Ref(first) if gateway is first else If(PER_ZONE, Ref(gateway), Ref(first))
        template.add(
            Route(
                f"PrivateDefaultRoute{zone.letter}",
                RouteTableId=Ref(zone.private_routes),
                DestinationCidrBlock="0.0.0.0/0",
                NatGatewayId=target,
            )
        )


def _add_nat_gateway(template: TierTemplate, zone: Zone, *, always: bool) -> NatGateway:
    condition = when(None if always else PER_ZONE)
    letter = zone.letter
    address = template.add(
        EIP(
            f"NatAddress{letter}",
            DependsOn="InternetGatewayAttachment",
            Domain="vpc",
            Tags=name_tag(template.named(f"nat-address-{letter.lower()}")),
            **condition,
        )
    )
    return template.add(
        NatGateway(
            f"NatGateway{letter}",
            DependsOn="PublicDefaultRoute",
            SubnetId=Ref(zone.public),
            AllocationId=GetAtt(address, "AllocationId"),
            Tags=name_tag(template.named(f"nat-gateway-{letter.lower()}")),
            **condition,
        )
    )


def add_gateway_endpoints(template: TierTemplate, vpc: VPC, zones: Sequence[Zone]) -> None:
    """S3 and DynamoDB without leaving AWS's network, for this account's principals and resources only."""
    tables = [Ref(zone.private_routes) for zone in zones]
    rows = (
        ("S3Endpoint", "s3", [_account_only("s3"), _custom_resource_answers()]),
        ("DynamoDBEndpoint", "dynamodb", [_account_only("dynamodb")]),
    )
    for title, service, permissions in rows:
        template.add(
            VPCEndpoint(
                title,
                VpcId=Ref(vpc),
                VpcEndpointType="Gateway",
                ServiceName=_service_name(service),
                RouteTableIds=tables,
                PolicyDocument=statements.policy(*permissions),
                Metadata={"WildcardResources": _ENDPOINT_REASON},
                Tags=name_tag(template.named(f"{service}-endpoint")),
            )
        )


def add_interface_endpoints(template: TierTemplate, vpc: VPC, zones: Sequence[Zone], group: SecurityGroup) -> None:
    """The AWS APIs that private functions call, inside the VPC; switched by a parameter because each costs by the hour."""
    for row in INTERFACE_ENDPOINTS:
        template.add(
            VPCEndpoint(
                row.title,
                Condition=ENDPOINTS,
                VpcId=Ref(vpc),
                VpcEndpointType="Interface",
                ServiceName=_service_name(row.service),
                PrivateDnsEnabled=True,
                SubnetIds=[Ref(zone.private) for zone in zones],
                SecurityGroupIds=[GetAtt(group, "GroupId")],
                PolicyDocument=statements.policy(_account_only(row.service)),
                Metadata={"WildcardResources": _ENDPOINT_REASON, "Why": row.reason},
                Tags=name_tag(template.named(f"{row.service}-endpoint")),
            )
        )


_ENDPOINT_REASON = {
    "ThisAccountOnly": "An endpoint policy bounds principals and resources to this account by condition; roles grant the rest"
}


def _service_name(service: str) -> Sub:
    return Sub(f"com.amazonaws.${{AWS::Region}}.{service}")


def _account_only(service: str) -> Statement:
    """Principals of this account on resources of this account."""
    account = Ref("AWS::AccountId")
    return Statement(
        Sid="ThisAccountOnly",
        Effect=Allow,
        Principal=Principal("*"),
        Action=[statements.every_action(service)],
        Resource=["*"],
        Condition=statements.when(StringEquals({"aws:PrincipalAccount": account, "aws:ResourceAccount": account})),
    )


def _custom_resource_answers() -> Statement:
    """CloudFormation's bucket for the answers of custom resources, which lies in AWS's account.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
    """
    region = Join("", Split("-", Ref("AWS::Region")))
    bucket = Sub(
        "arn:${AWS::Partition}:s3:::cloudformation-custom-resource-response-${CompactRegion}/*", CompactRegion=region
    )
    return Statement(
        Sid="CustomResourceAnswers", Effect=Allow, Principal=Principal("*"), Action=[PutS3Object], Resource=[bucket]
    )


def add_flow_logs(template: TierTemplate, vpc: VPC) -> None:
    """All traffic, accepted and rejected, to an encrypted log group.

    Source of the trust conditions: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    group = add_log_group(
        template, "FlowLogGroup", Sub(f"/aws/vpc/{template.platform}-flow-logs-${{EnvironmentSuffix}}")
    )
    role = add_role(
        template,
        "FlowLogRole",
        "flow-log",
        "VPC flow logs write to their log group",
        trust=statements.trust_service("vpc-flow-logs", *statements.from_source(arns.arn("ec2", "vpc-flow-log/*"))),
        permissions=statements.deliver_flow_logs(GetAtt(group, "Arn")),
    )
    template.add(
        FlowLog(
            "FlowLog",
            ResourceType="VPC",
            ResourceId=Ref(vpc),
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName=Ref(group),
            DeliverLogsPermissionArn=GetAtt(role, "Arn"),
            MaxAggregationInterval=60,
            Tags=name_tag(template.named("flow-log")),
        )
    )


def export(template: TierTemplate, vpc: VPC, zones: Sequence[Zone], groups: dict[str, SecurityGroup]) -> None:
    """What other tiers and the root need."""
    values: list[tuple[Port, AWSHelperFn]] = [
        (VPC_ID, Ref(vpc)),
        (DEFAULT_SECURITY_GROUP, GetAtt(vpc, "DefaultSecurityGroup")),
    ]
    values += [(port, Ref(zone.private)) for port, zone in zip(PRIVATE_SUBNETS, zones, strict=True)]
    values += [(port, GetAtt(zone.private, "AvailabilityZone")) for port, zone in zip(ZONES[:2], zones, strict=False)]
    values += [
        (FUNCTION_SECURITY_GROUP, GetAtt(groups["Function"], "GroupId")),
        (DATABASE_SECURITY_GROUP, GetAtt(groups["Database"], "GroupId")),
    ]
    for port, value in values:
        template.export(port, value)
