"""The functions tier: the functions of the data plane, each a row with exactly its permissions."""

from __future__ import annotations

from troposphere import AWSHelperFn, Ref
from troposphere.awslambda import EventSourceMapping, ScalingConfig

from builders.contract import parameters, ports
from builders.contract.template import TierTemplate
from builders.iam import statements
from builders.parts.lambdas import BuiltFunction, FunctionRow, add_function, export_function
from builders.parts.pausing import when_pausing
from builders.trading import facts


def build(platform: str) -> TierTemplate:
    """Builds the functions behind the API and the function behind the queue."""
    template = TierTemplate(platform, "Functions of the data plane: ingest, process, query and sessions.")
    dead_letters = template.use(ports.FUNCTION_DEAD_LETTERS)
    for row in (ingest(template), process(template), query(template), sessions(template)):
        built = add_function(template, row, dead_letters=dead_letters)
        export_function(template, built)
        if row.name in facts.API_FUNCTIONS:
            template.export(ports.function_arn(row.name), built.arn)
        else:
            add_object_source(template, built)
    return template


def ingest(template: TierTemplate) -> FunctionRow:
    """The function that validates and stores what clients post."""
    raw = template.use(ports.RAW_BUCKET_ARN)
    return FunctionRow(
        name="ingest",
        description="Validates market data and stores it before it answers",
        memory_mib=1769,
        concurrency=parameters.API_CONCURRENCY,
        environment={
            "RAW_BUCKET": template.use(ports.RAW_BUCKET),
            "API_KEYS_TABLE": template.use(ports.API_KEYS_TABLE),
        },
        permissions=[
            statements.read_items("ReadEntitlements", template.use(ports.API_KEYS_ARN)),
            statements.list_objects("TellMissingFromForbidden", raw),
            statements.write_objects("StoreBatch", raw, facts.RAW_PREFIX),
            statements.write_objects("KeepIdempotencyKey", raw, facts.IDEMPOTENCY_PREFIX),
            statements.read_objects("FindIdempotencyKey", raw, f"{facts.IDEMPOTENCY_PREFIX}*"),
            statements.use_key("UseDataKey", template.use(ports.DATA_KEY), "s3", "dynamodb"),
        ],
    )


def process(template: TierTemplate) -> FunctionRow:
    """The function that aggregates raw objects into the database and Parquet."""
    raw = template.use(ports.RAW_BUCKET_ARN)
    return FunctionRow(
        name="process",
        description="Aggregates raw market data into bars, in the database and in Parquet",
        memory_mib=3008,
        concurrency=parameters.PROCESS_CONCURRENCY,
        environment={
            "OBJECT_QUEUE_URL": template.use(ports.OBJECT_QUEUE_URL),
            "RAW_BUCKET": template.use(ports.RAW_BUCKET),
            "PROCESSED_BUCKET": template.use(ports.PROCESSED_BUCKET),
            "ARCHIVE_BUCKET": template.use(ports.ARCHIVE_BUCKET),
            "DEDUPLICATION_WINDOW_DAYS": template.use(parameters.DEDUPLICATION_WINDOW),
            **_database(template, writer=True),
        },
        permissions=[
            statements.consume_queue("ReceiveObjects", template.use(ports.OBJECT_QUEUE_ARN)),
            statements.postpone_messages("PostponeObjects", template.use(ports.OBJECT_QUEUE_ARN)),
            statements.read_objects("ReadRaw", raw, f"{facts.RAW_PREFIX}*"),
            statements.list_objects("TellMissingFromForbidden", raw),
            statements.write_objects("Quarantine", raw, facts.QUARANTINE_PREFIX),
            statements.write_objects(
                "WriteProcessed", template.use(ports.PROCESSED_BUCKET_ARN), *facts.PROCESSED_PREFIXES
            ),
            statements.write_objects("Archive", template.use(ports.ARCHIVE_BUCKET_ARN), facts.RAW_PREFIX),
            statements.use_key("UseDataKey", template.use(ports.DATA_KEY), "s3"),
        ],
        policies=[template.use(ports.DATABASE_CONNECT_POLICY)],
    )


def query(template: TierTemplate) -> FunctionRow:
    """The function that responds with bars and analytics, from the database's readers."""
    return FunctionRow(
        name="query",
        description="Answers with bars and analytics",
        memory_mib=1024,
        concurrency=parameters.API_CONCURRENCY,
        environment={"API_KEYS_TABLE": template.use(ports.API_KEYS_TABLE), **_database(template, writer=False)},
        permissions=[
            statements.read_items("ReadEntitlements", template.use(ports.API_KEYS_ARN)),
            statements.read_under_key("UseDataKey", template.use(ports.DATA_KEY), "dynamodb"),
        ],
        policies=[template.use(ports.DATABASE_CONNECT_POLICY)],
    )


def sessions(template: TierTemplate) -> FunctionRow:
    """The function that opens, shows and ends sessions of clients."""
    return FunctionRow(
        name="sessions",
        description="Opens, shows and ends sessions of clients",
        memory_mib=512,
        concurrency=parameters.API_CONCURRENCY,
        environment={
            "API_KEYS_TABLE": template.use(ports.API_KEYS_TABLE),
            "SESSIONS_TABLE": template.use(ports.USER_SESSIONS_TABLE),
        },
        permissions=[
            statements.read_items("ReadEntitlements", template.use(ports.API_KEYS_ARN)),
            statements.keep_items("KeepSessions", template.use(ports.USER_SESSIONS_ARN)),
            statements.use_key("UseDataKey", template.use(ports.DATA_KEY), "dynamodb"),
        ],
    )


def add_object_source(template: TierTemplate, built: BuiltFunction) -> EventSourceMapping:
    """Adds the event source of new raw objects. Only the failed messages of a batch are retried.

    Batches are small, because a large object takes seconds and delays the objects after it. The function receives at most as
    many batches at once as it may run. Lambda would throttle more, and throttled messages count as failed.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """
    return template.add(
        EventSourceMapping(
            "ObjectSource",
            EventSourceArn=template.use(ports.OBJECT_QUEUE_ARN),
            FunctionName=Ref(built.function),
            BatchSize=5,
            MaximumBatchingWindowInSeconds=1,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig=ScalingConfig(MaximumConcurrency=template.use(parameters.PROCESS_CONCURRENCY)),
        )
    )


def _database(template: TierTemplate, *, writer: bool) -> dict[str, AWSHelperFn | str]:
    return {
        "DB_HOST": template.use(ports.DATABASE_ENDPOINT if writer else ports.DATABASE_READER_ENDPOINT),
        "DB_PORT": template.use(ports.DATABASE_PORT),
        "DB_NAME": facts.DATABASE_NAME,
        "DB_USER": facts.APP_USER,
        "DB_PAUSES": when_pausing(template, "true", "false"),
    }
