"""Gaps of EC2's networks: what answers leave out, and what EC2 rejects.

- A VPC's default security group has no rule that allows its members.
- The answers leave out the addresses of NAT gateways, the policy, groups and private DNS of endpoints, the routes that
  gateway endpoints add, the format and log group of flow logs, and the prefix lists of rules.
- Nothing checks a subnet's range, the rule to be revoked, whether another group names the group to be deleted, or whether
  a network interface exists.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from local.ministack.internals import emulator_module, handlers, replace_handler, require, wrap, wrap_action
from local.patches.prefix_lists import AWS_IDS

_ec2 = emulator_module("services.ec2")

Params = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Action = Callable[[Params], Answer]

_NAT = re.compile(r"<natGatewayId>(.*?)</natGatewayId>(.*?)<natGatewayAddressSet/>", re.DOTALL)
_FLOW_LOG = re.compile(r"<flowLogId>(.*?)</flowLogId>")
_ID = "<{0}>(.*?)</{0}>"


def install() -> None:
    """Wrap the actions and what renders their answers."""
    require(_ec2, "_security_groups", "_subnets", "_vpcs", "_nat_gateways", "_flow_logs", "_addresses", "_error", "_p")
    require(_ec2, "_vpc_endpoints", "_rules_match", "_network_interfaces")
    wrap_action(_ec2, "CreateVpc", _default_group_of_action)
    vpc = handlers()["AWS::EC2::VPC"]
    replace_handler("AWS::EC2::VPC", {**vpc, "create": _default_group_of_resource(vpc["create"])})
    wrap_action(_ec2, "CreateNatGateway", _keeping("natGatewayId", "_nat_gateways", "AllocationId"))
    wrap_action(_ec2, "DescribeNatGateways", _with_addresses)
    wrap_action(_ec2, "CreateFlowLogs", _keeping("item", "_flow_logs", "LogFormat", "LogGroupName"))
    wrap_action(_ec2, "DescribeFlowLogs", _with_formats)
    wrap_action(_ec2, "CreateSubnet", _within_the_vpc)
    for direction in ("Ingress", "Egress"):
        wrap_action(_ec2, f"RevokeSecurityGroup{direction}", _only_existing_rules(direction))
    wrap_action(_ec2, "DeleteSecurityGroup", _only_unused_groups)
    wrap_action(_ec2, "DescribeNetworkInterfaces", _only_known_interfaces)
    wrap(_ec2, "_vpce_fields_xml", _with_endpoint_settings)
    wrap(_ec2, "_rtb_fields_xml", _with_endpoint_routes)
    wrap(_ec2, "_parse_ip_permissions", _with_prefix_lists)


# -- the default group ------------------------------------------------------------------------------------------------


def _default_group_of_action(original: Action) -> Action:
    def create(params: Params) -> Answer:
        answer = original(params)
        found = re.search(_ID.format("vpcId"), answer[2].decode())
        if found:
            _allow_members(found[1])
        return answer

    return create


def _default_group_of_resource(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(*arguments: Any) -> Any:
        identifier, attributes = original(*arguments)
        _allow_members(identifier)
        return identifier, attributes

    return create


def _allow_members(vpc_id: str) -> None:
    """Allow the group's members all traffic (default-security-group.html)."""
    group = _ec2._security_groups[_ec2._vpcs[vpc_id]["DefaultSecurityGroupId"]]
    pair = {"GroupId": group["GroupId"], "UserId": group["OwnerId"]}
    rule = {"IpProtocol": "-1", "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [pair]}
    group["IpPermissions"] = [rule]


# -- what answers leave out -------------------------------------------------------------------------------------------


def _keeping(element: str, store: str, *names: str) -> Callable[[Action], Action]:
    """Keep parameters of a creation in the record of what it creates."""

    def wrapper(original: Action) -> Action:
        def create(params: Params) -> Answer:
            answer = original(params)
            records = getattr(_ec2, store)
            for identifier in re.findall(_ID.format(element), answer[2].decode()):
                if identifier in records:
                    records[identifier].update({name: _ec2._p(params, name) for name in names})
            return answer

        return create

    return wrapper


def _with_addresses(original: Action) -> Action:
    def addresses(match: re.Match[str]) -> str:
        allocation = _ec2._nat_gateways[match[1]].get("AllocationId")
        address = _ec2._addresses.get(allocation) if allocation else None
        if address is None:
            return match[0]
        public = f"<allocationId>{allocation}</allocationId><publicIp>{address['PublicIp']}</publicIp>"
        return (
            f"<natGatewayId>{match[1]}</natGatewayId>{match[2]}"
            f"<natGatewayAddressSet><item>{public}<status>succeeded</status></item></natGatewayAddressSet>"
        )

    return lambda params: _rewritten(original(params), lambda text: _NAT.sub(addresses, text))


def _with_formats(original: Action) -> Action:
    def formats(match: re.Match[str]) -> str:
        record = _ec2._flow_logs[match[1]]
        added = {"logFormat": record.get("LogFormat"), "logGroupName": record.get("LogGroupName")}
        fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in added.items() if value)
        return f"{match[0]}{fields}"

    return lambda params: _rewritten(original(params), lambda text: _FLOW_LOG.sub(formats, text))


