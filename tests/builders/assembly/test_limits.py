"""CloudFormation's quotas."""

from __future__ import annotations

import pytest

from builders.assembly import limits
from builders.assembly.emit import as_dict, render
from builders.assembly.root import assemble
from builders.contract.errors import LimitError
from builders.platforms import PLATFORMS
from tests.builders.support.resources import templates


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_template_stays_within_cloudformations_quotas(platform: str) -> None:
    """CloudFormation reads templates from S3, so a template may have a megabyte. Above 51,200 bytes generation prints advice.

    Regression: this test failed at 51,200 bytes. One more tag on everything, or one more alarm, reached that, and only the
    test's author could fix it.
    """
    for name, template in assemble(PLATFORMS[platform]).templates.items():
        measure = limits.measure(name, templates(platform)[name], render(as_dict(template), "yaml"))
        assert measure.excesses() == []
        assert measure.resources <= limits.TIER_RESOURCES


def test_an_excess_fails_and_says_by_how_much() -> None:
    body: dict[str, dict[str, object]] = {
        "Resources": {f"R{n}": {} for n in range(501)},
        "Outputs": {f"O{n}": {} for n in range(201)},
    }
    measure = limits.measure("huge.yaml", body, "x" * 1_048_577)
    assert measure.excesses() == [
        "huge.yaml has 1,048,577 bytes; the quota is 1,048,576",
        "huge.yaml has 501 resources; the quota is 500",
        "huge.yaml has 201 outputs; the quota is 200",
    ]
    assert "501 resources" in str(LimitError(measure.excesses()))
