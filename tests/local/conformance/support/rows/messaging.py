"""SQS, SNS and Lambda."""

from __future__ import annotations

from tests.local.conformance.support.row import DOCS, Difference, Row, Table

_SQS = f"{DOCS}AWSSimpleQueueService/latest/SQSDeveloperGuide/"
_SQS_API = f"{DOCS}AWSSimpleQueueService/latest/APIReference/"
_SNS = f"{DOCS}sns/latest/dg/"
_LAMBDA = f"{DOCS}lambda/latest/dg/"
_QUEUE, _FUNCTION, _MAPPING = "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"

SQS = Table(
    "SQS",
    (
        Row(
            "received_message_is_invisible",
            "A received message is invisible until its visibility timeout ends, and then comes again.",
            f"{_SQS}sqs-visibility-timeout.html",
            types=(_QUEUE,),
            calls=("sqs.receive_message",),
        ),
        Row(
            "visibility_of_one_message_changes",
            "ChangeMessageVisibility to 0 brings a message back at once; a longer time delays it.",
            f"{_SQS_API}API_ChangeMessageVisibility.html",
            calls=("sqs.change_message_visibility",),
        ),
        Row(
            "deleted_message_is_gone",
            "A deleted message does not come again.",
            f"{_SQS_API}API_DeleteMessage.html",
            calls=("sqs.delete_message",),
        ),
        Row(
            "receive_count_grows",
            "ApproximateReceiveCount counts the receptions.",
            f"{_SQS_API}API_ReceiveMessage.html",
            calls=("sqs.receive_message", "sqs.send_message"),
        ),
        Row(
            "redrive_moves_to_the_dead_letter_queue",
            "After maxReceiveCount receptions the message is in the dead-letter queue, with its id.",
            f"{_SQS}sqs-dead-letter-queues.html",
            types=(_QUEUE,),
        ),
        Row(
            "redrive_allow_policy_names_sources",
            "A dead-letter queue with redrivePermission byQueue takes only the named source queues.",
            f"{_SQS}sqs-dead-letter-queues.html",
            types=(_QUEUE,),
        ),
        Row(
            "move_task_returns_dead_letters",
            "StartMessageMoveTask moves the messages of a dead-letter queue back to their source queue.",
            f"{_SQS_API}API_StartMessageMoveTask.html",
            calls=("sqs.start_message_move_task", "sqs.list_message_move_tasks"),
        ),
        Row(
            "move_task_needs_a_dead_letter_queue",
            "StartMessageMoveTask of a queue that is no dead-letter queue fails.",
            f"{_SQS_API}API_StartMessageMoveTask.html",
            calls=("sqs.start_message_move_task",),
        ),
        Row(
            "long_poll_waits_for_a_message",
            "ReceiveMessage with WaitTimeSeconds returns when a message arrives.",
            f"{_SQS}sqs-short-and-long-polling.html",
            calls=("sqs.receive_message",),
        ),
        Row(
            "delayed_message_comes_later",
            "A message with DelaySeconds cannot be received before.",
            f"{_SQS}sqs-message-timers.html",
            calls=("sqs.send_message",),
        ),
        Row(
            "attributes_tell_settings_and_counts",
            "GetQueueAttributes gives the declared settings, the ARN, and the numbers of messages.",
            f"{_SQS_API}API_GetQueueAttributes.html",
            types=(_QUEUE,),
            calls=("sqs.get_queue_attributes",),
        ),
        Row(
            "unknown_queue_is_an_error",
            "GetQueueUrl of an unknown name is QueueDoesNotExist.",
            f"{_SQS_API}API_GetQueueUrl.html",
            calls=("sqs.get_queue_url",),
        ),
        Row(
            "queue_policy_lets_a_service_send",
            "S3 may send to a queue only if the queue's policy allows it, with the bucket as aws:SourceArn.",
            f"{DOCS}AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html",
            types=("AWS::SQS::QueuePolicy",),
        ),
        Row(
            "deny_in_a_queue_policy_wins",
            "A Deny in the queue's policy wins over an Allow of the caller's own policies.",
            f"{_SQS}sqs-basic-examples-of-sqs-policies.html",
            types=("AWS::SQS::QueuePolicy",),
        ),
        Row(
            "queue_names_its_key",
            "GetQueueAttributes gives the KMS key of a queue and how long a data key is reused.",
            f"{_SQS}sqs-server-side-encryption.html",
            types=(_QUEUE,),
            calls=("sqs.get_queue_attributes",),
        ),
    ),
)

SNS = Table(
    "SNS",
    (
        Row(
            "publication_reaches_a_queue",
            "A message to a topic reaches a subscribed queue as JSON with TopicArn, Subject and Message.",
            f"{_SNS}sns-sqs-as-subscriber.html",
            types=("AWS::SNS::Topic", "AWS::SNS::Subscription"),
            calls=("sns.publish",),
        ),
        Row(
            "email_waits_for_confirmation",
            "A subscription by email is pending until its owner confirms it.",
            f"{_SNS}sns-email-notifications.html",
            types=("AWS::SNS::Subscription",),
        ),
        Row(
            "long_subject_is_rejected",
            "A subject of more than 100 characters is InvalidParameter.",
            f"{DOCS}sns/latest/api/API_Publish.html",
            calls=("sns.publish",),
        ),
        Row(
            "topic_policy_lets_a_role_publish",
            "An Allow in the topic's policy for a role suffices for it to publish.",
            f"{_SNS}sns-access-policy-use-cases.html",
            types=("AWS::SNS::TopicPolicy",),
            calls=("sns.publish",),
        ),
        Row(
            "deny_in_a_topic_policy_wins",
            "A Deny in the topic's policy limits publishers, whatever their own policies allow.",
            f"{_SNS}sns-access-policy-use-cases.html",
            types=("AWS::SNS::TopicPolicy",),
            calls=("sns.publish",),
        ),
        Row(
            "subscription_keeps_its_redrive_policy",
            "GetSubscriptionAttributes gives the dead-letter queue of a subscription.",
            f"{_SNS}sns-dead-letter-queues.html",
            types=("AWS::SNS::Subscription",),
        ),
        Row(
            "topic_names_its_key",
            "GetTopicAttributes gives the KMS key of a topic.",
            f"{_SNS}sns-server-side-encryption.html",
            types=("AWS::SNS::Topic",),
        ),
        Row(
            "unknown_topic_is_not_found",
            "Publish to a topic that does not exist is NotFound.",
            f"{DOCS}sns/latest/api/API_Publish.html",
            calls=("sns.publish",),
        ),
    ),
)

