"""VPCs, AWS Config and the tagging API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import created, deployed, error_of, resources, unique

pytestmark = pytest.mark.emulator

NETWORK = """
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.5.0.0/16, EnableDnsSupport: true, EnableDnsHostnames: true}}
  Private: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.5.0.0/24, AvailabilityZone: us-east-1a}}
  Public: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.5.1.0/24, AvailabilityZone: us-east-1b}}
  Internet: {Type: AWS::EC2::InternetGateway}
  Attached: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Internet}}
  Address: {Type: AWS::EC2::EIP, DependsOn: Attached, Properties: {Domain: vpc}}
  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref Public, AllocationId: !GetAtt Address.AllocationId}}
  PrivateTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  PublicTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  ToNat:
    Type: AWS::EC2::Route
    Properties: {RouteTableId: !Ref PrivateTable, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}
  ToInternet:
    Type: AWS::EC2::Route
    DependsOn: Attached
    Properties: {RouteTableId: !Ref PublicTable, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Internet}
  PrivateRoutes:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {SubnetId: !Ref Private, RouteTableId: !Ref PrivateTable}
  PublicRoutes:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {SubnetId: !Ref Public, RouteTableId: !Ref PublicTable}
  Open: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, GroupDescription: without egress rule}}
  Closed:
    Type: AWS::EC2::SecurityGroup
    Properties:
      VpcId: !Ref Vpc
      GroupDescription: with a rule that leads nowhere
      SecurityGroupEgress: [{IpProtocol: icmp, FromPort: 252, ToPort: 86, CidrIp: 255.255.255.255/32}]
  FromOpen:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref Closed, IpProtocol: tcp, FromPort: 5432, ToPort: 5432, SourceSecurityGroupId: !Ref Open, Description: from open}
  ToClosed:
    Type: AWS::EC2::SecurityGroupEgress
    Properties: {GroupId: !Ref Closed, IpProtocol: tcp, FromPort: 443, ToPort: 443, DestinationSecurityGroupId: !Ref Open, Description: to open}
  FromEdge:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref Closed, IpProtocol: tcp, FromPort: 443, ToPort: 443, SourcePrefixListId: pl-3b927c52}
  ObjectEndpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcId: !Ref Vpc
      VpcEndpointType: Gateway
      ServiceName: com.amazonaws.us-east-1.s3
      RouteTableIds: [!Ref PrivateTable]
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: "*", Action: "s3:GetObject", Resource: "*"}]}
  LogsEndpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcId: !Ref Vpc
      VpcEndpointType: Interface
      ServiceName: com.amazonaws.us-east-1.logs
      PrivateDnsEnabled: true
      SubnetIds: [!Ref Private]
      SecurityGroupIds: [!Ref Open]
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: "*", Action: "logs:PutLogEvents", Resource: "*"}]}
  FlowRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Service: vpc-flow-logs.amazonaws.com}, Action: "sts:AssumeRole"}]}
  FlowGroup: {Type: AWS::Logs::LogGroup}
  FlowLog:
    Type: AWS::EC2::FlowLog
    Properties:
      ResourceId: !Ref Vpc
      ResourceType: VPC
      TrafficType: ALL
      LogDestinationType: cloud-watch-logs
      LogGroupName: !Ref FlowGroup
      DeliverLogsPermissionArn: !GetAtt FlowRole.Arn
      LogFormat: "${srcaddr} ${dstaddr} ${action}"
