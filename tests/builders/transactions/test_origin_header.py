"""The secret header between CloudFront and the load balancer (X-ALB-1)."""

from __future__ import annotations

import pytest

from builders.contract.parameters import ORIGIN_HEADER_TURNS
from builders.transactions.origin_header import rotations
from tests.builders.support.resources import one, resources, text

P = "transactions"


@pytest.mark.requirement("X-ALB-1")
def test_a_turn_of_the_secret_header_never_refuses_what_cloudfront_still_sends() -> None:
    table = rotations()
    assert list(table) == [str(turn) for turn in range(1, ORIGIN_HEADER_TURNS + 1)]
    for turn in range(1, ORIGIN_HEADER_TURNS + 1):
        now, then = table[str(turn)], table[str(turn % ORIGIN_HEADER_TURNS + 1)]
        sent_before = now["Sent"].capitalize()
        assert then[sent_before] == now[sent_before], "what is being sent keeps its value during the turn"
        fresh = then["Sent"].capitalize()
        assert fresh != sent_before
        assert then[fresh] != now[fresh], "and what is sent from then on is new"
        assert then["Generation"] == then[fresh]


@pytest.mark.requirement("X-ALB-1")
def test_balancer_and_cloudfront_name_the_same_secrets() -> None:
    names = {text(secret.properties["Name"]) for secret in resources(P, "AWS::SecretsManager::Secret")}
    (condition,) = one(P, "HttpFromCloudFront").properties["Conditions"]
    for value in condition["HttpHeaderConfig"]["Values"]:
        assert text(value).split(":")[2] in names
    origins = one(P, "Distribution").properties["DistributionConfig"]["Origins"]
    (header,) = next(origin for origin in origins if origin["Id"] == "balancer")["OriginCustomHeaders"]
    assert header["HeaderName"] == "X-Origin-Verify"
    template, values = header["HeaderValue"]["Fn::Sub"]
    assert template.startswith(
        "{{resolve:secretsmanager:transactions-origin-${Sent}-${EnvironmentSuffix}:SecretString:"
    )
    assert values["Sent"]["Fn::FindInMap"] == ["OriginHeaderTurns", {"Ref": "OriginHeaderTurn"}, "Sent"]
