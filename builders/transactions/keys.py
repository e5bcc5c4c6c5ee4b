"""The keys of transactions: a platform of instances behind an edge."""

from __future__ import annotations

from builders.parts.keys import KeyRow, KeyUse
from builders.tiers import key_rows


def rows(platform: str) -> tuple[KeyRow, ...]:
    """The keys of a platform of instances behind an edge."""
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    edge = KeyUse(
        "Edge",
        principals=("cloudfront",),
        sends_account=False,
        source="arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/*",
        context={"aws:s3:arn": key_rows.bucket_arns(platform)},
    )
    return (
        key_rows.data(platform, "Buckets", edge),
        key_rows.database(),
        key_rows.secrets(platform),
        key_rows.logs(platform),
        key_rows.functions(platform),
        key_rows.messaging(platform),
    )
