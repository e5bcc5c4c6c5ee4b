"""Every AWS call of private code reaches its service and passes the endpoint's policy (T-NET-3, X-NET-1, X-SEC-2).

The tests read the calls from the emitted roles of functions and instances. A call passes the caller's security group, then an
endpoint or NAT, and the endpoint's policy, which IAM evaluates in addition to the role's.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import awacs
import pytest
from awacs.aws import Action

from builders.platforms import PLATFORMS
from tests.builders.support.conditions import deployed
from tests.builders.support.paths import LAMBDA_SRC
from tests.builders.support.policies import granted, statements
from tests.builders.support.resources import Resource, find_resource, resources, templates, text

ACCOUNT = {"Ref": "AWS::AccountId"}
# Calls that Lambda itself makes with a function's role, from its own network, unless the code has a client of the service.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
BY_LAMBDA = {
    "WriteLogs": "Lambda sends what the function prints",
    "Trace": "Lambda's daemon sends the segments",
    "SendDeadLetters": "Lambda sends what failed on every attempt",
    "CreateNetworkInterfaces": "Lambda attaches the function to the VPC",
    "ManageNetworkInterfaces": "Lambda attaches the function to the VPC",
    "FindNetworkInterfaces": "Lambda attaches the function to the VPC",
    "ReceiveObjects": "the event source mapping polls the queue",
    "TakeLogFiles": "the event source mapping polls the queue",
}
# Actions of IAM for which private code calls no API.
NO_CALL = {
    "kms": "services call KMS for the caller, which kms:ViaService or Lambda's encryption context demands",
    "rds-db": "a database token is signed without a call",
}


@dataclass(frozen=True)
class Call:
    """An action that a role allows and private code performs itself."""

    platform: str
    role: str
    group: str
    sid: str
    action: str
    on: tuple[str, ...]

    @property
    def prefix(self) -> str:
        return self.action.partition(":")[0]

    def __str__(self) -> str:
        return f"{self.platform}/{self.role}/{self.sid}/{self.action}"


def callers(platform: str) -> Iterator[tuple[Resource, str, set[str] | None]]:
    """Roles and their security groups; for a function also the services of which its code has a client."""
    for function in resources(platform, "AWS::Lambda::Function"):
        (group,) = function.properties["VpcConfig"]["SecurityGroupIds"]
        folder = str(function.properties["Handler"]).partition(".")[0]
        yield find_resource(platform, function.properties["Role"]["Fn::GetAtt"][0]), group["Ref"], clients(folder)
    for launch in resources(platform, "AWS::EC2::LaunchTemplate"):
        data = launch.properties["LaunchTemplateData"]
        profile = find_resource(platform, data["IamInstanceProfile"]["Arn"]["Fn::GetAtt"][0])
        (group,), (role,) = data["SecurityGroupIds"], profile.properties["Roles"]
        yield find_resource(platform, role["Ref"]), group["Ref"], None


@cache
def clients(folder: str) -> set[str]:
    """The services of which a function's code, or the code that all functions share, creates a boto3 client."""
    sources = [path.read_text("utf-8") for part in (folder, "common") for path in (LAMBDA_SRC / part).rglob("*.py")]
    return {name for source in sources for name in re.findall(r"""\bclient\(\s*["']([a-z0-9-]+)""", source)}


def calls() -> Iterator[Call]:
    for platform in PLATFORMS:
        for role, group, used in callers(platform):
            for statement in granted(role):
                for action in statement["Action"]:
                    prefix = action.partition(":")[0]
                    by_lambda = used is not None and statement["Sid"] in BY_LAMBDA and prefix not in used
                    if prefix not in NO_CALL and not by_lambda:
                        on = tuple(map(text, statement["Resource"]))
                        yield Call(platform, role.title, group, statement["Sid"], action, on)


CALLS = list(calls())


def network(platform: str, *, endpoints: bool) -> dict[str, Any]:
    switches = {
        "NatGatewayPerZone": "false",
        "InterfaceEndpoints": str(endpoints).lower(),
        "AnalystSecurityGroupId": "",
    }
    return deployed(templates(platform)["network"], **switches)


def endpoints_of(platform: str, *, interfaces: bool = True) -> dict[str, Mapping[str, Any]]:
    network_resources = network(platform, endpoints=interfaces)
    return {
        title: body["Properties"]
        for title, body in network_resources.items()
        if body["Type"] == "AWS::EC2::VPCEndpoint"
    }


# Prefix of the actions → last word of the endpoint's name, for services in which they differ.
SERVICES = {"cloudwatch": "monitoring"}


def endpoint_for(call: Call, *, interfaces: bool) -> Mapping[str, Any] | None:
    """The endpoint to which the SDK's host name resolves, whatever its policy allows."""
    wanted = f"com.amazonaws.${{AWS::Region}}.{SERVICES.get(call.prefix, call.prefix)}"
    endpoints = endpoints_of(call.platform, interfaces=interfaces).values()
    return next((endpoint for endpoint in endpoints if text(endpoint["ServiceName"]) == wanted), None)


