"""Rules of security groups and network ACLs: what passes after a change that did not before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.findings import strength
from review.findings.finding import Direction, Label, Verdict
from review.strength import grade
from tests.review.strength.support.changes import summary

GROUP = "AWS::EC2::SecurityGroup"
BROADER, NARROWER = Label.BROADER, Label.NARROWER


def tcp(first: int, last: int | None = None, source: Any = "10.0.0.0/16", **more: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last or first, "CidrIp": source, **more}


def ingress(*rules: Any) -> dict[str, Any]:
    return {"GroupDescription": "g", "SecurityGroupIngress": list(rules)}


FROM_GROUP = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "SourceSecurityGroupId": {"Ref": "Web"}}
FROM_ANOTHER = {**FROM_GROUP, "SourceSecurityGroupId": {"Ref": "Batch"}}
FROM_LIST = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "SourcePrefixListId": "pl-1"}
EVERYTHING = {"IpProtocol": "-1", "CidrIp": "10.0.0.0/16"}
V6 = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "fd00::/8"}

WIDENED = [
    (ingress(tcp(443)), ingress(tcp(443), tcp(22))),
    (ingress(tcp(443)), ingress(tcp(443, 444))),
    (ingress(tcp(443)), ingress(tcp(1, 65535))),
    (ingress(tcp(443)), ingress(tcp(443, source="10.0.0.0/8"))),
    (ingress(tcp(443)), ingress(tcp(443), tcp(443, source="192.168.0.0/16"))),
    (ingress(tcp(443)), ingress(EVERYTHING)),
    (ingress(tcp(443)), ingress(tcp(443), {**tcp(443), "IpProtocol": "udp"})),
    (ingress(), ingress(FROM_GROUP)),
    (ingress(FROM_GROUP), ingress(FROM_GROUP, FROM_ANOTHER)),
    (ingress(FROM_GROUP), ingress(FROM_GROUP, FROM_LIST)),
    (ingress(V6), ingress({**V6, "CidrIpv6": "fc00::/7"})),
    (ingress(tcp(443)), ingress(tcp(443), {"Fn::If": ["Open", tcp(22), tcp(23)]})),
    (ingress(tcp(443)), ingress(tcp(443), tcp(443, source={"Ref": "OfficeCidr"}))),
    (None, ingress(tcp(443))),
]


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(("before", "after"), WIDENED)
def test_more_traffic_is_broader_and_less_is_narrower(before: Any, after: Any) -> None:
    egress = {"SecurityGroupEgress": [tcp(443)]}
    before, after = (None if side is None else {**side, **egress} for side in (before, after))
    there, back = summary(grade(GROUP, before, after)), summary(grade(GROUP, after, before))
    assert there.labels == {BROADER}
    assert back.labels == {NARROWER}
    assert (there.verdict, back.verdict) == (Verdict.LOOK, Verdict.FINE)


SAME = [
    (ingress(tcp(443)), ingress({**tcp(443), "FromPort": "443", "IpProtocol": "6", "Description": "web"})),
    (ingress(tcp(443), tcp(80)), ingress(tcp(80), tcp(443))),
    (ingress(tcp(80, 90)), ingress(tcp(80, 85), tcp(86, 90))),
    (ingress(tcp(443)), ingress(tcp(443, source="10.0.0.0/17"), tcp(443, source="10.0.128.0/17"))),
    (ingress(tcp(443)), ingress(tcp(443, source="10.0.1.2/16"))),
    (ingress(EVERYTHING), ingress({**EVERYTHING, "FromPort": -1, "ToPort": -1})),
    (ingress(EVERYTHING), ingress(EVERYTHING, tcp(443))),
]


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(("before", "after"), SAME)
def test_other_words_for_the_same_traffic_are_no_change(before: Any, after: Any) -> None:
    assert grade(GROUP, before, after) == () == grade(GROUP, after, before)


@pytest.mark.requirement("REV-2")
def test_another_peer_is_broader_and_narrower() -> None:
    assert summary(grade(GROUP, ingress(FROM_GROUP), ingress(FROM_ANOTHER))).labels == {BROADER, NARROWER}


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("source", [{"CidrIp": "0.0.0.0/0"}, {"CidrIpv6": "::/0"}, {"CidrIp": "0.0.0.0/1"}])
@pytest.mark.parametrize(
    ("rule", "code", "verdict"),
    [
        ({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}, strength.WORLD.code, Verdict.BLOCKED),
        ({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 443}, strength.WORLD.code, Verdict.BLOCKED),
        ({"IpProtocol": "-1"}, strength.WORLD.code, Verdict.BLOCKED),
        ({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}, strength.PORTS.code, Verdict.LOOK),
        ({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}, strength.PORTS.code, Verdict.LOOK),
    ],
)
def test_open_to_the_world_is_blocked_except_for_the_web(
    source: dict[str, str], rule: dict[str, Any], code: str, verdict: Verdict
) -> None:
    properties = {"GroupId": {"Ref": "Web"}, **rule, **source}
    (remark,) = grade("AWS::EC2::SecurityGroupIngress", None, properties)
    assert (remark.code, remark.verdict, remark.label) == (code, verdict, BROADER)
    (remark,) = grade("AWS::EC2::SecurityGroupIngress", properties, None)
    assert (remark.code, remark.verdict, remark.label) == (code, Verdict.FINE, NARROWER)


@pytest.mark.requirement("REV-2")
def test_group_that_becomes_the_world_is_only_broader() -> None:
    before = {"GroupId": "sg-1", "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "SourceSecurityGroupId": "sg-2"}
    after = {**{key: value for key, value in before.items() if not key.startswith("Source")}, "CidrIp": "0.0.0.0/0"}
    (remark,) = grade("AWS::EC2::SecurityGroupIngress", before, after)
    assert str(remark) == ("broader ports to the world: SecurityGroupIngress none -> tcp 5432 from 0.0.0.0/0 (R410)")


@pytest.mark.requirement("REV-2")
def test_group_without_rules_for_what_leaves_lets_everything_out() -> None:
    closed = {"SecurityGroupEgress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}]}
    (remark,) = grade(GROUP, closed, {})
    assert (remark.code, remark.label) == (strength.PORTS.code, BROADER)
    assert "all traffic to 0.0.0.0/0" in remark.sentence
    (remark,) = grade(GROUP, {}, closed)
    assert remark.label is NARROWER


@pytest.mark.requirement("REV-2")
def test_rule_that_moves_to_another_group_is_both() -> None:
    rule = {"GroupId": {"Ref": "Web"}, **tcp(443)}
    moved = {**rule, "GroupId": {"Ref": "Database"}}
    assert summary(grade("AWS::EC2::SecurityGroupIngress", rule, moved)).labels == {BROADER, NARROWER}


@pytest.mark.requirement("REV-2")
def test_list_of_rules_that_is_not_known_may_be_weaker() -> None:
    unknown = {"SecurityGroupIngress": {"Fn::If": ["Open", [tcp(22)], [tcp(443)]]}}
    (remark,) = grade(GROUP, ingress(tcp(443)), unknown)
    assert (remark.code, remark.verdict) == (strength.MAY_BE_WEAKER.code, Verdict.LOOK)
    assert grade(GROUP, unknown, unknown) == ()


def entry(action: str, number: int = 100, cidr: str = "10.0.0.0/8", **more: Any) -> dict[str, Any]:
    return {
        "NetworkAclId": "acl-1",
        "RuleNumber": number,
        "Protocol": 6,
        "RuleAction": action,
        "CidrBlock": cidr,
        "PortRange": {"From": 443, "To": 443},
        **more,
    }


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (None, entry("allow")),
        (entry("deny"), None),
        (entry("deny"), entry("allow")),
        (entry("allow", cidr="10.0.0.0/16"), entry("allow")),
        (entry("deny"), entry("deny", cidr="10.0.0.0/16")),
        (entry("allow"), entry("allow", PortRange={"From": 0, "To": 1024})),
        (entry("deny", PortRange={"From": 0, "To": 1024}), entry("deny")),
    ],
)
def test_entry_of_an_acl_denies_or_allows(narrow: Any, wide: Any) -> None:
    assert summary(grade("AWS::EC2::NetworkAclEntry", narrow, wide)).labels == {BROADER}
    assert summary(grade("AWS::EC2::NetworkAclEntry", wide, narrow)).labels == {NARROWER}


@pytest.mark.requirement("REV-2")
def test_another_number_of_an_entry_may_be_weaker() -> None:
    (remark,) = grade("AWS::EC2::NetworkAclEntry", entry("deny"), entry("deny", number=200))
    assert remark.code == strength.MAY_BE_WEAKER.code


PORTS = st.integers(1, 300)
SOURCES = st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "192.168.0.0/16"])
RULES = st.builds(lambda first, width, source: tcp(first, first + width, source), PORTS, st.integers(0, 100), SOURCES)


@pytest.mark.requirement("REV-2")
@given(st.lists(RULES, max_size=4), st.lists(RULES, max_size=4))
def test_reversal_of_any_rules_has_the_opposite_labels(before: list[Any], after: list[Any]) -> None:
    there, back = grade(GROUP, ingress(*before), ingress(*after)), grade(GROUP, ingress(*after), ingress(*before))
    assert {remark.label for remark in there} == {remark.label and remark.label.opposite for remark in back}


@given(st.lists(RULES, max_size=3), RULES)
def test_one_rule_more_is_never_narrower(rules: list[Any], rule: Any) -> None:
    labels = summary(grade(GROUP, ingress(*rules), ingress(*rules, rule))).directions
    assert labels <= {Direction.WEAKER}
