"""EC2 networking, AWS Config and the tagging API."""

from __future__ import annotations

from tests.local.conformance.support.row import CLOUDFORMATION, DOCS, Difference, Row, Table

_VPC = f"{DOCS}vpc/latest/userguide/"
_EC2 = f"{DOCS}AWSEC2/latest/APIReference/"
_CONFIG = f"{DOCS}config/latest/developerguide/"
_ENDPOINT = "AWS::EC2::VPCEndpoint"

NETWORK = Table(
    "EC2 networking",
    (
        Row(
            "vpc_has_a_default_group",
            "A VPC brings a default security group, which allows its members and all egress.",
            f"{_VPC}default-security-group.html",
            types=("AWS::EC2::VPC",),
            calls=("ec2.describe_security_groups",),
        ),
        Row(
            "subnet_lies_in_its_zone_and_range",
            "A subnet has zone and range as declared; a range outside of the VPC's fails.",
            f"{_VPC}configure-subnets.html",
            types=("AWS::EC2::Subnet",),
        ),
        Row(
            "private_subnet_routes_to_the_nat_gateway",
            "The subnet's route table has the local route and the default route to the NAT gateway with its address.",
            f"{_VPC}vpc-nat-gateway.html",
            types=(
                "AWS::EC2::RouteTable",
                "AWS::EC2::Route",
                "AWS::EC2::SubnetRouteTableAssociation",
                "AWS::EC2::NatGateway",
                "AWS::EC2::EIP",
            ),
        ),
        Row(
            "public_subnet_routes_to_the_internet_gateway",
            "An attached internet gateway can be the target of a route.",
            f"{_VPC}VPC_Internet_Gateway.html",
            types=("AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::Route"),
        ),
        Row(
            "group_without_egress_opens_all",
            "A security group without an egress rule allows all egress; with one it allows only that.",
            f"{CLOUDFORMATION}aws-resource-ec2-securitygroup.html",
            types=("AWS::EC2::SecurityGroup",),
        ),
        Row(
            "group_rules_are_resources",
            "Ingress and egress rules are resources with descriptions, and may name another group.",
            f"{_VPC}security-group-rules.html",
            types=("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"),
            calls=("ec2.describe_security_groups",),
        ),
        Row(
            "revoked_rules_are_gone",
            "RevokeSecurityGroupIngress and -Egress remove rules; a rule that does not exist is "
            "InvalidPermission.NotFound.",
            f"{_EC2}API_RevokeSecurityGroupIngress.html",
            calls=("ec2.revoke_security_group_ingress", "ec2.revoke_security_group_egress"),
        ),
        Row(
            "group_in_use_cannot_be_deleted",
            "A security group that another group's rule names is DependencyViolation.",
            f"{_EC2}API_DeleteSecurityGroup.html",
            types=("AWS::EC2::SecurityGroup",),
        ),
        Row(
            "aws_prefix_lists_are_found_by_name",
            "DescribeManagedPrefixLists finds the lists of S3, DynamoDB and CloudFront by their names, owned by AWS.",
            f"{_VPC}working-with-aws-managed-prefix-lists.html",
            calls=("ec2.describe_managed_prefix_lists",),
        ),
        Row(
            "prefix_list_can_be_the_source_of_a_rule",
            "A rule may name a prefix list.",
            f"{_VPC}managed-prefix-lists-referencing.html",
            types=("AWS::EC2::SecurityGroupIngress",),
        ),
        Row(
            "gateway_endpoint_belongs_to_route_tables",
            "A gateway endpoint for S3 has route tables and a policy.",
            f"{DOCS}vpc/latest/privatelink/gateway-endpoints.html",
            types=(_ENDPOINT,),
        ),
        Row(
            "gateway_endpoint_adds_routes",
            "A gateway endpoint adds a route for the service's prefix list to its route tables.",
            f"{DOCS}vpc/latest/privatelink/gateway-endpoints.html",
            types=(_ENDPOINT,),
        ),
        Row(
            "interface_endpoint_has_subnets_and_groups",
            "An interface endpoint has subnets, groups, private DNS and a policy.",
            f"{DOCS}vpc/latest/privatelink/create-interface-endpoint.html",
            types=(_ENDPOINT,),
        ),
        Row(
            "endpoint_policy_limits_calls",
            "A call through an endpoint needs an Allow of the endpoint's policy.",
            f"{DOCS}vpc/latest/privatelink/vpc-endpoints-access.html",
            types=(_ENDPOINT,),
            difference=Difference(
                "All calls go to one endpoint on loopback, past every VPC endpoint.",
                "That the policies of the endpoints allow what the functions need, or deny the rest.",
                "no request passes an endpoint.",
            ),
        ),
        Row(
            "security_group_decides_who_connects",
            "A connection needs a rule of the target's security group.",
            f"{_VPC}security-groups.html",
            types=("AWS::EC2::SecurityGroup",),
            difference=Difference(
                "All processes reach each other on loopback.",
                "That the security groups, routes and network ACLs allow what the platforms need, or deny the rest.",
                "no connection passes a security group.",
            ),
        ),
        Row(
            "flow_log_is_declared",
            "DescribeFlowLogs gives destination, format and traffic type as declared.",
            f"{_VPC}flow-logs.html",
            types=("AWS::EC2::FlowLog",),
        ),
    ),
)

GOVERNANCE = Table(
    "AWS Config and tags",
    (
        Row(
            "account_has_one_recorder",
            "An account has one configuration recorder in a region; a second one fails.",
            f"{DOCS}config/latest/APIReference/API_PutConfigurationRecorder.html",
            types=("AWS::Config::ConfigurationRecorder",),
        ),
        Row(
            "recorder_starts_with_its_channel",
            "CloudFormation starts the recorder when the delivery channel exists.",
            f"{CLOUDFORMATION}aws-resource-config-deliverychannel.html",
            types=("AWS::Config::ConfigurationRecorder", "AWS::Config::DeliveryChannel"),
        ),
        Row(
            "rule_needs_a_recorder",
            "PutConfigRule without a recorder is NoAvailableConfigurationRecorderException.",
            f"{DOCS}config/latest/APIReference/API_PutConfigRule.html",
            types=("AWS::Config::ConfigRule",),
        ),
        Row(
            "config_rule_keeps_source_and_parameters",
            "DescribeConfigRules gives source, scope and parameters as declared.",
            f"{DOCS}config/latest/APIReference/API_DescribeConfigRules.html",
            types=("AWS::Config::ConfigRule",),
        ),
        Row(
            "config_rule_evaluates_resources",
            "AWS Config evaluates a managed rule for the resources in its scope.",
            f"{_CONFIG}evaluate-config.html",
            types=("AWS::Config::ConfigRule",),
            difference=Difference(
                "Rules and recorder are stored, and nothing is evaluated.", "That the resources comply with the rules."
            ),
        ),
        Row(
            "stack_resources_are_found_by_tag",
            "GetResources finds the resources of a stack by the tag aws:cloudformation:stack-name, in pages.",
            f"{DOCS}resourcegroupstagging/latest/APIReference/API_GetResources.html",
            calls=("resourcegroupstaggingapi.get_resources",),
        ),
    ),
)
