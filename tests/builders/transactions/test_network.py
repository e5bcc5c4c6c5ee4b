"""The network of transactions and who may speak with whom in it (X-NET-1, X-SEC-2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.support.conditions import deployed
from tests.builders.support.policies import statements
from tests.builders.support.resources import of_type, one, resources, templates, text

P = "transactions"


def network(*, endpoints: bool = False, per_zone: bool = True) -> dict[str, Any]:
    return deployed(
        templates(P)["network"],
        NatGatewayPerZone=str(per_zone).lower(),
        InterfaceEndpoints=str(endpoints).lower(),
    )


# --- X-NET-1 ---------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("X-NET-1")
def test_addresses_are_those_required() -> None:
    assert one(P, "Vpc").properties["CidrBlock"] == "10.0.0.0/16"
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
    assert templates(P)["root"]["Parameters"]["NatGatewayPerZone"]["Default"] == "true"
    found = network()
    assert len(of_type(found, "AWS::EC2::NatGateway")) == 3
    for zone in "ABC":
        assert found[f"PrivateDefaultRoute{zone}"]["Properties"]["NatGatewayId"] == {"Ref": f"NatGateway{zone}"}
        assert found[f"NatGateway{zone}"]["Properties"]["SubnetId"] == {"Ref": f"PublicSubnet{zone}"}


@pytest.mark.requirement("X-NET-1")
def test_public_subnets_lead_to_the_internet_gateway() -> None:
    found = network()
    assert len(of_type(found, "AWS::EC2::InternetGateway")) == 1
    route = found["PublicDefaultRoute"]["Properties"]
    assert (route["DestinationCidrBlock"], route["GatewayId"]) == ("0.0.0.0/0", {"Ref": "InternetGateway"})


@pytest.mark.requirement("X-NET-1")
def test_the_same_builder_makes_both_platforms_networks() -> None:
    """What is not a security group, an endpoint or an output is the same, but for the platform's name in its tags."""
    differing = ("SecurityGroup", "VPCEndpoint")

    def common(platform: str) -> dict[str, str]:
        here = templates(platform)["network"]["Resources"]
        kept = {title: body for title, body in here.items() if not any(word in body["Type"] for word in differing)}
        return {title: str(body).replace("trading-platform", "").replace(platform, "") for title, body in kept.items()}

    assert common("trading") == common("transactions")
    assert len(common(P)) > 30


@pytest.mark.requirement("X-NET-1")
def test_linux_packages_come_through_the_gateway_endpoint() -> None:
    allowed = {each["Sid"]: each for each in statements(one(P, "S3Endpoint").properties["PolicyDocument"])}
    assert allowed["LinuxPackages"]["Action"] == ["s3:GetObject"]
    assert text(allowed["LinuxPackages"]["Resource"][0]) == (
        "arn:${AWS::Partition}:s3:::al2023-repos-${AWS::Region}-de612dc2/*"
    )
    assert not [found for found in resources(P) if found.title == "DynamoDBEndpoint"], "nothing here uses DynamoDB"


# --- X-SEC-2 ---------------------------------------------------------------------------------------------------------
def connections(found: dict[str, Any], kind: str, here: str, there: str) -> set[tuple[str, str, int]]:
    """(group, other group or list or network, port) of every rule of a kind."""
    rows = set()
    for rule in of_type(found, kind).values():
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
        found = network(endpoints=endpoints)
        into = connections(found, "AWS::EC2::SecurityGroupIngress", "GroupId", "SourceSecurityGroupId")
        assert into == {
            ("Balancer", "CloudFrontPrefixListId", 80),
            ("BalancerTls", "CloudFrontPrefixListId", 443),
            ("Instance", "Balancer", 8080),
            ("Database", "Instance", 3306),
            ("Database", "Function", 3306),
            ("Endpoint", "Instance", 443),
            ("Endpoint", "Function", 443),
        }
        out = connections(found, "AWS::EC2::SecurityGroupEgress", "GroupId", "DestinationSecurityGroupId")
        between = {(source, target, port) for target, source, port in into if not target.startswith("Balancer")}
        to_s3 = {("Instance", "S3PrefixListId", 443), ("Function", "S3PrefixListId", 443)}
        to_apis = set() if endpoints else {("Instance", "0.0.0.0/0", 443), ("Function", "0.0.0.0/0", 443)}
        assert out == between | to_s3 | to_apis


@pytest.mark.requirement("X-SEC-2")
def test_nothing_leaves_a_group_but_by_a_rule_of_its_own() -> None:
    groups = of_type(network(), "AWS::EC2::SecurityGroup")
    assert set(groups) == {
        f"{name}SecurityGroup" for name in ("Balancer", "BalancerTls", "Instance", "Function", "Database", "Endpoint")
    }
    for group in groups.values():
        assert "SecurityGroupIngress" not in group
        assert [rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["127.0.0.1/32"]


@pytest.mark.requirement("X-SEC-2")
def test_keys_are_divided_by_kind_of_data() -> None:
    keys = {found.title for found in resources(P, "AWS::KMS::Key")}
    assert keys == {"DataKey", "DatabaseKey", "SecretsKey", "LogsKey", "FunctionsKey", "MessagingKey", "VolumeKey"}


@pytest.mark.requirement("X-SEC-2")
def test_every_endpoint_says_who_needs_it() -> None:
    endpoints = of_type(network(endpoints=True), "AWS::EC2::VPCEndpoint")
    interfaces = {title for title, endpoint in endpoints.items() if endpoint["VpcEndpointType"] == "Interface"}
    assert interfaces == {
        "SecretsManagerEndpoint", "LogsEndpoint", "MonitoringEndpoint", "CloudFormationEndpoint", "SnsEndpoint", "Ec2Endpoint",
    }  # fmt: skip
    assert all(len(one(P, title).body["Metadata"]["Why"]) > 20 for title in interfaces)