"""  # noqa: E501 - a resource a line


class Network:
    """The deployed network."""

    def __init__(self, cloud: EmbeddedCloud, stack: str) -> None:
        self.cloud, self.stack, self.ec2 = cloud, stack, cloud.client("ec2")
        self.ids = resources(cloud, stack)

    def routes(self, table: str) -> list[dict[str, Any]]:
        (found,) = self.ec2.describe_route_tables(RouteTableIds=[self.ids[table]])["RouteTables"]
        return list(found["Routes"])

    def group(self, name: str) -> dict[str, Any]:
        (found,) = self.ec2.describe_security_groups(GroupIds=[self.ids[name]])["SecurityGroups"]
        return dict(found)

    def endpoint(self, name: str) -> dict[str, Any]:
        (found,) = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[self.ids[name]])["VpcEndpoints"]
        return dict(found)


@pytest.fixture(scope="module")
def network(cloud: EmbeddedCloud) -> Iterator[Network]:
    with created(cloud, NETWORK) as (stack, _):
        yield Network(cloud, stack)


ALL = [{"CidrIp": "0.0.0.0/0"}]


def ranges(permission: dict[str, Any]) -> list[dict[str, str]]:
    return [{"CidrIp": entry["CidrIp"]} for entry in permission.get("IpRanges", [])]


def test_vpc_has_a_default_group(network: Network) -> None:
    filters = [{"Name": "vpc-id", "Values": [network.ids["Vpc"]]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = network.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    (ingress,) = group["IpPermissions"]
    assert [pair["GroupId"] for pair in ingress["UserIdGroupPairs"]] == [group["GroupId"]]
    (egress,) = group["IpPermissionsEgress"]
    assert (egress["IpProtocol"], ranges(egress)) == ("-1", ALL)


def test_subnet_lies_in_its_zone_and_range(network: Network) -> None:
    (subnet,) = network.ec2.describe_subnets(SubnetIds=[network.ids["Private"]])["Subnets"]
    assert (subnet["AvailabilityZone"], subnet["CidrBlock"]) == ("us-east-1a", "10.5.0.0/24")
    code = error_of(network.ec2.create_subnet, VpcId=network.ids["Vpc"], CidrBlock="192.168.0.0/24")
    assert code == "InvalidSubnet.Range"


def test_private_subnet_routes_to_the_nat_gateway(network: Network) -> None:
    routes = network.routes("PrivateTable")
    assert any(route.get("GatewayId") == "local" for route in routes)
    (default,) = [route for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
    assert default["NatGatewayId"] == network.ids["Nat"]
    filters = [{"Name": "association.subnet-id", "Values": [network.ids["Private"]]}]
    (table,) = network.ec2.describe_route_tables(Filters=filters)["RouteTables"]
    assert table["RouteTableId"] == network.ids["PrivateTable"]
    (nat,) = network.ec2.describe_nat_gateways(NatGatewayIds=[network.ids["Nat"]])["NatGateways"]
    assert (nat["State"], nat["SubnetId"]) == ("available", network.ids["Public"])
    assert [entry["PublicIp"] for entry in nat["NatGatewayAddresses"]] == [network.ids["Address"]]


def test_public_subnet_routes_to_the_internet_gateway(network: Network) -> None:
    (default,) = [route for route in network.routes("PublicTable") if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
    assert default["GatewayId"] == network.ids["Internet"]
    found = network.ec2.describe_internet_gateways(InternetGatewayIds=[network.ids["Internet"]])["InternetGateways"]
    assert found[0]["Attachments"][0]["VpcId"] == network.ids["Vpc"]


def test_group_without_egress_opens_all(network: Network) -> None:
    (opened,) = network.group("Open")["IpPermissionsEgress"]
    assert (opened["IpProtocol"], ranges(opened)) == ("-1", ALL)
    assert "-1" not in [entry["IpProtocol"] for entry in network.group("Closed")["IpPermissionsEgress"]]


def test_group_rules_are_resources(network: Network) -> None:
    group, opened = network.group("Closed"), network.ids["Open"]
    pairs = [pair for permission in group["IpPermissions"] for pair in permission.get("UserIdGroupPairs", [])]
    assert [(pair["GroupId"], pair["Description"]) for pair in pairs] == [(opened, "from open")]
    egress = [pair for permission in group["IpPermissionsEgress"] for pair in permission.get("UserIdGroupPairs", [])]
    assert [(pair["GroupId"], pair["Description"]) for pair in egress] == [(opened, "to open")]


def test_revoked_rules_are_gone(network: Network) -> None:
    vpc = network.ids["Vpc"]
    group = network.ec2.create_security_group(GroupName=unique("revoked"), Description="x", VpcId=vpc)["GroupId"]
    everything = [{"IpProtocol": "-1", "IpRanges": ALL}]
    ssh = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ALL}]
    network.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ssh)
    network.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=ssh)
    network.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
    (found,) = network.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert (found["IpPermissions"], found["IpPermissionsEgress"]) == ([], [])
    code = error_of(network.ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=ssh)
    network.ec2.delete_security_group(GroupId=group)
    assert code == "InvalidPermission.NotFound"


def test_group_in_use_cannot_be_deleted(network: Network) -> None:
    assert error_of(network.ec2.delete_security_group, GroupId=network.ids["Open"]) == "DependencyViolation"


def test_aws_prefix_lists_are_found_by_name(network: Network) -> None:
    names = [
        "com.amazonaws.us-east-1.s3",
        "com.amazonaws.us-east-1.dynamodb",
        "com.amazonaws.global.cloudfront.origin-facing",
    ]
    pages = network.ec2.get_paginator("describe_managed_prefix_lists").paginate(
        Filters=[{"Name": "prefix-list-name", "Values": names}]
    )
    found = {entry["PrefixListName"]: entry for page in pages for entry in page["PrefixLists"]}
    assert sorted(found) == sorted(names)
    assert {entry["OwnerId"] for entry in found.values()} == {"AWS"}
    assert found["com.amazonaws.global.cloudfront.origin-facing"]["PrefixListId"] == "pl-3b927c52"


def test_prefix_list_can_be_the_source_of_a_rule(network: Network) -> None:
    permissions = network.group("Closed")["IpPermissions"]
    lists = [entry["PrefixListId"] for permission in permissions for entry in permission.get("PrefixListIds", [])]
    assert lists == ["pl-3b927c52"]


def test_gateway_endpoint_belongs_to_route_tables(network: Network) -> None:
    endpoint = network.endpoint("ObjectEndpoint")
    assert endpoint["RouteTableIds"] == [network.ids["PrivateTable"]]
    assert json.loads(endpoint["PolicyDocument"])["Statement"][0]["Action"] == "s3:GetObject"


def test_gateway_endpoint_adds_routes(network: Network) -> None:
    added = {route.get("DestinationPrefixListId"): route for route in network.routes("PrivateTable")}
    assert added["pl-63a5400a"]["GatewayId"] == network.ids["ObjectEndpoint"]


def test_interface_endpoint_has_subnets_and_groups(network: Network) -> None:
    endpoint = network.endpoint("LogsEndpoint")
    assert endpoint["SubnetIds"] == [network.ids["Private"]]
    assert [group["GroupId"] for group in endpoint["Groups"]] == [network.ids["Open"]]
    assert endpoint["PrivateDnsEnabled"] is True
    assert json.loads(endpoint["PolicyDocument"])["Statement"][0]["Action"] == "logs:PutLogEvents"


def test_flow_log_is_declared(network: Network) -> None:
    (found,) = network.ec2.describe_flow_logs(FlowLogIds=[network.ids["FlowLog"]])["FlowLogs"]
    assert (found["ResourceId"], found["TrafficType"]) == (network.ids["Vpc"], "ALL")
    assert found["LogFormat"] == "${srcaddr} ${dstaddr} ${action}"
    assert found["LogGroupName"] == network.ids["FlowGroup"]


# -- AWS Config -------------------------------------------------------------------------------------------------------

CONFIG = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Service: config.amazonaws.com}, Action: "sts:AssumeRole"}]}
  Recorder: {Type: AWS::Config::ConfigurationRecorder, Properties: {RoleARN: !GetAtt Role.Arn, RecordingGroup: {AllSupported: true}}}
  Bucket: {Type: AWS::S3::Bucket}
  Channel: {Type: AWS::Config::DeliveryChannel, Properties: {S3BucketName: !Ref Bucket}}
  Rule:
    Type: AWS::Config::ConfigRule
    DependsOn: [Recorder, Channel]
    Properties:
      Source: {Owner: AWS, SourceIdentifier: S3_BUCKET_VERSIONING_ENABLED}
      Scope: {ComplianceResourceTypes: ["AWS::S3::Bucket"]}
  Password:
    Type: AWS::Config::ConfigRule
    DependsOn: [Recorder, Channel]
    Properties: {Source: {Owner: AWS, SourceIdentifier: ACCESS_KEYS_ROTATED}, InputParameters: {maxAccessKeyAge: 90}}
"""  # noqa: E501 - a resource a line


