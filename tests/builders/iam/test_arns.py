"""ARNs of resources that a template knows by name only."""

from __future__ import annotations

import pytest
from troposphere import GetAtt, Ref, Sub

from builders.iam import arns


@pytest.mark.parametrize(
    ("base", "expected"), [(GetAtt("Bucket", "Arn"), "${Bucket.Arn}/*"), (Ref("BucketArn"), "${BucketArn}/*")]
)
def test_an_arn_begins_with_another(base: Ref | GetAtt, expected: str) -> None:
    assert arns.below(base, "/*").to_dict() == {"Fn::Sub": expected}


def test_an_arn_begins_with_references_only() -> None:
    with pytest.raises(TypeError, match="Ref or a GetAtt"):
        arns.below(Sub("x"), "/*")
