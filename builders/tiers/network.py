"""The network tier: a VPC over three zones with subnets, NAT, endpoints, security groups and flow logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from awacs.aws import Allow, Principal, Statement, StringEquals
from awacs.s3 import GetObject
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

from builders.contract import parameters, ports
from builders.contract.template import Port, TierTemplate, only_if
from builders.iam import arns, statements
from builders.iam.roles import add_role
from builders.parts import pack_rules
from builders.parts.logs import add_log_group
from builders.parts.security_groups import HAS_NO_ENDPOINTS, GroupRow, Rule, add_security_groups
from builders.parts.suppressions import suppress
from builders.parts.tagging import name_tag

HAS_NAT_PER_ZONE = "NatGatewayInEveryZone"
HAS_ENDPOINTS = "WithInterfaceEndpoints"


@dataclass(frozen=True)
class Layout:
    """Addresses of a VPC with one public and one private subnet for each zone, in the order of the zones."""

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
    """The resources of one Availability Zone."""

    letter: str
    public: Subnet
    private: Subnet
    private_routes: RouteTable


@dataclass(frozen=True)
class EndpointRow:
    """An interface endpoint.

    Attributes:
        title: the endpoint's logical id.
        service: the last word of the endpoint service's name.
        reason: who calls the service, and why.
        actions: the prefix of the service's actions in IAM, if it differs (``cloudwatch`` for ``monitoring``). AWS accepts a
            policy with an unknown prefix, but the policy then allows nothing.
    """

    title: str
    service: str
    reason: str
    actions: str | None = None


@dataclass(frozen=True)
class GatewayRow:
    """A gateway endpoint.

    Attributes:
        title: the endpoint's logical id.
        service: the last word of the endpoint service's name.
        beyond: create the statements that its policy has beyond this account's own resources.
    """

    title: str
    service: str
    beyond: tuple[Callable[[], Statement], ...] = ()


@dataclass(frozen=True)
class NetworkPlan:
    """What differs between the platforms' networks.

    Attributes:
        layout: the addresses.
        groups: the security groups.
        rules: the permitted connections between them.
        gateways: the gateway endpoints.
        endpoints: the interface endpoints, which exist if the parameter is set. Only services that private code itself calls
            need one. Lambda's own work (logs, traces, queue polling, decryption of environment variables) does not pass
            through the VPC, and code signs database tokens without a call.
    """

    layout: Layout
    groups: tuple[GroupRow, ...]
    rules: tuple[Rule, ...]
    gateways: tuple[GatewayRow, ...]
    endpoints: tuple[EndpointRow, ...]


def build(platform: str, plan: NetworkPlan) -> TierTemplate:
    """Builds VPC, subnets, routes, endpoints, security groups and flow logs."""
    template = TierTemplate(
        platform, "VPC over three Availability Zones: subnets, NAT, endpoints, security groups and flow logs."
    )
    add_conditions(template)
    vpc = add_vpc(template, plan.layout)
    gateway = add_internet_gateway(template, vpc)
    zones = add_zones(template, vpc, plan.layout, gateway)
    add_nat_gateways(template, zones)
    add_gateway_endpoints(template, vpc, zones, plan.gateways)
    groups = add_security_groups(template, vpc, plan.groups, plan.rules)
    add_interface_endpoints(template, vpc, zones, groups["Endpoint"], plan.endpoints)
    add_flow_logs(template, vpc)
    export(template, vpc, zones, groups, plan)
    return template


def add_conditions(template: TierTemplate) -> None:
    """Adds the conditions that parameters of the network switch."""
    template.add_condition(HAS_NAT_PER_ZONE, Equals(template.use(parameters.NAT_GATEWAY_PER_ZONE), "true"))
    template.add_condition(HAS_ENDPOINTS, Equals(template.use(parameters.INTERFACE_ENDPOINTS), "true"))
    template.add_condition(HAS_NO_ENDPOINTS, Not(ConditionRef(HAS_ENDPOINTS)))


def add_vpc(template: TierTemplate, layout: Layout) -> VPC:
    """Adds the VPC, with the DNS settings that private endpoints need."""
    return template.add(
        VPC(
            "Vpc",
            CidrBlock=layout.vpc,
            EnableDnsHostnames=True,
            EnableDnsSupport=True,
            Tags=name_tag(template.named("vpc")),
        )
    )


def add_internet_gateway(template: TierTemplate, vpc: VPC) -> VPCGatewayAttachment:
    """Adds the internet gateway for the public subnets; returns its attachment."""
    gateway = template.add(InternetGateway("InternetGateway", Tags=name_tag(template.named("internet-gateway"))))
    return template.add(
        VPCGatewayAttachment("InternetGatewayAttachment", VpcId=Ref(vpc), InternetGatewayId=Ref(gateway))
    )


def add_zones(template: TierTemplate, vpc: VPC, layout: Layout, attachment: VPCGatewayAttachment) -> list[Zone]:
    """Adds a public and a private subnet in each of the three zones, with their route tables."""
    public_routes = template.add(
        RouteTable("PublicRouteTable", VpcId=Ref(vpc), Tags=name_tag(template.named("public-routes")))
    )
    route = template.add(
        Route(
            "PublicDefaultRoute",
            DependsOn=attachment,
            RouteTableId=Ref(public_routes),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=Ref("InternetGateway"),
        )
    )
    suppress(
        route,
        "The public subnets have a route to the internet (requirements T-NET-1 and X-NET-1); no database and no function is in "
        "them",
        **pack_rules.PUBLIC_ROUTE,
    )
    return [_add_zone(template, vpc, layout, public_routes, index, letter) for index, letter in enumerate("ABC")]


def _add_zone(
    template: TierTemplate, vpc: VPC, layout: Layout, public_routes: RouteTable, index: int, letter: str
) -> Zone:
    public = _add_subnet(template, vpc, "Public", letter, layout.public[index], index)
    private = _add_subnet(template, vpc, "Private", letter, layout.private[index], index)
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
    """Adds one NAT gateway in the first zone, or one in each. Private routes lead to the zone's own gateway or to the first."""
    gateways = [_add_nat_gateway(template, zone, always=zone is zones[0]) for zone in zones]
    first = gateways[0]
    for zone, gateway in zip(zones, gateways, strict=True):
        target = Ref(first) if gateway is first else If(HAS_NAT_PER_ZONE, Ref(gateway), Ref(first))
        template.add(
            Route(
                f"PrivateDefaultRoute{zone.letter}",
                RouteTableId=Ref(zone.private_routes),
                DestinationCidrBlock="0.0.0.0/0",
                NatGatewayId=target,
            )
        )


