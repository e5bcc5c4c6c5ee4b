"""The network of trading (T-NET-*)."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest

from tests.builders.support.conditions import deployed
from tests.builders.support.paths import PROJECT
from tests.builders.support.policies import statements
from tests.builders.support.resources import find_resource, of_type, resources, templates, text

TIER = templates("trading")["network"]


def network(*, per_zone: bool = False, endpoints: bool = False, analysts: str = "") -> dict[str, Any]:
    switches = {"NatGatewayPerZone": str(per_zone).lower(), "InterfaceEndpoints": str(endpoints).lower()}
    return deployed(TIER, AnalystSecurityGroupId=analysts, **switches)


@pytest.mark.requirement("T-NET-1")
def test_three_zones_with_a_public_and_a_private_subnet_each() -> None:
    subnets = of_type(network(), "AWS::EC2::Subnet")
    zones: dict[str, set[str]] = {}
    for title, subnet in subnets.items():
        index = subnet["AvailabilityZone"]["Fn::Select"][0]["Ref"]
        zones.setdefault(index, set()).add(title[: -len("SubnetA")])
        assert subnet["MapPublicIpOnLaunch"] is False
    assert zones == {f"ZoneIndex{zone}": {"Public", "Private"} for zone in "ABC"}
    defaults = [templates("trading")["root"]["Parameters"][f"ZoneIndex{zone}"]["Default"] for zone in "ABC"]
    assert defaults == [0, 1, 2]


@pytest.mark.requirement("T-NET-1")
def test_subnets_lie_in_the_vpc_and_do_not_overlap() -> None:
    vpc = ipaddress.IPv4Network(find_resource("trading", "Vpc").properties["CidrBlock"])
    assert str(vpc) == "10.0.0.0/16"
    blocks = [ipaddress.IPv4Network(s["CidrBlock"]) for s in of_type(network(), "AWS::EC2::Subnet").values()]
    assert all(block.subnet_of(vpc) for block in blocks)
    assert not any(a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[:i])


@pytest.mark.requirement("T-NET-2")
@pytest.mark.parametrize(("per_zone", "gateways"), [(False, ["A", "A", "A"]), (True, ["A", "B", "C"])])
def test_private_routes_follow_the_nat_gateways(per_zone: bool, gateways: list[str]) -> None:
    network_resources = network(per_zone=per_zone)
    assert (
        len(of_type(network_resources, "AWS::EC2::NatGateway"))
        == len(set(gateways))
        == len(of_type(network_resources, "AWS::EC2::EIP"))
    )
    for zone, gateway in zip("ABC", gateways, strict=True):
        route = network_resources[f"PrivateDefaultRoute{zone}"]["Properties"]
        assert route["NatGatewayId"] == {"Ref": f"NatGateway{gateway}"}
        assert route["RouteTableId"] == {"Ref": f"PrivateRouteTable{zone}"}
        assert network_resources[f"NatGateway{gateway}"]["Properties"]["SubnetId"] == {"Ref": f"PublicSubnet{gateway}"}


@pytest.mark.requirement("T-NET-2")
def test_one_nat_gateway_is_the_default() -> None:
    assert templates("trading")["root"]["Parameters"]["NatGatewayPerZone"]["Default"] == "false"


@pytest.mark.requirement("T-NET-2")
def test_no_environment_pays_for_gateways_per_zone_without_traffic() -> None:
    """With interface endpoints no security group lets traffic out, so all gateways but the required one are idle."""
    for path in (PROJECT / "params" / "trading").glob("*.json"):
        values = json.loads(path.read_text("utf-8")).get("Parameters", {})
        assert {values.get("NatGatewayPerZone"), values.get("InterfaceEndpoints")} != {"true"}, path.name


@pytest.mark.requirement("T-NET-3")
def test_gateway_endpoints_serve_every_private_route_table() -> None:
    for title in ("S3Endpoint", "DynamoDBEndpoint"):
        endpoint = find_resource("trading", title).properties
        assert endpoint["VpcEndpointType"] == "Gateway"
        assert endpoint["RouteTableIds"] == [{"Ref": f"PrivateRouteTable{zone}"} for zone in "ABC"]


@pytest.mark.requirement("T-NET-3")
def test_interface_endpoints_are_switched_by_their_parameter() -> None:
    def interfaces(network_resources: dict[str, Any]) -> set[str]:
        endpoints = of_type(network_resources, "AWS::EC2::VPCEndpoint").values()
        return {text(e["ServiceName"]).rpartition(".")[2] for e in endpoints if e["VpcEndpointType"] == "Interface"}

    assert interfaces(network()) == set()
    assert interfaces(network(endpoints=True)) == {"ec2", "secretsmanager", "sns", "sqs"}


@pytest.mark.requirement("T-NET-3")
def test_endpoint_policies_admit_this_account_only() -> None:
    account = {"Ref": "AWS::AccountId"}
    for resource in resources("trading", "AWS::EC2::VPCEndpoint"):
        for statement in statements(resource.properties["PolicyDocument"]):
            if statement["Sid"] == "CustomResourceAnswers":
                assert statement["Action"] == ["s3:PutObject"]
                assert "cloudformation-custom-resource-response-" in text(statement["Resource"][0])
                continue
            assert statement["Condition"]["StringEquals"] == {
                "aws:PrincipalAccount": account,
                "aws:ResourceAccount": account,
            }


@pytest.mark.requirement("T-NET-4")
def test_database_accepts_traffic_only_from_functions() -> None:
    for endpoints in (False, True):
        inbound = of_type(network(endpoints=endpoints), "AWS::EC2::SecurityGroupIngress").values()
        into = [rule for rule in inbound if text(rule["GroupId"]) == "${DatabaseSecurityGroup.GroupId}"]
        assert [text(rule["SourceSecurityGroupId"]) for rule in into] == ["${FunctionSecurityGroup.GroupId}"]
        assert [(rule["FromPort"], rule["ToPort"]) for rule in into] == [(5432, 5432)]


@pytest.mark.requirement("T-NET-4", "T-DB-3")
def test_analysts_reach_the_database_only_through_the_group_they_are_given() -> None:
    assert "DatabaseFromAnalysts" not in network()
    rule = network(analysts="sg-0123456789abcdef0")["DatabaseFromAnalysts"]["Properties"]
    assert rule["SourceSecurityGroupId"] == {"Ref": "AnalystSecurityGroupId"}


@pytest.mark.requirement("T-NET-4")
def test_groups_allow_egress_only_by_explicit_rules() -> None:
    for title, group in of_type(network(), "AWS::EC2::SecurityGroup").items():
        assert "SecurityGroupIngress" not in group, title
        assert [rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["127.0.0.1/32"], title


@pytest.mark.requirement("T-NET-4")
def test_interface_endpoints_close_the_way_to_the_internet() -> None:
    def cidrs(network_resources: dict[str, Any]) -> list[str]:
        return [
            r["CidrIp"] for r in of_type(network_resources, "AWS::EC2::SecurityGroupEgress").values() if "CidrIp" in r
        ]

    assert cidrs(network()) == ["0.0.0.0/0"]
    assert cidrs(network(endpoints=True)) == []


@pytest.mark.requirement("T-NET-4")
def test_every_rule_says_why_and_names_its_ports() -> None:
    for kind in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
        for title, rule in of_type(network(endpoints=True), kind).items():
            assert len(rule["Description"]) > 10, title
            assert rule["IpProtocol"] == "tcp"
            assert rule["FromPort"] == rule["ToPort"] in (443, 5432)


@pytest.mark.requirement("T-NET-4")
def test_default_security_group_is_closed() -> None:
    resource = find_resource("trading", "ClosedDefaultSecurityGroup")
    assert resource.type == "Custom::ClosedDefaultSecurityGroup"
    assert resource.properties["GroupId"] == {"Ref": "DefaultSecurityGroupId"}
    assert templates("trading")["network"]["Outputs"]["DefaultSecurityGroupId"]["Value"] == {
        "Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]
    }


@pytest.mark.requirement("T-NET-4")
def test_all_traffic_is_logged_to_the_encrypted_group() -> None:
    flow = find_resource("trading", "FlowLog").properties
    assert flow["TrafficType"] == "ALL"
    assert flow["ResourceId"] == {"Ref": "Vpc"}
    assert flow["LogGroupName"] == {"Ref": "FlowLogGroup"}
