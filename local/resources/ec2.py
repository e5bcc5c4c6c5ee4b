"""EC2: the types that the emulator's CloudFormation lacks although its EC2 has them."""

from __future__ import annotations

from typing import Any

from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module
from local.ministack.properties import Attributes, Props, changed, removed_tag_keys, tag_list
from local.ministack.records import records
from local.ministack.resource_types import NewType, Place

_ec2 = emulator_module("services.ec2")


def _tag_specifications(kind: str, props: Props) -> list[dict[str, Any]]:
    tags = tag_list(props)
    return [{"ResourceType": kind, "Tags": tags}] if tags else []


def _retag(identifier: str, old: Props, new: Props) -> None:
    """Change the tags: the only property of these types that changes in place."""
    removed = removed_tag_keys(old, new)
    if removed:
        aws("ec2").delete_tags(Resources=[identifier], Tags=[{"Key": key} for key in removed])
    if tag_list(new):
        aws("ec2").create_tags(Resources=[identifier], Tags=tag_list(new))


def _only_tags_differ(old: Props, new: Props) -> bool:
    return {**old, "Tags": None} == {**new, "Tags": None}


# -- Elastic IP -------------------------------------------------------------------------------------------------------


def _create_address(place: Place, props: Props) -> tuple[str, Attributes]:
    address = aws("ec2").allocate_address(
        Domain=props.get("Domain", "vpc"), TagSpecifications=_tag_specifications("elastic-ip", props)
    )
    # Ref is the address (aws-resource-ec2-eip: return values).
    return address["PublicIp"], {"AllocationId": address["AllocationId"], "PublicIp": address["PublicIp"]}


