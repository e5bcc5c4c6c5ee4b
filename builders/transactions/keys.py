"""The keys of transactions: a platform of instances behind an edge."""

from __future__ import annotations

from builders.contract.names import Names, bucket_name_text
from builders.parts.keys import KeyRow, KeyUse
from builders.tiers import key_rows
from builders.transactions import facts


def rows(platform: str, names: Names) -> tuple[KeyRow, ...]:
    """The keys of a platform of instances behind an edge."""
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    edge = KeyUse(
        "Edge",
        principals=("cloudfront",),
        sends_account=False,
        only_reads=True,
        source="arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/*",
        context=key_rows.bucket_context(bucket_name_text(platform, facts.STATIC_BUCKET)),
    )
    return (
        key_rows.data(platform, names, "Buckets", edge),
        key_rows.database(),
        key_rows.secrets(names),
        key_rows.logs(names),
        key_rows.functions(names),
        key_rows.messaging(names),
    )