@pytest.fixture(scope="module")
def without_recorder(cloud: EmbeddedCloud) -> None:
    """The account's one recorder may belong to another test's stack."""
    if cloud.client("config").describe_configuration_recorders()["ConfigurationRecorders"]:
        pytest.skip("another stack of this worker holds the account's recorder")


def test_rule_needs_a_recorder(cloud: EmbeddedCloud, without_recorder: None) -> None:
    source = "{Owner: AWS, SourceIdentifier: ROOT_ACCOUNT_MFA_ENABLED}"
    template = f"Resources: {{Rule: {{Type: AWS::Config::ConfigRule, Properties: {{Source: {source}}}}}}}"
    with deployed(cloud, template) as (_, outcome):
        assert outcome.status == "ROLLBACK_COMPLETE"
        assert (
            "NoAvailableConfigurationRecorder" in outcome.failures[0]
            or "recorder is not available" in outcome.failures[0]
        )


@pytest.fixture(scope="module")
def compliance(cloud: EmbeddedCloud, without_recorder: None) -> Iterator[dict[str, str]]:
    with created(cloud, CONFIG) as (stack, _):
        yield resources(cloud, stack)


def test_account_has_one_recorder(cloud: EmbeddedCloud, compliance: dict[str, str]) -> None:
    template = """
Resources:
  Second: {Type: AWS::Config::ConfigurationRecorder, Properties: {Name: second, RoleARN: "arn:aws:iam::111122223333:role/x"}}
"""
    with deployed(cloud, template) as (_, outcome):
        assert outcome.status == "ROLLBACK_COMPLETE"
        assert "MaxNumberOfConfigurationRecordersExceeded" in outcome.failures[0]