def _update_address(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    if not _only_tags_differ(old, new):
        return _create_address(place, new)
    allocation = _allocation_of(physical_id)
    _retag(allocation, old, new)
    return physical_id, {"AllocationId": allocation, "PublicIp": physical_id}


def _delete_address(physical_id: str, props: Props) -> None:
    with ignoring("InvalidAllocationID.NotFound", "InvalidAddress.NotFound"):
        aws("ec2").release_address(AllocationId=_allocation_of(physical_id))


def _allocation_of(public_ip: str) -> str:
    addresses = aws("ec2").describe_addresses()["Addresses"]
    return next((address["AllocationId"] for address in addresses if address["PublicIp"] == public_ip), "")


# -- NAT gateway ------------------------------------------------------------------------------------------------------


_NAT_RECORD = "AWS::EC2::NatGateway (its address)"


def _create_nat(place: Place, props: Props) -> tuple[str, Attributes]:
    arguments = {name: props[name] for name in ("AllocationId", "ConnectivityType") if name in props}
    answer = aws("ec2").create_nat_gateway(
        SubnetId=props["SubnetId"], TagSpecifications=_tag_specifications("natgateway", props), **arguments
    )
    identifier = answer["NatGateway"]["NatGatewayId"]
    if "AllocationId" in arguments:  # DescribeNatGateways leaves the addresses out
        records.put(_NAT_RECORD, identifier, {"AllocationId": arguments["AllocationId"]})
    return identifier, {"NatGatewayId": identifier}


def _update_nat(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    if not _only_tags_differ(old, new):
        return _create_nat(place, new)
    _retag(physical_id, old, new)
    return physical_id, {"NatGatewayId": physical_id}


def _delete_nat(physical_id: str, props: Props) -> None:
    records.remove(physical_id)
    with ignoring("NatGatewayNotFound"):
        _ec2._tags.pop(physical_id, None)  # the emulator keeps those of a deleted gateway
        aws("ec2").delete_nat_gateway(NatGatewayId=physical_id)


# -- security group rules ---------------------------------------------------------------------------------------------


def _permission(props: Props) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": str(props["IpProtocol"])}
    for name in ("FromPort", "ToPort"):
        if name in props:
            permission[name] = int(props[name])
    described = {"Description": props["Description"]} if props.get("Description") else {}
    group = props.get("SourceSecurityGroupId") or props.get("DestinationSecurityGroupId")
    prefix_list = props.get("SourcePrefixListId") or props.get("DestinationPrefixListId")
    if group:
        permission["UserIdGroupPairs"] = [{"GroupId": group, **described}]
    elif prefix_list:
        permission["PrefixListIds"] = [{"PrefixListId": prefix_list, **described}]
    elif "CidrIpv6" in props:
        permission["Ipv6Ranges"] = [{"CidrIpv6": props["CidrIpv6"], **described}]
    else:
        permission["IpRanges"] = [{"CidrIp": props["CidrIp"], **described}]
    return permission


def _rule_type(direction: str) -> NewType:
    """Return AWS::EC2::SecurityGroupIngress or -Egress: one permission of a group."""

    def create(place: Place, props: Props) -> tuple[str, Attributes]:
        authorize = getattr(aws("ec2"), f"authorize_security_group_{direction}")
        rules = authorize(GroupId=props["GroupId"], IpPermissions=[_permission(props)]).get("SecurityGroupRules") or []
        identifier = rules[0]["SecurityGroupRuleId"] if rules else place.name(255)
        return identifier, {"Id": identifier}

    def update(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
        # On AWS a description changes in place. Here a new rule replaces the old one, with the same result. The old one
        # goes first: apart from the description it may be the same rule, and the service rejects a second one.
        delete(physical_id, old)
        return physical_id, create(place, new)[1] and {"Id": physical_id}

    def delete(physical_id: str, props: Props) -> None:
        revoke = getattr(aws("ec2"), f"revoke_security_group_{direction}")
        with ignoring("InvalidPermission.NotFound", "InvalidGroup.NotFound"):
            revoke(GroupId=props["GroupId"], IpPermissions=[_permission(props)])

    return NewType(create, delete, update)


# -- flow log ---------------------------------------------------------------------------------------------------------

_FLOW_LOG_ARGUMENTS = (
    "TrafficType",
    "LogDestinationType",
    "LogDestination",
    "LogGroupName",
    "LogFormat",
    "DeliverLogsPermissionArn",
    "MaxAggregationInterval",
)


def _create_flow_log(place: Place, props: Props) -> tuple[str, Attributes]:
    arguments = {name: props[name] for name in _FLOW_LOG_ARGUMENTS if name in props}
    answer = aws("ec2").create_flow_logs(
        ResourceIds=[props["ResourceId"]],
        ResourceType=props["ResourceType"],
        **arguments,
    )
    failed = answer.get("Unsuccessful")
    if failed:
        raise ValueError(f"CreateFlowLogs: {failed[0]['Error']['Message']}")
    identifier = answer["FlowLogIds"][0]
    _retag(identifier, {}, props)  # the emulator does not know the tag specification of flow logs
    return identifier, {"Id": identifier}


def _update_flow_log(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    if not _only_tags_differ(old, new):
        return _create_flow_log(place, new)
    _retag(physical_id, old, new)
    return physical_id, {"Id": physical_id}


def _delete_flow_log(physical_id: str, props: Props) -> None:
    with ignoring("InvalidFlowLogId.NotFound"):
        aws("ec2").delete_flow_logs(FlowLogIds=[physical_id])


# -- network ACL ------------------------------------------------------------------------------------------------------


def _create_network_acl(place: Place, props: Props) -> tuple[str, Attributes]:
    answer = aws("ec2").create_network_acl(
        VpcId=props["VpcId"], TagSpecifications=_tag_specifications("network-acl", props)
    )
    identifier = answer["NetworkAcl"]["NetworkAclId"]
    return identifier, {"Id": identifier}


def _update_network_acl(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    if changed(old, new, "VpcId"):
        return _create_network_acl(place, new)
    _retag(physical_id, old, new)
    return physical_id, {"Id": physical_id}


def _delete_network_acl(physical_id: str, props: Props) -> None:
    with ignoring("InvalidNetworkAclID.NotFound"):
        aws("ec2").delete_network_acl(NetworkAclId=physical_id)


NEW_TYPES = {
    "AWS::EC2::EIP": NewType(_create_address, _delete_address, _update_address, tagged=True),
    "AWS::EC2::NatGateway": NewType(_create_nat, _delete_nat, _update_nat, tagged=True),
    "AWS::EC2::SecurityGroupIngress": _rule_type("ingress"),
    "AWS::EC2::SecurityGroupEgress": _rule_type("egress"),
    "AWS::EC2::FlowLog": NewType(_create_flow_log, _delete_flow_log, _update_flow_log, tagged=True),
    "AWS::EC2::NetworkAcl": NewType(_create_network_acl, _delete_network_acl, _update_network_acl, tagged=True),
}
