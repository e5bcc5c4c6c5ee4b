"""The functions tier (T-FN-1, T-DATA-2)."""

from __future__ import annotations

import pytest

from builders.contract import ports
from builders.trading.lake import TABLES
from tests.builders.support.conditions import deployed
from tests.builders.support.policies import permissions_of
from tests.builders.support.resources import find_resource, templates, text


@pytest.mark.requirement("T-FN-1")
def test_concurrency_is_reserved_only_when_asked() -> None:
    tier = templates("trading")["functions"]
    for reserve, expected in (("true", {"Ref": "ProcessConcurrency"}), ("false", None)):
        process = deployed(tier, ReserveConcurrency=reserve, DatabaseMinCapacity="0")["ProcessFunction"]["Properties"]
        assert process.get("ReservedConcurrentExecutions") == expected


@pytest.mark.requirement("T-FN-1")
def test_the_queue_never_starts_more_than_the_function_may_run() -> None:
    """A common fault: throttled messages count as failed and end in the dead-letter queue."""
    source = find_resource("trading", "ObjectSource").properties
    assert source["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "ProcessConcurrency"}}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert templates("trading")["root"]["Parameters"]["ProcessConcurrency"]["MinValue"] == 2


@pytest.mark.requirement("T-DATA-2")
def test_processing_receives_the_deduplication_window() -> None:
    variables = find_resource("trading", "ProcessFunction").properties["Environment"]["Variables"]
    assert variables["DEDUPLICATION_WINDOW_DAYS"] == {"Ref": "DeduplicationWindowDays"}


@pytest.mark.requirement("A-6")
def test_ingest_cannot_touch_what_is_processed_or_quarantined() -> None:
    writes = [s["Resource"] for s in permissions_of("trading", "IngestRole") if "s3:PutObject" in s["Action"]]
    assert [[text(arn) for arn in each] for each in writes] == [
        ["${RawBucketArn}/market-data/*"],
        ["${RawBucketArn}/idempotency/*"],
    ]


@pytest.mark.requirement("A-6")
def test_processing_writes_only_where_the_lake_reads_and_what_it_archives() -> None:
    writes = [s["Resource"] for s in permissions_of("trading", "ProcessRole") if "s3:PutObject" in s["Action"]]
    assert [[text(arn) for arn in each] for each in writes] == [
        ["${RawBucketArn}/quarantine/*"],
        [f"${{ProcessedBucketArn}}/{row.prefix}*" for row in TABLES if row.bucket == ports.PROCESSED_BUCKET],
        ["${ArchiveBucketArn}/market-data/*"],
    ]


@pytest.mark.requirement("T-DB-5")
@pytest.mark.parametrize(("capacity", "pauses"), [("0", "true"), ("0.5", "false")])
def test_functions_know_whether_the_database_pauses(capacity: str, pauses: str) -> None:
    content = deployed(templates("trading")["functions"], DatabaseMinCapacity=capacity, ReserveConcurrency="false")
    known = {
        title: body["Properties"]["Environment"]["Variables"].get("DB_PAUSES")
        for title, body in content.items()
        if body["Type"] == "AWS::Lambda::Function"
    }
    assert known == {
        "IngestFunction": None,
        "ProcessFunction": pauses,
        "QueryFunction": pauses,
        "SessionsFunction": None,
    }
