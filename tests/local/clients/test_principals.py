"""The principals of the embedded account that a platform's parameters name."""

from __future__ import annotations

import json

import pytest

from local.clients import principals, trading
from local.host.project import PROJECT

SINGLE_SIGN_ON = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com"


@pytest.mark.parametrize(
    ("value", "arns"),
    [
        ("none", []),
        ("arn:aws:iam::111122223333:role/a, arn:aws:iam::111122223333:role/b", ["role/a", "role/b"]),
        (
            f"{SINGLE_SIGN_ON}/*/AWSReservedSSO_Analyst_*",
            ["role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Analyst_0123456789abcdef"],
        ),
        (
            f"{SINGLE_SIGN_ON}/AWSReservedSSO_Analyst_????????????????",
            ["role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Analyst_0123456789abcdef"],
        ),
    ],
)
def test_a_list_names_roles_and_a_pattern_stands_for_one_of_them(value: str, arns: list[str]) -> None:
    assert principals.listed(value) == [f"arn:aws:iam::111122223333:{arn}" for arn in arns]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_demo_has_a_client_in_every_environment(environment: str) -> None:
    file = json.loads((PROJECT / "params" / "trading" / f"{environment}.json").read_text("utf-8"))
    for name in (trading.CLIENTS, trading.ANALYSTS):
        for arn in principals.listed(file["Parameters"][name]):
            assert arn.startswith("arn:aws:iam::111122223333:role/"), (
                "the embedded AWS has the account of AWS's examples"
            )
    assert principals.listed(file["Parameters"][trading.CLIENTS])
