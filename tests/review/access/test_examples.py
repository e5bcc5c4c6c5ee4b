"""The texts that examples take first."""

from __future__ import annotations

import cfnlint.data.AdditionalSpecs
from cfnlint.helpers import load_resource

from review.access.decision import decide
from review.access.examples import FAMILIAR_ACTIONS
from tests.review.access.support.policies import BUCKET, OBJECTS, allow, identity, when


def test_each_familiar_action_exists() -> None:
    services = load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")
    unknown = [
        action
        for action in FAMILIAR_ACTIONS.split()
        if action.split(":")[1].lower() not in services[action.split(":")[0]]["Actions"]
    ]
    assert unknown == []


def test_an_example_prefers_what_the_policies_name() -> None:
    (witness,) = decide(
        identity(allow(["s3:ListBucket", "sqs:Count"], BUCKET)), identity(allow(["s3:ListBucket", "sqs:Count"], "*"))
    ).witnesses
    assert (witness.request.action, witness.request.resource) == ("s3:ListBucket", "*")


def test_an_example_of_a_number_is_a_number() -> None:
    key = "s3:TlsVersion"
    before, after = (
        identity(allow(resource=OBJECTS, when=when("NumericGreaterThan", key, limit))) for limit in ("1.2", "1.1")
    )
    (witness,) = decide(before, after).witnesses
    assert witness.request.context == {key: ("1.15",)}
