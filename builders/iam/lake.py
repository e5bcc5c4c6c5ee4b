"""Statements for those who query the lake, named by intent like those of ``builders.iam.statements``."""

from __future__ import annotations

from collections.abc import Sequence

import awacs.athena as athena
import awacs.glue as glue
import awacs.s3 as s3
from awacs.aws import Statement, StringLike
from troposphere import AWSHelperFn

from builders.iam import arns
from builders.iam.statements import Resource, allow


def run_queries(sid: str, workgroup_arn: AWSHelperFn) -> Statement:
    """Run queries in one Athena workgroup and read their results.

    Source: https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html
    """
    actions = [
        athena.StartQueryExecution,
        athena.StopQueryExecution,
        athena.GetQueryExecution,
        athena.GetQueryResults,
        athena.GetQueryResultsStream,
        athena.GetWorkGroup,
    ]
    return allow(sid, actions, [workgroup_arn])


def read_catalogue(sid: str, arns_: Sequence[Resource]) -> Statement:
    """Read one database of the Glue catalogue. Glue requires the permission on catalogue, database and tables.

    Source: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
    """
    return allow(sid, [glue.GetDatabase, glue.GetTable, glue.GetTables, glue.GetPartitions], arns_)


def locate_buckets(sid: str, bucket_arns: Sequence[Resource]) -> Statement:
    """Read the region of buckets, as Athena does before it reads objects."""
    return allow(sid, [s3.GetBucketLocation], bucket_arns)


def list_below(sid: str, bucket_arn: AWSHelperFn, prefixes: Sequence[str]) -> Statement:
    """List a bucket's objects under some prefixes only."""
    return allow(sid, [s3.ListBucket], [bucket_arn], StringLike("s3:prefix", [f"{prefix}*" for prefix in prefixes]))


def find_uploads(sid: str, bucket_arn: AWSHelperFn) -> Statement:
    """List a bucket's multipart uploads, as Athena does with those of its results.

    Source: https://docs.aws.amazon.com/athena/latest/ug/querying.html (query results location)
    """
    return allow(sid, [s3.ListBucketMultipartUploads], [bucket_arn])


def keep_query_results(sid: str, bucket_arn: AWSHelperFn, prefix: str) -> Statement:
    """Write results of queries under a prefix, large ones in parts, and read them."""
    actions = [s3.GetObject, s3.PutObject, s3.AbortMultipartUpload, s3.ListMultipartUploadParts]
    return allow(sid, actions, [arns.below(bucket_arn, f"/{prefix}")])
