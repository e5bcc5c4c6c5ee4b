"""Which properties replace their resource, from the resource types' own schemas; which types hold data.

cfn-lint carries CloudFormation's resource schemas with ``createOnlyProperties``, so the review knows a replacement
without asking the service, and can say when the service's claim of one is false. Loading them takes two and a half
seconds, so it happens only when a property of an existing resource changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import cache
from typing import Any

from cfn.types import is_custom


class Replacement(IntEnum):
    """Whether a change makes a new resource and deletes the old, ordered by weight."""

    NO = 0
    POSSIBLE = 1
    CERTAIN = 2


# Types that lose data, or keys to data, when they are deleted. Log groups are on it: they are evidence.
STATEFUL = frozenset(
    {
        "AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::RDS::GlobalCluster", "AWS::DynamoDB::Table",
        "AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret",
        "AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::EFS::FileSystem", "AWS::EC2::Volume",
        "AWS::ElastiCache::ReplicationGroup", "AWS::OpenSearchService::Domain", "AWS::Kinesis::Stream",
        "AWS::Backup::BackupVault", "AWS::CloudTrail::Trail", "AWS::Cognito::UserPool", "AWS::ECR::Repository",
        "AWS::SSM::Parameter", "AWS::Glue::Database", "AWS::Glue::Table",
    }
)  # fmt: skip


def replaces(resource_type: str, paths: Iterable[str], region: str) -> Replacement:
    """What a change of these properties (``A/B/0/C`` below Properties) means for the resource.

    A type without a schema (a custom resource, a type newer than cfn-lint) gives POSSIBLE, except custom resources:
    those are replaced when their function answers with another id, which nobody knows before.
    """
    if is_custom(resource_type):
        return Replacement.POSSIBLE
    known = _create_only(resource_type, region)
    if known is None:
        return Replacement.POSSIBLE
    always, sometimes = known
    found = Replacement.NO
    for path in paths:
        if _within(path, always):
            return Replacement.CERTAIN
        if _within(path, sometimes):
            found = Replacement.POSSIBLE
    return found


def _within(path: str, patterns: frozenset[tuple[str, ...]]) -> bool:
    """True when the path is at, below or above one of the patterns: a change above it takes it along."""
    parts = tuple(part for part in path.split("/") if not part.isdigit())
    return any(
        all(one == other for one, other in zip(parts, pattern, strict=False))
        for pattern in patterns
        if pattern and parts
    )


@cache
def _create_only(
    resource_type: str, region: str
) -> tuple[frozenset[tuple[str, ...]], frozenset[tuple[str, ...]]] | None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

    manager: Any = PROVIDER_SCHEMA_MANAGER
    try:
        schema = manager.get_resource_schema(region, resource_type).schema
    except ResourceNotFoundError:
        return None
    return _paths(schema.get("createOnlyProperties")), _paths(schema.get("conditionalCreateOnlyProperties"))


def _paths(pointers: Any) -> frozenset[tuple[str, ...]]:
    """``/properties/A/items/B`` or ``/properties/A/*/B`` -> ("A", "B")."""
    skipped = {"properties", "items", "*", ""}
    return frozenset(tuple(part for part in pointer.split("/") if part not in skipped) for pointer in pointers or ())