def _rewritten(answer: Answer, change: Callable[[str], str]) -> Answer:
    status, headers, body = answer
    return status, headers, change(body.decode()).encode()


def _with_endpoint_settings(original: Callable[..., str]) -> Callable[..., str]:
    def fields(endpoint: dict[str, Any], tag: str = "item") -> str:
        policy = endpoint.get("PolicyDocument")
        document = policy if isinstance(policy, str) else json.dumps(policy)
        groups = "".join(f"<item><groupId>{group}</groupId></item>" for group in endpoint.get("SecurityGroupIds") or [])
        private = str(endpoint.get("PrivateDnsEnabled", False)).lower()
        added = f"<privateDnsEnabled>{private}</privateDnsEnabled><groupSet>{groups}</groupSet>"
        if policy:
            added += f"<policyDocument>{escape(document)}</policyDocument>"
        return original(endpoint, tag).replace("<routeTableIdSet>", f"{added}<routeTableIdSet>", 1)

    return fields


def _with_endpoint_routes(original: Callable[..., str]) -> Callable[..., str]:
    """Add the routes of gateway endpoints (gateway-endpoints.html)."""

    def fields(table: dict[str, Any], tag: str = "item") -> str:
        routes = [
            {"DestinationPrefixListId": AWS_IDS[endpoint["ServiceName"]], "GatewayId": endpoint["VpcEndpointId"]}
            for endpoint in _ec2._vpc_endpoints.values()
            if endpoint["VpcEndpointType"] == "Gateway"
            and endpoint["ServiceName"] in AWS_IDS
            and table["RouteTableId"] in endpoint.get("RouteTableIds", [])
        ]
        added = [{**route, "State": "active", "Origin": "CreateRoute"} for route in routes]
        return original({**table, "Routes": [*table.get("Routes", []), *added]}, tag)

    return fields


def _with_prefix_lists(original: Callable[[Params, str], list[Params]]) -> Callable[[Params, str], list[Params]]:
    def parse(params: Params, prefix: str) -> list[Params]:
        rules = original(params, prefix)
        for number, rule in enumerate(rules, 1):
            position = 1
            while identifier := _ec2._p(params, f"{prefix}.{number}.PrefixListIds.{position}.PrefixListId"):
                described = _ec2._p(params, f"{prefix}.{number}.PrefixListIds.{position}.Description")
                entry = {"PrefixListId": identifier, **({"Description": described} if described else {})}
                rule["PrefixListIds"].append(entry)
                position += 1
        return rules

    return parse


# -- what EC2 rejects -------------------------------------------------------------------------------------------------


def _within_the_vpc(original: Action) -> Action:
    def create(params: Params) -> Answer:
        vpc = _ec2._vpcs.get(_ec2._p(params, "VpcId"))
        block = _ec2._p(params, "CidrBlock")
        if vpc and block and not ipaddress.IPv4Network(block).subnet_of(ipaddress.IPv4Network(vpc["CidrBlock"])):
            answer: Answer = _ec2._error("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.", 400)
            return answer
        return original(params)

    return create


def _only_existing_rules(direction: str) -> Callable[[Action], Action]:
    held = {"Ingress": "IpPermissions", "Egress": "IpPermissionsEgress"}[direction]

    def wrapper(original: Action) -> Action:
        def revoke(params: Params) -> Answer:
            group = _ec2._security_groups.get(_ec2._p(params, "GroupId"))
            for rule in _ec2._parse_ip_permissions(params, "IpPermissions") if group else []:
                if not any(_ec2._rules_match(rule, existing) for existing in group[held]):
                    answer: Answer = _ec2._error(
                        "InvalidPermission.NotFound",
                        "The specified rule does not exist in this security group.",
                        400,
                    )
                    return answer
            return original(params)

        return revoke

    return wrapper


def _only_unused_groups(original: Action) -> Action:
    def delete(params: Params) -> Answer:
        identifier = _ec2._p(params, "GroupId")
        users = [group for group in _ec2._security_groups.values() if group["GroupId"] != identifier]
        if any(identifier in _named_groups(group) for group in users):
            answer: Answer = _ec2._error("DependencyViolation", f"resource {identifier} has a dependent object", 400)
            return answer
        return original(params)

    return delete


def _only_known_interfaces(original: Action) -> Action:
    def describe(params: Params) -> Answer:
        for identifier in _ec2._parse_member_list(params, "NetworkInterfaceId"):
            if identifier not in _ec2._network_interfaces:
                message = f"The networkInterface ID '{identifier}' does not exist"
                answer: Answer = _ec2._error("InvalidNetworkInterfaceID.NotFound", message, 400)
                return answer
        return original(params)

    return describe


def _named_groups(group: dict[str, Any]) -> set[str]:
    """The groups that the rules of a group name."""
    rules = [*group.get("IpPermissions", []), *group.get("IpPermissionsEgress", [])]
    return {
        pair["GroupId"]
        for rule in rules
        for pair in rule.get("UserIdGroupPairs", [])
        if isinstance(pair, dict) and pair.get("GroupId")
    }
