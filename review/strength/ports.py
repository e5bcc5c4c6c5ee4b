"""Compares what rules of security groups and network ACLs let pass.

A rule is a protocol, a range of ports and a peer. A change is broader if traffic passes after it that no rule of the resource
let pass before, and narrower the other way round. Addresses are compared as networks; groups, prefix lists and what is not
known yet are only equal to themselves.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from review.findings.finding import Remark, ReviewFinding
from review.findings.strength import MAY_BE_WEAKER, PORTS, WORLD
from review.strength.order import Network, is_inside
from review.strength.values import Unknown, canonical, is_function, items, number, shown, text

_ALL_PORTS = (0, 65535)
_WEB_PORTS = ((80, 80), (443, 443))
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "icmp6": "icmpv6", "all": "-1"}

GROUP = "AWS::EC2::SecurityGroup"
_INGRESS = frozenset({"AWS::EC2::SecurityGroupIngress"})
_EGRESS = frozenset({"AWS::EC2::SecurityGroupEgress"})
_OLD_INGRESS = frozenset(
    {
        "AWS::ElastiCache::SecurityGroupIngress",
        "AWS::RDS::DBSecurityGroupIngress",
        "AWS::Redshift::ClusterSecurityGroupIngress",
    }
)
_ENTRY = "AWS::EC2::NetworkAclEntry"
TYPES = frozenset({GROUP, _ENTRY, *_INGRESS, *_EGRESS, *_OLD_INGRESS})
"""The types whose rules are compared here."""


@dataclass(frozen=True)
class Permission:
    """Traffic that a rule lets pass.

    Attributes:
        group: The group or ACL that the rule belongs to, if the rule is a resource of its own.
        outgoing: Whether the traffic leaves.
        protocol: A name, or ``-1`` for all.
        ports: The first and the last port; or a text that is only equal to itself.
        peer: A network; or a text that is only equal to itself.
    """

    group: str
    outgoing: bool
    protocol: str
    ports: tuple[int, int] | str
    peer: Network | str

    def __str__(self) -> str:
        """The traffic in words: ``tcp 443 from 10.0.0.0/8``."""
        way = "to" if self.outgoing else "from"
        if self.protocol == "-1":
            return f"all traffic {way} {self.peer}"
        if self.ports == _ALL_PORTS:
            return f"{self.protocol} {way} {self.peer}"
        first, last = self.ports if isinstance(self.ports, tuple) else (self.ports, self.ports)
        return f"{self.protocol} {first if first == last else f'{first}-{last}'} {way} {self.peer}"

    @property
    def is_open_to_the_world(self) -> bool:
        """Whether everybody can reach a port that is neither 80 nor 443."""
        if self.outgoing or isinstance(self.peer, str) or self.peer.prefixlen > 1:
            return False
        return self.protocol not in ("tcp", "udp") or self.ports not in _WEB_PORTS


def remarks(resource_type: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[Remark]:
    """The findings of a change of rules, also of a rule that is added or removed.

    Args:
        resource_type: One of ``TYPES``.
        before: The resolved properties before the change; None if the resource does not exist.
        after: The same after the change.
    """
    if resource_type == _ENTRY:
        yield from _entry_remarks(before, after)
        return
    for name, outgoing in (("SecurityGroupIngress", False), ("SecurityGroupEgress", True)):
        old, new = (_permissions(resource_type, side, name, outgoing) for side in (before, after))
        if old is None or new is None:
            values = {side: shown((properties or {}).get(name)) for side, properties in _sides(before, after)}
            if values["before"] != values["after"]:
                yield MAY_BE_WEAKER.remark(certain=True, property=name, **values)
        else:
            yield from _compared(name, old, new)


def _sides(before: Any, after: Any) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("before", before), ("after", after)


def _compared(name: str, before: Sequence[Permission], after: Sequence[Permission]) -> Iterator[Remark]:
    gained = [permission for permission in after if not _is_covered(permission, before)]
    lost = [permission for permission in before if not _is_covered(permission, after)]
    if gained:
        yield _finding(gained).remark(property=name, before=_text(lost), after=_text(gained))
    if lost:
        yield _finding(lost).reversed_remark(property=name, before=_text(lost), after=_text(gained))


def _finding(permissions: Iterable[Permission]) -> ReviewFinding:
    return WORLD if any(permission.is_open_to_the_world for permission in permissions) else PORTS


def _text(permissions: Sequence[Permission]) -> str:
    return "; ".join(map(str, permissions)) or "none"


# ---- from rules to permissions --------------------------------------------------------------------------------------


def _permissions(
    resource_type: str, properties: Mapping[str, Any] | None, name: str, outgoing: bool
) -> list[Permission] | None:
    """What the rules of one direction let pass; None if the rules are not known."""
    if properties is None:
        return []
    if resource_type == GROUP:
        rules = items(properties.get(name))
        if isinstance(rules, Unknown):
            return None
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
        # A group without rules for what leaves gets one that lets everything out.
        return [_permission(rule, "", outgoing) for rule in rules] or ([_everything()] if outgoing else [])
    own = _EGRESS if outgoing else _INGRESS | _OLD_INGRESS
    if resource_type not in own:
        return []
    return [_permission(properties, _group(properties), outgoing, old=resource_type in _OLD_INGRESS)]


def _group(properties: Mapping[str, Any]) -> str:
    names = ("GroupId", "GroupName", "CacheSecurityGroupName", "ClusterSecurityGroupName", "DBSecurityGroupName")
    return next((canonical(properties[name]) for name in names if name in properties), "")


def _everything() -> Permission:
    return Permission("", True, "-1", _ALL_PORTS, ipaddress.ip_network("0.0.0.0/0"))


def _permission(rule: Any, group: str, outgoing: bool, *, old: bool = False) -> Permission:
    if is_function(rule) or not isinstance(rule, Mapping):
        return Permission(group, outgoing, canonical(rule), canonical(rule), canonical(rule))
    protocol = "-1" if old else _protocol(rule.get("IpProtocol", "-1"))
    return Permission(
        group, outgoing, protocol, _ports(protocol, rule.get("FromPort"), rule.get("ToPort")), _peer(rule)
    )


def _protocol(value: Any) -> str:
    name = text(value)
    return canonical(value) if isinstance(name, Unknown) else _PROTOCOLS.get(name.lower(), name.lower())


def _ports(protocol: str, first: Any, last: Any) -> tuple[int, int] | str:
    """The range of ports; all for a protocol without ports. An ICMP type of -1 stands for all types."""
    if protocol == "-1" or (first is None and last is None):
        return _ALL_PORTS
    start, end = number(first), number(last if last is not None else first)
    if isinstance(start, Unknown) or isinstance(end, Unknown):
        return f"{canonical(first)}-{canonical(last)}"
    if start == -1:
        return _ALL_PORTS
    return int(start), int(end) if end != -1 else _ALL_PORTS[1]


def _peer(rule: Mapping[str, Any]) -> Network | str:
    for name in ("CidrIp", "CidrIpv6", "CIDRIP", "CidrBlock", "Ipv6CidrBlock"):
        if rule.get(name) is not None:
            return _network(rule[name])
    peers = {name: value for name, value in sorted(rule.items()) if name.startswith(("Source", "Destination", "EC2"))}
    return ", ".join(map(shown, peers.values())) or "no peer"


def _network(value: Any) -> Network | str:
    address = text(value)
    try:
        return shown(value) if isinstance(address, Unknown) else ipaddress.ip_network(address, strict=False)
    except ValueError:
        return shown(value)


# ---- coverage -------------------------------------------------------------------------------------------------------


def _is_covered(permission: Permission, others: Iterable[Permission]) -> bool:
    """Whether others together let pass all that one lets pass."""
    kin = [other for other in others if _same_way(permission, other)]
    if isinstance(permission.ports, str):
        return _holds(permission.peer, [other for other in kin if other.ports in (permission.ports, _ALL_PORTS)])
    return all(
        _holds(permission.peer, [other for other in kin if _has(other, port)]) for port in _edges(permission.ports, kin)
    )


def _same_way(permission: Permission, other: Permission) -> bool:
    same_group = permission.group == other.group and permission.outgoing == other.outgoing
    return same_group and other.protocol in ("-1", permission.protocol)


def _edges(ports: tuple[int, int], others: Iterable[Permission]) -> list[int]:
    """The first port of every part of the range in which the same others apply."""
    ranges = [other.ports for other in others if isinstance(other.ports, tuple)]
    starts = {ports[0], *(first for first, _ in ranges), *(last + 1 for _, last in ranges)}
    return sorted(port for port in starts if ports[0] <= port <= ports[1])


def _has(permission: Permission, port: int) -> bool:
    return isinstance(permission.ports, tuple) and permission.ports[0] <= port <= permission.ports[1]


def _holds(peer: Network | str, permissions: Iterable[Permission]) -> bool:
    """Whether the peers of permissions together hold a peer. The whole internet holds every group and prefix list."""
    peers = {permission.peer for permission in permissions}
    networks = [whole for whole in peers if not isinstance(whole, str)]
    if isinstance(peer, str):
        return peer in peers or any(whole.prefixlen == 0 for whole in networks)
    kin = [whole for whole in networks if whole.version == peer.version]
    return any(is_inside(peer, whole) for whole in ipaddress.collapse_addresses(kin))  # type: ignore[type-var]


# ---- network ACLs ---------------------------------------------------------------------------------------------------


def _entry_remarks(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[Remark]:
    """The findings of an entry of a network ACL. An entry that denies takes away what it holds."""
    old_allowed, old_denied = _entry(before)
    new_allowed, new_denied = _entry(after)
    gained = [
        *(item for item in new_allowed if not _is_covered(item, old_allowed)),
        *(item for item in old_denied if not _is_covered(item, new_denied)),
    ]
    lost = [
        *(item for item in old_allowed if not _is_covered(item, new_allowed)),
        *(item for item in new_denied if not _is_covered(item, old_denied)),
    ]
    values = {"property": "RuleAction", **{side: _entry_text(entry) for side, entry in _sides(before, after)}}
    if gained:
        yield PORTS.remark(certain=True, **values)
    if lost:
        yield PORTS.reversed_remark(**values)
    numbers = [entry.get("RuleNumber") if entry else None for entry in (before, after)]
    if before and after and canonical(numbers[0]) != canonical(numbers[1]):
        yield MAY_BE_WEAKER.remark(property="RuleNumber", before=shown(numbers[0]), after=shown(numbers[1]))


def _entry(entry: Mapping[str, Any] | None) -> tuple[list[Permission], list[Permission]]:
    """What an entry allows, and what it denies."""
    if entry is None:
        return [], []
    ports = entry.get("PortRange") or {}
    rule = {
        "IpProtocol": entry.get("Protocol", "-1"),
        "FromPort": ports.get("From"),
        "ToPort": ports.get("To"),
        **{name: entry[name] for name in ("CidrBlock", "Ipv6CidrBlock") if name in entry},
    }
    outgoing = canonical(entry.get("Egress", False)) == "true"
    permission = _permission(rule, canonical(entry.get("NetworkAclId", "")), outgoing)
    return ([], [permission]) if canonical(entry.get("RuleAction", "")).lower() == "deny" else ([permission], [])


def _entry_text(entry: Mapping[str, Any] | None) -> str:
    allowed, denied = _entry(entry)
    return "; ".join([*(f"allow {item}" for item in allowed), *(f"deny {item}" for item in denied)]) or "none"
