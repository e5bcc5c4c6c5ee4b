"""The secret header between CloudFront and the load balancer (X-ALB-1)."""

from __future__ import annotations

import pytest

from builders.contract.parameters import ORIGIN_HEADER_TURNS
from builders.transactions.origin_header import rotations
from tests.builders.support.resources import find_resource, resources, text

PLATFORM = "transactions"


@pytest.mark.requirement("X-ALB-1")
def test_a_rotation_of_the_secret_header_never_rejects_what_cloudfront_still_sends() -> None:
    table = rotations()
    assert list(table) == [str(turn) for turn in range(1, ORIGIN_HEADER_TURNS + 1)]
    for turn in range(1, ORIGIN_HEADER_TURNS + 1):
        now, then = table[str(turn)], table[str(turn % ORIGIN_HEADER_TURNS + 1)]
        sent_before = now["Sent"].capitalize()
        assert then[sent_before] == now[sent_before], "the value that CloudFront sends stays during the rotation"
        renewed = then["Sent"].capitalize()
        assert renewed != sent_before
        assert then[renewed] != now[renewed], "and the value that it sends from then on is new"
        assert then["Generation"] == then[renewed]


@pytest.mark.requirement("X-ALB-1")
def test_balancer_and_cloudfront_name_the_same_secrets() -> None:
    names = {text(secret.properties["Name"]) for secret in resources(PLATFORM, "AWS::SecretsManager::Secret")}
    (condition,) = find_resource(PLATFORM, "HttpFromCloudFront").properties["Conditions"]
    for value in condition["HttpHeaderConfig"]["Values"]:
        assert text(value).split(":")[2] in names
    origins = find_resource(PLATFORM, "Distribution").properties["DistributionConfig"]["Origins"]
    (header,) = next(origin for origin in origins if origin["Id"] == "balancer")["OriginCustomHeaders"]
    assert header["HeaderName"] == "X-Origin-Verify"
    template, values = header["HeaderValue"]["Fn::Sub"]
    assert template.startswith(
        "{{resolve:secretsmanager:transactions-origin-${Sent}-${EnvironmentSuffix}:SecretString:"
    )
    assert values["Sent"]["Fn::FindInMap"] == ["OriginHeaderTurns", {"Ref": "OriginHeaderTurn"}, "Sent"]