LAMBDA = Table(
    "Lambda",
    (
        Row(
            "environment_reaches_the_function",
            "The function sees its variables and those of the runtime.",
            f"{_LAMBDA}configuration-envvars.html",
            types=(_FUNCTION,),
        ),
        Row(
            "environment_is_reused",
            "A later invocation may find what an earlier one left in memory.",
            f"{_LAMBDA}lambda-runtime-environment.html",
            types=(_FUNCTION,),
        ),
        Row(
            "context_knows_the_remaining_time",
            "The context gives the request id, the ARN and the remaining time.",
            f"{_LAMBDA}python-context.html",
            types=(_FUNCTION,),
        ),
        Row(
            "raised_error_is_a_function_error",
            "An exception gives FunctionError Unhandled with errorType and errorMessage.",
            f"{_LAMBDA}python-exceptions.html",
            types=(_FUNCTION,),
        ),
        Row(
            "timeout_ends_the_invocation",
            "After Timeout seconds the invocation fails with ``Task timed out``.",
            f"{_LAMBDA}troubleshooting-invocation.html",
            types=(_FUNCTION,),
        ),
        Row(
            "function_acts_as_its_role",
            "What the function calls is decided by its role's policies.",
            f"{_LAMBDA}lambda-intro-execution-role.html",
            types=(_FUNCTION,),
        ),
        Row(
            "only_tmp_is_writable",
            "The file system is read-only outside of /tmp.",
            f"{_LAMBDA}lambda-runtime-environment.html",
            types=(_FUNCTION,),
            difference=Difference(
                "A function is a process of this machine and may write wherever its user may.",
                "That a function writes only to /tmp.",
            ),
        ),
        Row(
            "memory_limit_ends_the_process",
            "A function that needs more memory than MemorySize is ended.",
            f"{_LAMBDA}troubleshooting-invocation.html",
            types=(_FUNCTION,),
            difference=Difference(
                "A function gets as much memory as it asks for.",
                "That the MemorySize of a function suffices. The benches measure it.",
            ),
        ),
        Row(
            "reserved_concurrency_of_zero_throttles",
            "A function with a reserved concurrency of 0 rejects invocations with TooManyRequestsException.",
            f"{_LAMBDA}configuration-concurrency.html",
            types=(_FUNCTION,),
        ),
        Row(
            "reserved_concurrency_is_told",
            "GetFunctionConcurrency gives the reserved concurrency of a function, and nothing if it has none.",
            f"{_LAMBDA}configuration-concurrency.html",
            types=(_FUNCTION,),
        ),
        Row(
            "output_goes_to_the_log_group",
            "What the function prints is in its log group, between START and REPORT.",
            f"{_LAMBDA}monitoring-cloudwatchlogs.html",
            types=(_FUNCTION, "AWS::Logs::LogGroup"),
        ),
        Row(
            "permission_lets_a_service_invoke",
            "A service may invoke a function only with a permission for it.",
            f"{_LAMBDA}access-control-resource-based.html",
            types=("AWS::Lambda::Permission",),
        ),
        Row(
            "asynchronous_failure_reaches_the_dead_letter_queue",
            "An asynchronous event that fails in all attempts reaches the function's dead-letter queue.",
            f"{_LAMBDA}invocation-async.html#invocation-dlq",
            types=(_FUNCTION,),
        ),
        Row(
            "queue_messages_come_in_batches",
            "The mapping invokes the function with up to BatchSize records, whose body, "
            "messageId and eventSourceARN are those of the message.",
            f"{_LAMBDA}with-sqs.html",
            types=(_MAPPING,),
        ),
        Row(
            "successful_batch_is_deleted",
            "Lambda deletes the messages of a batch that the function processed.",
            f"{_LAMBDA}with-sqs.html",
            types=(_MAPPING,),
        ),
        Row(
            "partial_failure_returns_some_messages",
            "With ReportBatchItemFailures, only the reported messages come again.",
            f"{_LAMBDA}with-sqs.html#services-sqs-batchfailurereporting",
            types=(_MAPPING,),
        ),
        Row(
            "failing_batch_ends_in_the_dead_letter_queue",
            "A message whose batch fails comes again until maxReceiveCount, and then is in the dead-letter queue.",
            f"{_LAMBDA}with-sqs.html",
            types=(_MAPPING,),
        ),
        Row(
            "mapping_has_a_maximum_concurrency",
            "The mapping shows its declared maximum concurrency.",
            f"{_LAMBDA}with-sqs.html",
            types=(_MAPPING,),
        ),
        Row(
            "new_code_replaces_the_old",
            "An update of the code's key changes the code of the next invocation and its CodeSha256.",
            f"{DOCS}lambda/latest/dg/API_UpdateFunctionCode.html",
            types=(_FUNCTION,),
        ),
    ),
)
