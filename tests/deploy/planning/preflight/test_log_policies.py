"""CloudWatch Logs has room for the resource policies that a deployment creates."""

from __future__ import annotations

from collections.abc import Mapping

from cfn.errors import Fault
from deploy.planning.preflight.log_policies import check_log_policies
from tests.deploy.support.aws import Scripted
from tests.deploy.support.preflight import script_resource, subject

VALUES = {"PostgresEngineVersion": "17.7", "ManageApiGatewayAccount": "false"}
POLICY = "Resources: {LogPolicy: {Type: 'AWS::Logs::ResourcePolicy'}}"
FIREWALL = "Resources: {FirewallLog: {Type: 'AWS::WAFv2::LoggingConfiguration'}}"


def script_policies(scripted: Scripted, count: int, *further: str) -> None:
    """Script the policies of the account, on two pages."""
    names = [*(f"policy-{number}" for number in range(count)), *further]
    policies = [{"policyName": name} for name in names]
    first, second = {"resourcePolicies": policies[:4], "nextToken": "2"}, {"resourcePolicies": policies[4:]}
    scripted["logs"].add_response("describe_resource_policies", first, {})
    scripted["logs"].add_response("describe_resource_policies", second, {"nextToken": "2"})


def check(scripted: Scripted, tier: str, deployed: Mapping[str, str] | None = None) -> list[Fault | str]:
    return list(check_log_policies(subject(scripted, VALUES, tier=tier, deployed=deployed)))


def test_a_platform_without_policies_calls_nothing(scripted: Scripted) -> None:
    assert check(scripted, "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}") == []


def test_the_tenth_policy_fits(scripted: Scripted) -> None:
    script_policies(scripted, 9)
    assert check(scripted, POLICY) == []


def test_an_eleventh_policy_is_a_fault_that_names_the_others(scripted: Scripted) -> None:
    script_policies(scripted, 10)
    (fault,) = check(scripted, POLICY)
    assert isinstance(fault, Fault)
    assert fault.name == "Tier/LogPolicy"
    assert "has 10 here, so 1 more cannot be created" in fault.what
    assert "policy-0, policy-1" in fault.do


def test_a_policy_that_is_deployed_needs_no_room(scripted: Scripted) -> None:
    script_resource(scripted, "LogPolicy", "small-log-dev")
    assert check(scripted, POLICY, {}) == []


def test_a_policy_that_a_newer_template_adds_needs_room(scripted: Scripted) -> None:
    script_resource(scripted, "LogPolicy", None)
    script_policies(scripted, 10)
    (fault,) = check(scripted, POLICY, {})
    assert isinstance(fault, Fault)


def test_room_that_wafs_own_policy_would_need_is_a_note(scripted: Scripted) -> None:
    script_policies(scripted, 10)
    (note,) = check(scripted, FIREWALL)
    assert isinstance(note, str)
    assert "WAF creates AWSWAF-LOGS for its logs" in note


def test_wafs_own_policy_that_exists_is_extended(scripted: Scripted) -> None:
    script_policies(scripted, 9, "AWSWAF-LOGS")
    assert check(scripted, FIREWALL) == []