def test_recorder_starts_with_its_channel(cloud: EmbeddedCloud, compliance: dict[str, str]) -> None:
    config = cloud.client("config")
    (status,) = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert status["recording"] is True
    (channel,) = config.describe_delivery_channels()["DeliveryChannels"]
    assert channel["s3BucketName"] == compliance["Bucket"]


def test_config_rule_keeps_source_and_parameters(cloud: EmbeddedCloud, compliance: dict[str, str]) -> None:
    config = cloud.client("config")
    names = [compliance["Rule"], compliance["Password"]]
    found = {
        entry["ConfigRuleName"]: entry for entry in config.describe_config_rules(ConfigRuleNames=names)["ConfigRules"]
    }
    rule = found[compliance["Rule"]]
    assert rule["Source"] == {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_VERSIONING_ENABLED"}
    assert rule["Scope"]["ComplianceResourceTypes"] == ["AWS::S3::Bucket"]
    assert json.loads(found[compliance["Password"]]["InputParameters"]) == {"maxAccessKeyAge": "90"}


def test_config_rule_evaluates_resources(cloud: EmbeddedCloud, compliance: dict[str, str]) -> None:
    answer = cloud.client("config").get_compliance_details_by_config_rule(ConfigRuleName=compliance["Rule"])
    assert answer["EvaluationResults"]


# -- tags -------------------------------------------------------------------------------------------------------------


def test_stack_resources_are_found_by_tag(cloud: EmbeddedCloud) -> None:
    template = "Resources: {One: {Type: AWS::SQS::Queue}, Two: {Type: AWS::SNS::Topic}}"
    with created(cloud, template) as (stack, _):
        tagging = cloud.client("resourcegroupstaggingapi")
        pages = tagging.get_paginator("get_resources").paginate(
            TagFilters=[{"Key": "aws:cloudformation:stack-name", "Values": [stack]}],
            PaginationConfig={"PageSize": 1},
        )
        found = [entry["ResourceARN"] for page in pages for entry in page["ResourceTagMappingList"]]
        assert sorted(arn.split(":")[2] for arn in found) == ["sns", "sqs"]