def _add_nat_gateway(template: TierTemplate, zone: Zone, *, always: bool) -> NatGateway:
    condition = only_if(None if always else HAS_NAT_PER_ZONE)
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


def add_gateway_endpoints(template: TierTemplate, vpc: VPC, zones: Sequence[Zone], rows: Sequence[GatewayRow]) -> None:
    """Adds the gateway endpoints, for this account's principals and resources and for the statements of the rows."""
    tables = [Ref(zone.private_routes) for zone in zones]
    for row in rows:
        template.add(
            VPCEndpoint(
                row.title,
                VpcId=Ref(vpc),
                VpcEndpointType="Gateway",
                ServiceName=_service_name(row.service),
                RouteTableIds=tables,
                PolicyDocument=statements.policy(_account_only(row.service), *(make() for make in row.beyond)),
                Metadata={"WildcardResources": _ENDPOINT_REASON},
                Tags=name_tag(template.named(f"{row.service}-endpoint")),
            )
        )


def add_interface_endpoints(
    template: TierTemplate, vpc: VPC, zones: Sequence[Zone], group: SecurityGroup, rows: Sequence[EndpointRow]
) -> None:
    """Adds the interface endpoints. A parameter switches them, because each costs by the hour."""
    for row in rows:
        template.add(
            VPCEndpoint(
                row.title,
                Condition=HAS_ENDPOINTS,
                VpcId=Ref(vpc),
                VpcEndpointType="Interface",
                ServiceName=_service_name(row.service),
                PrivateDnsEnabled=True,
                SubnetIds=[Ref(zone.private) for zone in zones],
                SecurityGroupIds=[GetAtt(group, "GroupId")],
                PolicyDocument=statements.policy(_account_only(row.actions or row.service)),
                Metadata={"WildcardResources": _ENDPOINT_REASON, "Why": row.reason},
                Tags=name_tag(template.named(f"{row.service}-endpoint")),
            )
        )


