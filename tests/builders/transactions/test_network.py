"""The network of transactions and its permitted connections (X-NET-1, X-SEC-2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.support.conditions import deployed
from tests.builders.support.policies import statements
from tests.builders.support.resources import find_resource, of_type, resources, templates, text

PLATFORM = "transactions"


def network(*, endpoints: bool = False, per_zone: bool = True) -> dict[str, Any]:
    return deployed(
        templates(PLATFORM)["network"],
        NatGatewayPerZone=str(per_zone).lower(),
        InterfaceEndpoints=str(endpoints).lower(),
    )


# --- X-NET-1 ---------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("X-NET-1")
def test_addresses_are_those_required() -> None:
    assert find_resource(PLATFORM, "Vpc").properties["CidrBlock"] == "10.0.0.0/16"
    blocks = {title: subnet["CidrBlock"] for title, subnet in of_type(network(), "AWS::EC2::Subnet").items()}
    assert blocks == {
        "PublicSubnetA": "10.0.0.0/24",
        "PublicSubnetB": "10.0.1.0/24",
        "PublicSubnetC": "10.0.2.0/24",
        "PrivateSubnetA": "10.0.10.0/24",
        "PrivateSubnetB": "10.0.11.0/24",
        "PrivateSubnetC": "10.0.12.0/24",
    }


@pytest.mark.requirement("X-NET-1")
def test_every_zone_has_its_nat_gateway_by_default() -> None:
    assert templates(PLATFORM)["root"]["Parameters"]["NatGatewayPerZone"]["Default"] == "true"
    network_resources = network()
    assert len(of_type(network_resources, "AWS::EC2::NatGateway")) == 3
    for zone in "ABC":
        assert network_resources[f"PrivateDefaultRoute{zone}"]["Properties"]["NatGatewayId"] == {
            "Ref": f"NatGateway{zone}"
        }
        assert network_resources[f"NatGateway{zone}"]["Properties"]["SubnetId"] == {"Ref": f"PublicSubnet{zone}"}


@pytest.mark.requirement("X-NET-1")
def test_public_subnets_lead_to_the_internet_gateway() -> None:
    network_resources = network()
    assert len(of_type(network_resources, "AWS::EC2::InternetGateway")) == 1
    route = network_resources["PublicDefaultRoute"]["Properties"]
    assert (route["DestinationCidrBlock"], route["GatewayId"]) == ("0.0.0.0/0", {"Ref": "InternetGateway"})


@pytest.mark.requirement("X-NET-1")
def test_the_same_builder_builds_both_platforms_networks() -> None:
    """All but security groups, endpoints and outputs is the same, except for the platform's name in tags."""
    differing = ("SecurityGroup", "VPCEndpoint")

    def common(platform: str) -> dict[str, str]:
        here = templates(platform)["network"]["Resources"]
        common_resources = {
            title: body for title, body in here.items() if not any(word in body["Type"] for word in differing)
        }
        return {
            title: str(body).replace("trading-platform", "").replace(platform, "")
            for title, body in common_resources.items()
        }

    assert common("trading") == common("transactions")
    assert len(common(PLATFORM)) > 30


@pytest.mark.requirement("X-NET-1")
def test_linux_packages_come_through_the_gateway_endpoint() -> None:
    allowed = {
        each["Sid"]: each for each in statements(find_resource(PLATFORM, "S3Endpoint").properties["PolicyDocument"])
    }
    assert allowed["LinuxPackages"]["Action"] == ["s3:GetObject"]
    assert text(allowed["LinuxPackages"]["Resource"][0]) == (
        "arn:${AWS::Partition}:s3:::al2023-repos-${AWS::Region}-de612dc2/*"
    )
    assert not [resource for resource in resources(PLATFORM) if resource.title == "DynamoDBEndpoint"], (
        "nothing here uses DynamoDB"
    )


# --- X-SEC-2 ---------------------------------------------------------------------------------------------------------
def connections(network_resources: dict[str, Any], kind: str, here: str, there: str) -> set[tuple[str, str, int]]:
    """(group, other group or list or network, port) of every rule of a kind."""
    rows = set()
    for rule in of_type(network_resources, kind).values():
        other = rule.get(there) or rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")
        other = other or rule.get("CidrIp")
        assert rule["IpProtocol"] == "tcp"
        assert rule["FromPort"] == rule["ToPort"]
        rows.add((_name(rule[here]), _name(other), rule["FromPort"]))
    return rows


def _name(group: Any) -> str:
    name = text(group)
    return name.strip("${}").split(".")[0].removesuffix("SecurityGroup") if name.startswith("$") else name


@pytest.mark.requirement("X-SEC-2")
def test_each_group_is_open_to_its_neighbour_only() -> None:
    for endpoints in (False, True):
        network_resources = network(endpoints=endpoints)
        into = connections(network_resources, "AWS::EC2::SecurityGroupIngress", "GroupId", "SourceSecurityGroupId")
        assert into == {
            ("Balancer", "CloudFrontPrefixListId", 80),
            ("BalancerTls", "CloudFrontPrefixListId", 443),
            ("Instance", "Balancer", 8080),
            ("Database", "Instance", 3306),
            ("Database", "Function", 3306),
            ("Endpoint", "Instance", 443),
            ("Endpoint", "Function", 443),
        }
        out = connections(network_resources, "AWS::EC2::SecurityGroupEgress", "GroupId", "DestinationSecurityGroupId")
        between = {(source, target, port) for target, source, port in into if not target.startswith("Balancer")}
        to_s3 = {("Instance", "S3PrefixListId", 443), ("Function", "S3PrefixListId", 443)}
        to_apis = set() if endpoints else {("Instance", "0.0.0.0/0", 443), ("Function", "0.0.0.0/0", 443)}
        assert out == between | to_s3 | to_apis


@pytest.mark.requirement("X-SEC-2")
def test_groups_allow_egress_only_by_explicit_rules() -> None:
    groups = of_type(network(), "AWS::EC2::SecurityGroup")
    assert set(groups) == {
        f"{name}SecurityGroup" for name in ("Balancer", "BalancerTls", "Instance", "Function", "Database", "Endpoint")
    }
    for group in groups.values():
        assert "SecurityGroupIngress" not in group
        assert [rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["127.0.0.1/32"]


@pytest.mark.requirement("X-SEC-2")
def test_keys_are_divided_by_kind_of_data() -> None:
    keys = {resource.title for resource in resources(PLATFORM, "AWS::KMS::Key")}
    assert keys == {"DataKey", "DatabaseKey", "SecretsKey", "LogsKey", "FunctionsKey", "MessagingKey", "VolumeKey"}


@pytest.mark.requirement("X-SEC-2")
def test_every_endpoint_says_who_needs_it() -> None:
    endpoints = of_type(network(endpoints=True), "AWS::EC2::VPCEndpoint")
    interfaces = {title for title, endpoint in endpoints.items() if endpoint["VpcEndpointType"] == "Interface"}
    assert interfaces == {
        "SecretsManagerEndpoint",
        "LogsEndpoint",
        "MonitoringEndpoint",
        "CloudFormationEndpoint",
        "SnsEndpoint",
        "Ec2Endpoint",
    }
    assert all(len(find_resource(PLATFORM, title).body["Metadata"]["Why"]) > 20 for title in interfaces)
