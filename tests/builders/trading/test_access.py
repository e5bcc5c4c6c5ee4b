"""Who may assume the roles for people and clients (A-6, T-DB-3)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cfn.parameters import find_faults
from review.access.decision import Change, compare
from review.access.document import load
from review.access.statements import Kind
from tests.builders.support.conditions import deployed
from tests.builders.support.paths import PROJECT
from tests.builders.support.resources import templates

pytestmark = pytest.mark.requirement("A-6", "T-DB-3")

BUILT = templates("trading")
ACCOUNT = "arn:aws:iam::111122223333:"
ANALYSTS = f"{ACCOUNT}role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Analyst_*"
CLIENTS = f"{ACCOUNT}role/market-data-client,{ACCOUNT}user/legacy"
ROLES = pytest.mark.parametrize(
    ("tier", "role", "parameter"),
    [
        ("database", "AnalystRole", "AnalystPrincipalArns"),
        ("api", "ApiClientRole", "ApiClientPrincipalArns"),
    ],
)


def resources(tier: str, *, analysts: str = ANALYSTS, clients: str = CLIENTS, sso: str = "false") -> dict[str, Any]:
    """The resources of a tier for some principals. Other switches have the values of dev."""
    file = json.loads((PROJECT / "params" / "trading" / "dev.json").read_text("utf-8"))["Parameters"]
    listed = {"AnalystPrincipalArns": analysts, "ApiClientPrincipalArns": clients, "SingleSignOnEnforcesMfa": sso}
    declared = BUILT[tier]["Parameters"]
    return deployed(BUILT[tier], **{name: value for name, value in {**file, **listed}.items() if name in declared})


def trust(tier: str, role: str, **values: str) -> dict[str, Any]:
    policy: dict[str, Any] = resources(tier, **values)[role]["Properties"]["AssumeRolePolicyDocument"]
    return policy


@ROLES
def test_listed_principals_of_this_account_assume_the_role(tier: str, role: str, parameter: str) -> None:
    (statement,) = trust(tier, role)["Statement"]
    assert statement["Condition"]["ArnLike"] == {"aws:PrincipalArn": {"Ref": parameter}}
    assert statement["Condition"]["StringEquals"] == {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}
    assert statement["Principal"] == {"AWS": [{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}]}


def test_analysts_need_mfa_unless_single_sign_on_asks_for_it() -> None:
    (demanded,) = trust("database", "AnalystRole")["Statement"]
    assert demanded["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}
    (trusted,) = trust("database", "AnalystRole", sso="true")["Statement"]
    assert "Bool" not in trusted["Condition"], "an operator without a key is not valid everywhere"
    (of_clients,) = trust("api", "ApiClientRole")["Statement"]
    assert "Bool" not in of_clients["Condition"]
    assert BUILT["root"]["Parameters"]["SingleSignOnEnforcesMfa"]["Default"] == "false"


@ROLES
def test_the_word_none_leaves_out_role_policy_and_outputs(tier: str, role: str, parameter: str) -> None:
    policy = f"{role.removesuffix('Role')}Policy"
    assert {role, policy} <= resources(tier).keys()
    assert not {role, policy} & resources(tier, analysts="none", clients="none").keys()
    condition = BUILT[tier]["Outputs"][f"{role}Arn"]["Condition"]
    assert BUILT["root"]["Outputs"][f"{role}Arn"]["Condition"] == condition
    assert {"Ref": parameter} in BUILT["root"]["Conditions"][condition]["Fn::Not"][0]["Fn::Equals"][0]["Fn::Join"]


@ROLES
def test_a_list_passes_into_its_tier_as_one_text(tier: str, role: str, parameter: str) -> None:
    stack = BUILT["root"]["Resources"]["Database" if tier == "database" else "Api"]
    assert stack["Properties"]["Parameters"][parameter] == {"Fn::Join": [",", {"Ref": parameter}]}


@pytest.mark.parametrize(
    "value",
    [
        "none",
        f"{ACCOUNT}role/market-data-client",
        f"{ACCOUNT}user/people/ann",
        "arn:aws-us-gov:iam::111122223333:role/x",
        ANALYSTS,
        f"{ACCOUNT}role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Analyst_*",
        f"{ACCOUNT}role/aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_Analyst_????????????????",
        f"{ACCOUNT}role/aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_Analyst_0123456789abcdef",
    ],
)
def test_a_principal_is_none_a_name_or_a_permission_set(value: str) -> None:
    for parameter in ("AnalystPrincipalArns", "ApiClientPrincipalArns"):
        assert re.fullmatch(BUILT["root"]["Parameters"][parameter]["AllowedPattern"], value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "*",
        "None",
        "111122223333",
        f"{ACCOUNT}root",
        f"{ACCOUNT}*",
        f"{ACCOUNT}role/*",
        f"{ACCOUNT}role/Analyst*",
        f"{ACCOUNT}user/people/*",
        "arn:aws:iam::*:role/market-data-client",
        "arn:aws:sts::111122223333:assumed-role/market-data-client/session",
        f"{ACCOUNT}role/aws-reserved/*",
        f"{ACCOUNT}role/aws-reserved/sso.amazonaws.com/*",
        f"{ACCOUNT}role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_*",
        f"{ACCOUNT}role/elsewhere/sso.amazonaws.com/*/AWSReservedSSO_Analyst_*",
        f"{ACCOUNT}role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Ana*_*",
    ],
)
def test_a_pattern_that_others_of_the_account_could_match_is_rejected(value: str) -> None:
    for parameter in ("AnalystPrincipalArns", "ApiClientPrincipalArns"):
        assert not re.fullmatch(BUILT["root"]["Parameters"][parameter]["AllowedPattern"], value)


@ROLES
def test_a_parameter_file_of_before_is_told_what_to_add_and_who_loses_access(
    tier: str, role: str, parameter: str, tmp_path: Path
) -> None:
    """The parameter has no default, because neither everybody nor nobody is right for a running stack."""
    assert "Default" not in BUILT["root"]["Parameters"][parameter]
    file = json.loads((PROJECT / "params" / "trading" / "prod.json").read_text("utf-8"))
    del file["Parameters"][parameter]
    (tmp_path / "prod.json").write_text(json.dumps(file))
    (fault,) = find_faults(tmp_path / "prod.json", BUILT["root"])
    assert str(fault).startswith(f"prod.json: {parameter}: it is missing and has no default. Add it: ")
    assert "or none, which leaves the role out" in str(fault)
    assert "All other principals of the account are rejected" in str(fault)


def test_the_review_calls_a_named_list_narrower_and_the_loss_of_mfa_broader() -> None:
    everybody = statement({"StringEquals": {"aws:PrincipalAccount": "111122223333"}})
    named = statement({**everybody["Condition"], "ArnLike": {"aws:PrincipalArn": [ANALYSTS]}})
    with_mfa = statement({**named["Condition"], "Bool": {"aws:MultiFactorAuthPresent": "true"}})
    assert compared(everybody, named) is Change.NARROWER
    assert compared(named, with_mfa) is Change.NARROWER
    assert compared(with_mfa, named) is Change.BROADER


def statement(condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"{ACCOUNT}root"},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }


def compared(before: dict[str, Any], after: dict[str, Any]) -> Change:
    return compare(*(load({"Statement": each}, Kind.TRUST) for each in (before, after))).change