def lets_through(statement: Mapping[str, Any], call: Call) -> bool:
    """Whether the statement of an endpoint's policy allows the call, of a role and on resources of this account."""
    known = {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}
    conditions = statement.get("Condition", {})
    return (
        statement["Effect"] == "Allow"
        and statement["Principal"] == "*"
        and any(fnmatchcase(call.action.lower(), pattern.lower()) for pattern in statement["Action"])
        and statement["Resource"] == ["*"]
        and set(conditions) <= {"StringEquals"}
        and all(known.get(key) == value for key, value in conditions.get("StringEquals", {}).items())
    )


def ways_out(call: Call, *, endpoints: bool) -> set[str]:
    """Targets to which the caller's security group allows HTTPS: groups, prefix lists and networks."""
    network_resources = network(call.platform, endpoints=endpoints)
    group = templates(call.platform)["network"]["Outputs"][call.group]["Value"]
    rules = [
        body["Properties"] for body in network_resources.values() if body["Type"] == "AWS::EC2::SecurityGroupEgress"
    ]
    return {
        text(rule.get("DestinationSecurityGroupId") or rule.get("DestinationPrefixListId") or rule.get("CidrIp"))
        for rule in rules
        if rule["GroupId"] == group and rule["FromPort"] <= 443 <= rule["ToPort"]
    }


@cache
def awacs_actions() -> dict[str, set[str]]:
    """Prefix → its actions that awacs knows."""
    known: dict[str, set[str]] = {}
    for module in pkgutil.iter_modules(awacs.__path__):
        service = importlib.import_module(f"awacs.{module.name}")
        if prefix := getattr(service, "prefix", None):
            own = {value.JSONrepr() for value in vars(service).values() if isinstance(value, Action)}
            known.setdefault(prefix, set()).update(own)
    return known


def test_the_calls_are_found() -> None:
    """The tests below would pass for an empty list."""
    assert {call.prefix for call in CALLS if call.role == "InstanceRole"} >= {
        "s3",
        "secretsmanager",
        "logs",
        "cloudwatch",
        "cloudformation",
    }
    assert {call.prefix for call in CALLS if call.platform == "trading"} >= {
        "s3",
        "dynamodb",
        "secretsmanager",
        "sns",
        "sqs",
        "ec2",
    }
    assert {role.title for platform in PLATFORMS for role, _, _ in callers(platform)} >= {"InstanceRole", "IngestRole"}


@pytest.mark.requirement("T-NET-3", "X-SEC-2")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_policy_of_an_endpoint_names_actions_that_exist(platform: str) -> None:
    """CloudWatch's endpoint is called ``monitoring``, its actions ``cloudwatch:…``.

    Regression: AWS accepted a policy that allowed ``monitoring:*``. With NAT closed, no instance could have published memory
    and disk.
    """
    for title, endpoint in endpoints_of(platform).items():
        for statement in statements(endpoint["PolicyDocument"]):
            for pattern in statement["Action"]:
                prefix = pattern.partition(":")[0]
                assert prefix in awacs_actions(), f"{title}: IAM knows no action {pattern}"
                assert any(fnmatchcase(action, pattern) for action in awacs_actions()[prefix]), f"{title}: {pattern}"


@pytest.mark.requirement("T-NET-3", "X-SEC-2")
@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("interfaces", [True, False], ids=["interface-endpoints", "nat"])
def test_every_call_reaches_its_service_and_passes_the_endpoints_policy(call: Call, interfaces: bool) -> None:
    endpoint = endpoint_for(call, interfaces=interfaces)
    ways = ways_out(call, endpoints=interfaces)
    if endpoint is None:
        assert "0.0.0.0/0" in ways, f"{call}: no endpoint for {call.prefix}, and NAT is closed to {call.group}"
        return
    allowing = [each for each in statements(endpoint["PolicyDocument"]) if lets_through(each, call)]
    assert allowing, f"{call}: its role allows it, and the endpoint's policy does not"
    if endpoint["VpcEndpointType"] == "Gateway":
        assert any(way.lower() == f"${{{call.prefix}prefixlistid}}" for way in ways), call
        return
    assert text(endpoint["SecurityGroupIds"][0]) in ways, call
    assert endpoint["PrivateDnsEnabled"] is True, "otherwise the SDK's host name does not resolve to it"


@pytest.mark.requirement("T-NET-3", "X-SEC-2")
def test_no_call_leaves_this_account() -> None:
    """Endpoint policies require resources of this account. A role that allows more would fail there, in the VPC only."""
    for call in CALLS:
        for resource in call.on:
            account = resource.replace("AWS::", "").split(":")[4] if resource.startswith("arn:") else ""
            assert account in ("", "${AccountId}"), call


@pytest.mark.requirement("T-NET-3", "X-SEC-2")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_endpoint_has_a_caller(platform: str) -> None:
    called = {SERVICES.get(call.prefix, call.prefix) for call in CALLS if call.platform == platform}
    offered = {text(each["ServiceName"]).rpartition(".")[2] for each in endpoints_of(platform).values()}
    assert offered == called
