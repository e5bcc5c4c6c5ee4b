"""S3, DynamoDB, Glue and Athena."""

from __future__ import annotations

from tests.local.conformance.support.row import CLOUDFORMATION, DOCS, Difference, Row, Table

_S3 = f"{DOCS}AmazonS3/latest/userguide/"
_S3_API = f"{DOCS}AmazonS3/latest/API/"
_DYNAMO = f"{DOCS}amazondynamodb/latest/developerguide/"
_DYNAMO_API = f"{DOCS}amazondynamodb/latest/APIReference/"
_BUCKET, _POLICY, _TABLE = "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::DynamoDB::Table"

S3 = Table(
    "S3",
    (
        Row(
            "versioning_keeps_old_versions",
            "With versioning, each put gets a version id, and older versions stay readable.",
            f"{_S3}Versioning.html",
            types=(_BUCKET,),
            calls=("s3.put_object", "s3.get_object"),
        ),
        Row(
            "deletion_leaves_a_marker",
            "A deletion without version id in a versioned bucket adds a delete marker. "
            "GetObject then is NoSuchKey, and the version stays.",
            f"{_S3}DeleteMarker.html",
            types=(_BUCKET,),
            calls=("s3.delete_object", "s3.get_object"),
        ),
        Row(
            "deletion_by_version_id_is_final",
            "A deletion with version id removes that version; that of the delete marker brings the object back.",
            f"{_S3}DeletingObjectVersions.html",
            calls=("s3.delete_object",),
        ),
        Row(
            "delete_objects_removes_versions_in_one_call",
            "DeleteObjects removes up to 1,000 keys with version ids; with Quiet it reports only errors.",
            f"{_S3_API}API_DeleteObjects.html",
            calls=("s3.delete_objects",),
        ),
        Row(
            "versions_are_listed_in_pages",
            "ListObjectVersions gives versions and delete markers, by key and newest first, in pages.",
            f"{_S3_API}API_ListObjectVersions.html",
            calls=("s3.list_object_versions",),
        ),
        Row(
            "keys_are_listed_in_pages",
            "ListObjectsV2 gives keys in order of their bytes, in pages with a continuation token.",
            f"{_S3_API}API_ListObjectsV2.html",
        ),
        Row(
            "multipart_object_appears_when_complete",
            "The parts of a multipart upload become an object when the upload is "
            "completed; its ETag ends in the number of parts.",
            f"{_S3}mpuoverview.html",
        ),
        Row(
            "aborted_upload_disappears",
            "ListMultipartUploads shows uploads that are not completed; AbortMultipartUpload removes them.",
            f"{_S3}abort-mpu.html",
            calls=("s3.list_multipart_uploads", "s3.abort_multipart_upload"),
        ),
        Row(
            "put_if_absent_fails_for_an_existing_key",
            "PutObject with If-None-Match ``*`` is 412 PreconditionFailed if the key exists.",
            f"{_S3}conditional-writes.html",
            calls=("s3.put_object",),
        ),
        Row(
            "get_if_match_fails_for_another_etag",
            "GetObject with If-Match is 412 if the object has another ETag.",
            f"{_S3_API}API_GetObject.html",
            calls=("s3.get_object",),
        ),
        Row(
            "get_by_range_is_partial",
            "GetObject with Range gives these bytes and status 206.",
            f"{_S3_API}API_GetObject.html",
            calls=("s3.get_object",),
        ),
        Row(
            "copy_keeps_metadata_unless_replaced",
            "CopyObject keeps the metadata; with MetadataDirective REPLACE it takes the new ones.",
            f"{_S3_API}API_CopyObject.html",
            calls=("s3.copy_object",),
        ),
        Row(
            "put_keeps_encoding_and_metadata",
            "HeadObject gives Content-Type, Content-Encoding and user metadata of the put.",
            f"{_S3}UsingMetadata.html",
            calls=("s3.put_object", "s3.head_object"),
        ),
        Row(
            "wrong_checksum_is_rejected",
            "A put whose checksum does not fit its body is BadDigest.",
            f"{_S3}checking-object-integrity.html",
            calls=("s3.put_object",),
        ),
        Row(
            "head_of_a_missing_object_is_404",
            "HeadObject of a missing key is 404 without a body.",
            f"{_S3_API}API_HeadObject.html",
            calls=("s3.head_object",),
        ),
        Row(
            "head_bucket_tells_missing_from_forbidden",
            "HeadBucket is 404 for a bucket that does not exist and 403 for one that the caller may not see.",
            f"{_S3_API}API_HeadBucket.html",
            calls=("s3.head_bucket",),
        ),
        Row(
            "default_encryption_applies",
            "An object without encryption headers gets the bucket's default: SSE-KMS with its key and its bucket key.",
            f"{_S3}bucket-encryption.html",
            types=(_BUCKET,),
            calls=("s3.head_object",),
        ),
        Row(
            "bucket_policy_may_demand_encryption_headers",
            "A Deny on s3:x-amz-server-side-encryption hits a put with another encryption.",
            f"{_S3}amazon-s3-policy-keys.html",
            types=(_POLICY,),
            calls=("s3.put_object",),
        ),
        Row(
            "bucket_policy_may_demand_its_key",
            "A Deny by s3:x-amz-server-side-encryption-aws-kms-key-id rejects an object under another key.",
            f"{DOCS}AmazonS3/latest/userguide/UsingKMSEncryption.html",
            types=("AWS::S3::BucketPolicy",),
            calls=("s3.put_object",),
        ),
        Row(
            "public_policy_is_blocked",
            "BlockPublicPolicy rejects a bucket policy that allows everybody.",
            f"{_S3}access-control-block-public-access.html",
            types=(_BUCKET, _POLICY),
        ),
        Row(
            "acls_are_disabled",
            "With BucketOwnerEnforced, a put with an ACL other than bucket-owner-full-control is "
            "AccessControlListNotSupported.",
            f"{_S3}about-object-ownership.html",
            types=(_BUCKET,),
        ),
        Row(
            "expected_owner_is_checked",
            "A request with another ExpectedBucketOwner is 403.",
            f"{_S3}bucket-owner-condition.html",
            calls=("s3.put_object", "s3.get_object"),
        ),
        Row(
            "lifecycle_is_stored_as_declared",
            "GetBucketLifecycleConfiguration gives the declared rules.",
            f"{_S3}object-lifecycle-mgmt.html",
            types=(_BUCKET,),
        ),
        Row(
            "lifecycle_expires_objects",
            "S3 deletes objects after the days of their lifecycle rule.",
            f"{_S3}object-lifecycle-mgmt.html",
            types=(_BUCKET,),
            difference=Difference(
                "The rules are stored, and no object expires.",
                "That old data leaves the buckets, or that Glacier transitions work.",
                "an object of a test is never a day old.",
            ),
        ),
        Row(
            "notification_has_encoded_key",
            "A notification to SQS has event name, bucket, size and the key, URL-encoded.",
            f"{_S3}notification-content-structure.html",
            types=(_BUCKET, "AWS::SQS::QueuePolicy"),
            calls=("s3.get_bucket_notification_configuration",),
        ),
        Row(
            "notification_filters_by_prefix_and_suffix",
            "A notification with prefix and suffix is sent only for keys with both.",
            f"{_S3}notification-how-to-filtering.html",
            types=(_BUCKET,),
        ),
        Row(
            "access_logs_reach_their_bucket",
            "S3 delivers server access logs to the target bucket.",
            f"{_S3}ServerLogs.html",
            types=(_BUCKET,),
            difference=Difference(
                "The configuration is stored, and no log is written.",
                "That the access logs of the buckets arrive, or who may write them.",
            ),
        ),
    ),
)

