"""The root of trading (T-OUT-1)."""

from __future__ import annotations

import pytest

from tests.builders.support.resources import templates


@pytest.mark.requirement("T-OUT-1")
def test_root_exports_its_outputs_under_the_suffix() -> None:
    outputs = templates("trading")["root"]["Outputs"]
    needed = {
        "VpcId",
        "DatabaseEndpoint",
        "DatabaseReaderEndpoint",
        "ApiUrl",
        "RawBucketName",
        "ProcessedBucketName",
        "ArchiveBucketName",
    }
    assert needed <= set(outputs)
    for name, output in outputs.items():
        assert output["Export"]["Name"] == {"Fn::Sub": f"trading-{name}-${{EnvironmentSuffix}}"}