_ENDPOINT_REASON = {
    "ThisAccountOnly": "An endpoint policy bounds principals and resources to this account by condition; roles grant the rest"
}


def _service_name(service: str) -> Sub:
    return Sub(f"com.amazonaws.${{AWS::Region}}.{service}")


def _account_only(actions: str) -> Statement:
    """Allows principals of this account all actions of a prefix on resources of this account.

    All calls of private code send ``aws:ResourceAccount``, also those without a resource, such as PutMetricData.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (actions without the key)
    """
    account = Ref("AWS::AccountId")
    return Statement(
        Sid="ThisAccountOnly",
        Effect=Allow,
        Principal=Principal("*"),
        Action=[statements.every_action(actions)],
        Resource=["*"],
        Condition=statements.all_of(StringEquals({"aws:PrincipalAccount": account, "aws:ResourceAccount": account})),
    )


def custom_resource_answers() -> Statement:
    """Allows writing to CloudFormation's bucket for the responses of custom resources, which is in an account of AWS.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
    """
    region = Join("", Split("-", Ref("AWS::Region")))
    bucket = Sub(
        "arn:${AWS::Partition}:s3:::cloudformation-custom-resource-response-${CompactRegion}/*", CompactRegion=region
    )
    return Statement(
        Sid="CustomResourceAnswers", Effect=Allow, Principal=Principal("*"), Action=[PutS3Object], Resource=[bucket]
    )


def linux_packages() -> Statement:
    """Allows reading Amazon Linux 2023's package repositories, which dnf reads unsigned from a bucket of AWS in the region."""
    bucket = Sub("arn:${AWS::Partition}:s3:::al2023-repos-${AWS::Region}-de612dc2/*")
    return Statement(Sid="LinuxPackages", Effect=Allow, Principal=Principal("*"), Action=[GetObject], Resource=[bucket])


def add_flow_logs(template: TierTemplate, vpc: VPC) -> None:
    """Adds flow logs of all traffic, accepted and rejected, to an encrypted log group.

    Source of the trust conditions: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    group = add_log_group(template, "FlowLogGroup", Sub(f"/aws/vpc/{template.name_text('flow-logs')}"))
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


def export(
    template: TierTemplate,
    vpc: VPC,
    zones: Sequence[Zone],
    groups: Mapping[str, SecurityGroup],
    plan: NetworkPlan,
) -> None:
    """Exports what all platforms need, and offers the rest."""
    template.export(ports.VPC_ID, Ref(vpc))
    template.export(ports.DEFAULT_SECURITY_GROUP, GetAtt(vpc, "DefaultSecurityGroup"))
    values: list[tuple[Port, AWSHelperFn]] = []
    values += [(port, Ref(zone.public)) for port, zone in zip(ports.PUBLIC_SUBNETS, zones, strict=True)]
    values += [(port, Ref(zone.private)) for port, zone in zip(ports.PRIVATE_SUBNETS, zones, strict=True)]
    values += [(port, GetAtt(zone.private, "AvailabilityZone")) for port, zone in zip(ports.ZONES, zones, strict=True)]
    values += [(row.port, GetAtt(groups[row.title], "GroupId")) for row in plan.groups if row.port]
    for port, value in values:
        template.offer(port, value)