DYNAMODB = Table(
    "DynamoDB",
    (
        Row(
            "put_if_absent_is_conditional",
            "PutItem with attribute_not_exists is ConditionalCheckFailedException if the item exists.",
            f"{_DYNAMO}Expressions.ConditionExpressions.html",
            types=(_TABLE,),
            calls=("dynamodb.put_item",),
        ),
        Row(
            "update_sets_and_returns",
            "UpdateItem sets attributes, creates a missing item, and returns what ReturnValues asks for.",
            f"{_DYNAMO_API}API_UpdateItem.html",
            calls=("dynamodb.update_item",),
        ),
        Row(
            "delete_of_a_missing_item_succeeds",
            "DeleteItem is idempotent; a condition makes it fail.",
            f"{_DYNAMO_API}API_DeleteItem.html",
            calls=("dynamodb.delete_item",),
        ),
        Row(
            "missing_item_has_no_item_key",
            "GetItem of a missing key answers without Item.",
            f"{_DYNAMO_API}API_GetItem.html",
            calls=("dynamodb.get_item",),
        ),
        Row(
            "consistent_read_sees_the_last_write",
            "A strongly consistent read gives what was written last.",
            f"{_DYNAMO}HowItWorks.ReadConsistency.html",
            calls=("dynamodb.get_item", "dynamodb.put_item"),
        ),
        Row(
            "numbers_keep_their_digits",
            "A number keeps up to 38 digits.",
            f"{_DYNAMO}HowItWorks.NamingRulesDataTypes.html",
            calls=("dynamodb.put_item",),
        ),
        Row(
            "query_is_paginated",
            "A Query with Limit gives LastEvaluatedKey until it is complete.",
            f"{_DYNAMO}Query.Pagination.html",
            calls=("dynamodb.query",),
        ),
        Row(
            "wrong_key_type_is_rejected",
            "An item whose key has another type than declared is a ValidationException.",
            f"{_DYNAMO_API}API_PutItem.html",
            calls=("dynamodb.put_item",),
        ),
        Row(
            "ttl_is_enabled_by_the_template",
            "DescribeTimeToLive shows the declared attribute as enabled.",
            f"{_DYNAMO}TTL.html",
            types=(_TABLE,),
        ),
        Row(
            "expired_items_stay_readable_for_a_while",
            "DynamoDB deletes expired items later. Until then, a read still returns them.",
            f"{_DYNAMO}howitworks-ttl.html",
            types=(_TABLE,),
            calls=("dynamodb.get_item",),
        ),
        Row(
            "leading_keys_limit_a_role",
            "dynamodb:LeadingKeys limits a role to items by their partition key.",
            f"{_DYNAMO}specifying-conditions.html",
        ),
        Row(
            "point_in_time_recovery_is_enabled",
            "DescribeContinuousBackups shows the declared recovery.",
            f"{_DYNAMO}Point-in-time-recovery.html",
            types=(_TABLE,),
        ),
        Row(
            "changed_key_schema_replaces_the_table",
            "A changed key schema replaces the table; a named one cannot be replaced under its name.",
            f"{CLOUDFORMATION}aws-resource-dynamodb-table.html",
            types=(_TABLE,),
        ),
    ),
)

ANALYTICS = Table(
    "Glue and Athena",
    (
        Row(
            "glue_table_shows_columns_and_location",
            "GetTable gives columns, partition keys, location and parameters as declared.",
            f"{DOCS}glue/latest/dg/aws-glue-api-catalog-tables.html",
            types=("AWS::Glue::Table", "AWS::Glue::Database"),
        ),
        Row(
            "glue_view_keeps_empty_partition_keys",
            "GetTable of a view gives its ViewOriginalText and an empty list of partition keys.",
            f"{DOCS}glue/latest/dg/aws-glue-api-catalog-tables.html",
            types=("AWS::Glue::Table",),
        ),
        Row(
            "workgroup_enforces_its_settings",
            "A workgroup has an encrypted result location, a limit of bytes scanned, and enforces both.",
            f"{DOCS}athena/latest/ug/workgroups-settings-override.html",
            types=("AWS::Athena::WorkGroup",),
        ),
        Row(
            "workgroup_overrides_client_settings",
            "A query with a location of its own writes to that of the workgroup if "
            "the workgroup enforces its settings.",
            f"{DOCS}athena/latest/ug/workgroups-settings-override.html",
            types=("AWS::Athena::WorkGroup",),
        ),
        Row(
            "partition_projection_needs_no_partitions",
            "A table with partition projection is queried without partitions in the catalog.",
            f"{DOCS}athena/latest/ug/partition-projection.html",
            types=("AWS::Glue::Table",),
        ),
    ),
)
