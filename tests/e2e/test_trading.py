"""The trading platform is deployed, used, updated, broken and destroyed on the embedded AWS. The tests build on each other."""

from __future__ import annotations

import gzip
import io
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from botocore.exceptions import ClientError

from local.clients import principals, trading
from local.clients.answer import stack_parameters
from tests.e2e.support.site import PROJECT, Site, eventually
from tests.e2e.support.story import Story
from tests.local.support.databases import master

# The tests share one deployment. `--dist loadfile` gives them all, in their order, to one worker of pytest-xdist.
pytestmark = pytest.mark.emulator

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
MINUTES = 30
SAMPLE = PROJECT / "local" / "market_data" / "market-data.json"


def keys(site: Site, kind: str, prefix: str) -> list[str]:
    bucket = f"trading-{kind}-dev-{site.account}"
    return [
        entry["Key"] for entry in site.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    ]


# --- Deployed --------------------------------------------------------------------------------------------------------
@pytest.mark.act("the deployment")
@pytest.mark.requirement("T-OUT-1", "T-DB-3", "T-FN-2")
def test_the_platform_is_deployed_by_one_reviewed_change_set(site: Site, story: Story) -> None:
    assert site.deploy("bootstrap", "--yes") == 0
    story.outliving.update(site.cloud.leftovers())
    assert site.change() == 0, site.output
    assert "trading-dev: CREATE_COMPLETE" in site.output
    assert "ApiUrl" in site.stdout


def test_a_second_plan_says_no_changes_and_executing_it_is_no_error(site: Site) -> None:
    assert site.change() == 0
    assert site.deploy("plan", "--wheels", "host") == 0
    assert "No changes" in site.stdout


@pytest.mark.requirement("A-4")
def test_data_at_rest_is_encrypted_according_to_the_services(site: Site) -> None:
    s3, dynamodb, logs = site.client("s3"), site.client("dynamodb"), site.client("logs")
    for kind in ("raw", "processed", "archive"):
        rules = s3.get_bucket_encryption(Bucket=f"trading-{kind}-dev-{site.account}")[
            "ServerSideEncryptionConfiguration"
        ]["Rules"]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        assert ":key/" in rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    for table in ("user-sessions-dev", "api-keys-dev"):
        assert dynamodb.describe_table(TableName=table)["Table"]["SSEDescription"]["SSEType"] == "KMS"
    groups = list(logs.describe_log_groups()["logGroups"])
    assert len(groups) > 10
    assert all(group.get("kmsKeyId") and group["retentionInDays"] == 30 for group in groups)


@pytest.mark.requirement("T-NET-4")
def test_the_default_security_group_is_closed(site: Site) -> None:
    (vpc,) = site.resources("trading-dev", "AWS::EC2::VPC")
    groups = site.client("ec2").describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [vpc["PhysicalResourceId"]]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )["SecurityGroups"]
    assert [(g["IpPermissions"], g["IpPermissionsEgress"]) for g in groups] == [([], [])]


# --- Used ------------------------------------------------------------------------------------------------------------
@pytest.mark.act("the first batch")
@pytest.mark.requirement("T-DATA-1", "T-DATA-4", "T-FN-2", "T-API-1")
def test_a_posted_batch_comes_back_as_bars_and_analytics(client: trading.TradingClient) -> None:
    summary = trading.post_batch(client, SAMPLE.read_bytes())
    assert (summary["received"], summary["accepted"], summary["rejected"]) == (408, 400, 8)
    assert all({"index", "reason"} <= set(record) for record in summary["rejectedRecords"])
    records = json.loads(SAMPLE.read_bytes())["records"]
    bad = {record["index"] for record in summary["rejectedRecords"]}
    trades = [r for i, r in enumerate(records) if i not in bad and r["type"] == "trade" and r["symbol"] == "ACME"]
    bars = trading.wait_for_bars(client, "ACME", START, MINUTES)
    assert sum(bar["trades"] for bar in bars) == len(trades)
    assert sum(int(bar["volume"]) for bar in bars) == sum(trade["size"] for trade in trades)
    (analytics,) = trading.read_analytics(client, "ACME", START, MINUTES, "1h")
    assert analytics["bar"]["trades"] == len(trades)


@pytest.mark.requirement("T-DATA-2")
def test_the_same_batch_again_and_the_same_trades_in_another_batch_change_nothing(
    client: trading.TradingClient,
) -> None:
    before = trading.wait_for_bars(client, "ACME", START, MINUTES)
    repetition = client.call("POST", "/v1/market-data", body=SAMPLE.read_bytes())
    assert repetition.headers["idempotency-replayed"] == "true"
    trades = [record for record in json.loads(SAMPLE.read_bytes())["records"] if record["type"] == "trade"]
    summary = trading.post_batch(client, json.dumps({"records": [*trades, _trade("MARKER", "1", "5.00")]}).encode())
    assert summary["accepted"] == 201
    trading.wait_for_bars(client, "MARKER", START, MINUTES)
    assert trading.wait_for_bars(client, "ACME", START, MINUTES) == before


@pytest.mark.requirement("T-DATA-2")
def test_an_idempotency_key_makes_a_repeated_request_harmless(client: trading.TradingClient) -> None:
    body = json.dumps({"records": [_trade("KEYED", "1", "3.00")]}).encode()
    first, second = (
        client.call("POST", "/v1/market-data", body=body, headers={"idempotency-key": "order-1"}) for _ in range(2)
    )
    assert (first.status, second.status) == (202, 202)
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"


@pytest.mark.requirement("T-DATA-2")
def test_a_late_trade_corrects_its_bar(client: trading.TradingClient) -> None:
    trading.post_batch(client, json.dumps({"records": [_trade("LATE", "2", "10.00", second=30)]}).encode())
    (bar,) = trading.wait_for_bars(client, "LATE", START, 1)
    assert (bar["open"], bar["close"]) == ("10", "10") or (bar["open"], bar["close"]) == ("10.00", "10.00")
    trading.post_batch(client, json.dumps({"records": [_trade("LATE", "1", "9.00", second=10)]}).encode())
    corrected = eventually(lambda: [b for b in trading.wait_for_bars(client, "LATE", START, 1) if b["trades"] == 2])
    assert float(corrected[0]["open"]) == 9.0
    assert float(corrected[0]["close"]) == 10.0


def _trade(symbol: str, trade_id: str, price: str, second: int = 0) -> dict[str, object]:
    ts = f"2026-01-05T14:30:{second:02d}Z"
    return {"type": "trade", "trade_id": trade_id, "symbol": symbol, "price": price, "size": 1, "ts": ts}


@pytest.mark.requirement("T-DATA-4")
def test_processed_data_is_partitioned_parquet_and_the_raw_objects_are_archived(site: Site) -> None:
    processed = eventually(lambda: [key for key in keys(site, "processed", "") if key.endswith(".parquet")])
    assert all("date=2026-01-05" in key for key in processed)
    body = site.client("s3").get_object(Bucket=f"trading-processed-dev-{site.account}", Key=processed[0])["Body"].read()
    path = Path(site.root) / "read.parquet"
    path.write_bytes(body)
    assert duckdb.execute(f"SELECT count(*) FROM '{path}'").fetchall()[0][0] > 0
    assert set(keys(site, "archive", "market-data/")) >= {
        k for k in keys(site, "raw", "market-data/") if k.endswith(".gz")
    }


@pytest.mark.requirement("T-DATA-2")
def test_a_broken_object_goes_to_quarantine_and_blocks_nothing(site: Site, client: trading.TradingClient) -> None:
    broken = "market-data/date=2026-01-05/hour=14/broken.ndjson.gz"
    site.client("s3").put_object(Bucket=f"trading-raw-dev-{site.account}", Key=broken, Body=b"no gzip at all")
    trading.post_batch(client, json.dumps({"records": [_trade("BEHIND", "1", "1.00")]}).encode())
    trading.wait_for_bars(client, "BEHIND", START, 1)
    assert eventually(lambda: [key for key in keys(site, "raw", "quarantine/") if "broken" in key])


@pytest.mark.requirement("T-DATA-2")
def test_replay_brings_quarantine_and_dead_letters_back_for_processing(
    site: Site, client: trading.TradingClient
) -> None:
    """The broken object of the test before is repaired, a line stays bad, and a dead letter names a valid object."""
    sqs, bucket = site.client("sqs"), f"trading-raw-dev-{site.account}"
    folder = "market-data/date=2026-01-05/hour=14"
    _store(site, f"{folder}/mixed.ndjson.gz", json.dumps(_stored("MIXED", "1")), '{"type": "rumour"}')
    eventually(lambda: keys(site, "raw", "quarantine/records/"))
    dead = sqs.get_queue_url(QueueName="trading-object-dead-letters-dev")["QueueUrl"]
    letter = {"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": f"{folder}/mixed.ndjson.gz"}}}]}
    sqs.send_message(QueueUrl=dead, MessageBody=json.dumps(letter))
    assert site.deploy("replay", "--json") == 2, "it asks for a confirmation first"
    _store(site, f"{folder}/broken.ndjson.gz", json.dumps(_stored("REPAIRED", "1")))
    assert site.deploy("replay", "--yes", "--json") == 0, site.output
    replayed = json.loads(site.stdout)["replayed"]
    assert replayed == {"objects": 1, "records": 1, "dead_letters": 1, "left": []}
    trading.wait_for_bars(client, "REPAIRED", START, 1)
    assert not keys(site, "raw", "quarantine/objects/")
    (key,) = eventually(lambda: keys(site, "raw", "quarantine/records/"))
    assert "/mixed-replay-" in key, "still a rumour, so it is rejected again and kept"


@pytest.mark.requirement("T-DATA-2", "A-6")
def test_a_failed_message_comes_again_long_before_the_queue_would_show_it(
    site: Site, client: trading.TradingClient
) -> None:
    """The queue hides a message for half an hour; the function shortens this to seconds, with its own rights."""
    sqs, logs = site.client("sqs"), site.client("logs")
    url = sqs.get_queue_url(QueueName="trading-objects-dev")["QueueUrl"]
    key = "market-data/date=2026-01-05/hour=14/announced.ndjson.gz"
    event = {"Records": [{"s3": {"bucket": {"name": f"trading-raw-dev-{site.account}"}, "object": {"key": key}}}]}
    message = sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))["MessageId"]

    def failures() -> list[dict[str, Any]]:
        events = logs.filter_log_events(
            logGroupName="/aws/lambda/trading-process-dev", filterPattern='"message failed"'
        )["events"]
        return [entry for entry in events if message in entry["message"]]

    eventually(lambda: len(failures()) >= 2, seconds=60)
    _store(site, key, json.dumps(_stored("ANNOUNCED", "1")))
    trading.wait_for_bars(client, "ANNOUNCED", START, 1)

    def waiting() -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))

    eventually(lambda: waiting() == 0, seconds=60)


def _store(site: Site, key: str, *lines: str) -> None:
    body = gzip.compress("".join(line + "\n" for line in lines).encode())
    site.client("s3").put_object(Bucket=f"trading-raw-dev-{site.account}", Key=key, Body=body)


def _stored(symbol: str, trade_id: str) -> dict[str, object]:
    """A trade in the form in which ingest stores it."""
    ts = int(START.timestamp()) * 1_000_000_000
    return {
        "type": "trade",
        "trade_id": trade_id,
        "symbol": symbol,
        "price": "4",
        "size": "1",
        "ts": ts,
        "side": "",
        "venue": "",
    }


@pytest.mark.requirement("T-DATA-1")
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 400), (b'{"records": []}', 400), (b'{"records": "x"}', 400)],
)
def test_a_body_that_is_no_batch_is_rejected_with_a_message(
    client: trading.TradingClient, body: bytes, status: int
) -> None:
    answer = client.call("POST", "/v1/market-data", body=body)
    assert answer.status == status
    assert "array records" in answer.json()["error"]["message"]


@pytest.mark.requirement("T-DATA-1")
def test_the_validators_own_words_are_there_as_plain_text(client: trading.TradingClient) -> None:
    answer = client.call("POST", "/v1/market-data", body=b'{"records": "x"}', headers={"accept": "text/plain"})
    assert answer.status == 400
    assert answer.body.decode() == (
        '[/records: instance type (string) does not match any allowed primitive type (allowed: ["array"])]'
    )


@pytest.mark.requirement("T-DATA-1")
def test_gzip_and_ndjson_are_accepted(client: trading.TradingClient) -> None:
    lines = "".join(json.dumps(_trade("ZIPPED", str(n), "2.00", second=n)) + "\n" for n in range(3))
    answer = client.call(
        "POST",
        "/v1/market-data",
        body=gzip.compress(lines.encode()),
        headers={"content-type": "application/x-ndjson", "content-encoding": "gzip"},
    )
    assert (answer.status, answer.json().get("accepted")) == (202, 3)


@pytest.mark.requirement("T-DATA-4")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/bars/NOBODY?from=2026-01-05T14:30:00Z&to=2026-01-05T15:00:00Z", 404),
        ("/v1/bars/ACME?from=2026-01-05T15:00:00Z&to=2026-01-05T14:00:00Z", 400),
        ("/v1/bars/ACME?from=yesterday&to=today", 400),
        ("/v1/bars/ACME?from=2026-01-05T14:30:00Z&to=2026-01-05T15:00:00Z&interval=2m", 400),
    ],
)
def test_an_unknown_symbol_or_a_bad_range_is_a_clear_answer(
    client: trading.TradingClient, path: str, status: int
) -> None:
    answer = client.call("GET", path)
    assert answer.status == status
    assert answer.json()["error"]["message"]


@pytest.mark.requirement("T-DATA-4")
def test_pages_join_to_the_whole(client: trading.TradingClient) -> None:
    whole = trading.wait_for_bars(client, "ACME", START, MINUTES)
    base = "/v1/bars/ACME?from=2026-01-05T14:30:00Z&to=2026-01-05T15:00:00Z&limit=10"
    bars, cursor = [], ""
    while True:
        page = client.call("GET", base + cursor).json()
        bars += page["bars"]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert bars == whole


@pytest.mark.requirement("T-DATA-5", "T-DDB-1")
def test_sessions_are_opened_read_and_ended_and_their_tokens_are_not_stored(
    site: Site, client: trading.TradingClient
) -> None:
    session = trading.open_and_end_session(client)
    kept = client.call("POST", "/v1/sessions", body={}).json()
    item = site.client("dynamodb").get_item(TableName="user-sessions-dev", Key={"sessionId": {"S": kept["sessionId"]}})[
        "Item"
    ]
    assert kept["token"] not in json.dumps(item)
    assert "expiresAt" in item
    assert session["sessionId"] != kept["sessionId"]


@pytest.mark.requirement("T-DATA-5", "T-API-2")
def test_a_key_without_entitlement_gets_403(site: Site, client: trading.TradingClient) -> None:
    gateway = site.client("apigateway")
    (plan,) = gateway.get_usage_plans()["items"]
    key = gateway.create_api_key(name="stranger", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    stranger = trading.TradingClient(client.cloud, client.outputs, client.credentials, key["value"])
    answer = stranger.call("GET", "/v1/bars/ACME?from=2026-01-05T14:30:00Z&to=2026-01-05T15:00:00Z")
    gateway.delete_api_key(apiKey=key["id"])
    assert answer.status == 403
    assert answer.json()["error"]["code"] != "INVALID_API_KEY", "the function rejects the request, not API Gateway"


@pytest.mark.requirement("T-API-1")
def test_signature_and_key_are_required_but_health_is_open(client: trading.TradingClient) -> None:
    assert {name: answer.status for name, answer in trading.rejections(client).items()} == {
        "no signature": 403,
        "no API key": 403,
        "a path that is not granted": 403,
    }
    health = client.unsigned("GET", "/health")
    assert (health.status, health.json()["status"]) == (200, "ok")


@pytest.mark.requirement("T-OBS-1")
def test_an_error_in_a_log_reaches_the_alert_topic(site: Site, client: trading.TradingClient) -> None:
    sqs, sns, logs = site.client("sqs"), site.client("sns"), site.client("logs")
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = client.outputs["AlertTopicArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    group = "/aws/lambda/trading-query-dev"
    logs.create_log_stream(logGroupName=group, logStreamName="test")
    record = {"level": "ERROR", "message": "the reader does not answer", "service": "query"}
    logs.put_log_events(
        logGroupName=group,
        logStreamName="test",
        logEvents=[{"timestamp": int(time.time() * 1000), "message": json.dumps(record)}],
    )
    messages = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    assert "the reader does not answer" in messages[0]["Body"]
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


def analyst_session(site: Site, client: trading.TradingClient) -> Mapping[str, str]:
    """Credentials of the analysts' role, for the first of its analysts."""
    listed = stack_parameters(site.cloud, "trading-dev")[trading.ANALYSTS]
    return principals.assume(site.cloud, client.outputs["AnalystRoleArn"], principals.listed(listed)[0])


@pytest.mark.requirement("A-6", "T-DB-3")
def test_only_the_listed_principals_assume_the_roles_of_analysts_and_clients(
    site: Site, client: trading.TradingClient, story: Story
) -> None:
    """Regression: every principal of the account could assume both roles."""
    analyst, caller = (
        principals.listed(stack_parameters(site.cloud, "trading-dev")[name])[0]
        for name in (trading.ANALYSTS, trading.CLIENTS)
    )
    stranger = f"arn:aws:iam::{site.account}:role/stranger"
    principals.create_role(site.cloud, stranger)
    story.outliving.setdefault("iam._roles", []).append("stranger")
    for role, outsiders in (("AnalystRoleArn", (stranger, caller)), ("ApiClientRoleArn", (stranger, analyst))):
        for outsider in outsiders:
            with pytest.raises(ClientError, match="AccessDenied"):
                principals.assume(site.cloud, client.outputs[role], outsider)


@pytest.mark.requirement("T-DATA-4", "A-6")
def test_analysts_query_the_lake_within_its_bounds_and_read_nothing_else(
    site: Site, client: trading.TradingClient
) -> None:
    assumed = analyst_session(site, client)
    athena, glue, s3 = (site.cloud.client(service, assumed) for service in ("athena", "glue", "s3"))
    database, group = client.outputs["LakeDatabaseName"], client.outputs["LakeWorkGroupName"]
    assert (database, group) == ("trading_lake_dev", "trading-lake-dev")
    tables = {table["Name"]: table for table in glue.get_tables(DatabaseName=database)["TableList"]}
    assert set(tables) == {"bars", "trades", "quotes", "raw", "trades_distinct", "quotes_distinct"}
    processed = f"trading-processed-dev-{site.account}"
    for name in ("bars", "trades", "quotes"):
        location = tables[name]["Parameters"]["storage.location.template"].replace("${date}", "2026-01-05")
        assert s3.list_objects_v2(Bucket=processed, Prefix=location.removeprefix(f"s3://{processed}/"))["KeyCount"] > 0
    configuration = athena.get_work_group(WorkGroup=group)["WorkGroup"]["Configuration"]
    assert str(configuration["EnforceWorkGroupConfiguration"]).lower() == "true"
    assert int(configuration["BytesScannedCutoffPerQuery"]) == 1_000_000_000
    assert configuration["ResultConfiguration"]["OutputLocation"] == f"s3://{processed}/query-results/"
    started = athena.start_query_execution(
        QueryString="SELECT count(*) FROM bars WHERE date = '2026-01-05'",
        QueryExecutionContext={"Database": database},
        WorkGroup=group,
    )
    # The emulator finds no workgroup for the id of an execution, so only root may read it here.
    root, execution = site.client("athena"), {"QueryExecutionId": started["QueryExecutionId"]}
    query = eventually(lambda: _ended(root.get_query_execution(**execution)["QueryExecution"]))
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    assert query["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{processed}/query-results/")
    _, answer = root.get_query_results(**execution)["ResultSet"]["Rows"]
    assert int(answer["Data"][0]["VarCharValue"]) >= len(trading.wait_for_bars(client, "ACME", START, MINUTES))
    for bucket, key in ((processed, "elsewhere"), (f"trading-raw-dev-{site.account}", "quarantine/objects/x")):
        with pytest.raises(ClientError, match=r"AccessDenied|Forbidden|403"):
            s3.get_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        athena.start_query_execution(QueryString="SELECT 1", WorkGroup="primary")


def _ended(execution: dict[str, Any]) -> dict[str, Any] | None:
    return execution if execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED") else None


@pytest.mark.requirement("T-DB-3")
def test_analysts_read_the_database_and_write_nothing(site: Site, client: trading.TradingClient) -> None:

    assumed = analyst_session(site, client)
    host, port = client.outputs["DatabaseEndpoint"], int(client.outputs["DatabasePort"])
    rds = site.cloud.client("rds", assumed)
    token = rds.generate_db_auth_token(DBHostname=host, Port=port, DBUsername="trading_analyst")
    with psycopg.connect(host=host, port=port, dbname="trading", user="trading_analyst", password=token) as connection:
        # The user's transactions are read-only by default; the grants must hold without this default.
        connection.execute("SET TRANSACTION READ WRITE")
        ((schema, table), *_) = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert connection.execute(f'SELECT count(*) FROM "{schema}"."{table}"').fetchone() is not None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f'DELETE FROM "{schema}"."{table}"')


# --- Changed ---------------------------------------------------------------------------------------------------------
@pytest.mark.act("the first change")
def test_a_parameter_and_a_resource_change_are_reviewed_and_executed(site: Site, client: trading.TradingClient) -> None:
    site.edit_parameters(LogRetentionDays="60")
    site.edit_template("functions", "MemorySize: 1024", "MemorySize: 1536")
    assert site.deploy("plan", "--wheels", "host") == 0
    assert site.deploy("review") == 0
    review = site.stdout
    assert "LogRetentionDays" in review
    assert "QueryFunction" in review
    assert "IngestFunction" not in review, "the review omits what does not change"
    assert site.deploy("execute", "--yes") == 0
    assert {g["retentionInDays"] for g in site.client("logs").describe_log_groups()["logGroups"]} == {60}
    function = site.client("lambda").get_function_configuration(FunctionName="trading-query-dev")
    assert function["MemorySize"] == 1536
    assert trading.wait_for_bars(client, "ACME", START, MINUTES)


@pytest.mark.requirement("T-FN-2", "T-DB-3", "T-DB-4")
def test_the_migration_runs_again_and_logs_in_by_token_if_the_master_may_use_no_password(site: Site) -> None:
    """RDS may count the master among the users of rds_iam after the first deployment; here a grant makes that sure."""
    with master(site.cloud, "trading-aurora-dev") as connection:
        connection.execute("GRANT rds_iam TO trading_admin")
    with pytest.raises(psycopg.OperationalError, match="PAM authentication failed"):
        master(site.cloud, "trading-aurora-dev")
    assert _logins(site) == ["password"]
    site.edit_parameters(MigrationRun="2")
    assert site.change() == 0, site.output
    assert _logins(site) == ["password", "IAM token"]
    assert site.deploy("outputs") == 0
    assert "off: reboot the writer and the reader" in site.stdout, "the PostgreSQL of the embedded AWS has no pgAudit"


def _logins(site: Site) -> list[str]:
    """How each run of the migration logged in."""
    events = site.client("logs").filter_log_events(logGroupName="/aws/lambda/trading-migrate-dev")["events"]
    lines = [json.loads(event["message"]) for event in events if event["message"].startswith("{")]
    return [line["login"] for line in lines if "login" in line]


def test_an_outdated_plan_is_rejected(site: Site) -> None:
    """Another change between approval and execution: the deployer executes nothing that the review did not explain."""
    first = str(site.root / "first.plan.json")
    site.edit_parameters(LogRetentionDays="90")
    assert site.deploy("plan", "--wheels", "host", "--out", first) == 0
    assert site.deploy("approve", "--yes", "--plan", first) == 0
    site.edit_parameters(LogRetentionDays="60", LogLevel="DEBUG")
    assert site.change() == 0, site.output
    assert site.deploy("execute", "--plan", first) == 3
    assert {g["retentionInDays"] for g in site.client("logs").describe_log_groups()["logGroups"]} == {60}


@pytest.mark.act("the rollback")
def test_a_bad_template_rolls_back_and_says_why(site: Site, client: trading.TradingClient) -> None:
    """The emulator accepts bad templates, as CloudFormation accepts one whose fault shows only at the resource."""
    site.edit_template("storage", "      BucketName: !Ref ArchiveBucket\n", "      Bucket: !Ref ArchiveBucket\n")
    assert site.change() == 1
    assert "EmptyArchiveBucket" in site.output
    assert "BucketName" in site.output
    assert "ROLLBACK_COMPLETE" in site.output
    site.restore_templates()
    assert trading.wait_for_bars(client, "ACME", START, MINUTES), "the platform works as before"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"EnvironmentSuffix": "Not_Allowed"}, "EnvironmentSuffix"),
        ({"NatGatewayPerZone": "perhaps"}, "NatGatewayPerZone"),
        ({"BackupRetentionDays": "99"}, "BackupRetentionDays"),
        ({"NoSuchParameter": "1"}, "NoSuchParameter"),
    ],
)
def test_a_bad_parameter_file_is_rejected_before_any_call(site: Site, values: dict[str, str], name: str) -> None:
    with site.restored("params", "trading", "dev.json"):
        site.edit_parameters(**values)
        assert site.deploy("plan", "--wheels", "host") == 2
    assert name in site.stderr


@pytest.mark.act("the second suffix")
@pytest.mark.requirement("A-1", "A-8")
def test_a_second_suffix_lives_beside_the_first(site: Site) -> None:
    content = json.loads((site.root / "params" / "trading" / "dev.json").read_text())
    content["Parameters"].update(
        EnvironmentSuffix="pr-1",
        ManageApiGatewayAccount="false",
        ManageConfigRecorder="false",
        NatGatewayPerZone="true",
    )
    (site.root / "params" / "trading" / "pr.json").write_text(json.dumps(content))
    rows = json.loads((site.root / "params" / "trading" / "deployment.json").read_text())
    rows["pr"] = {"StackName": "trading-pr-1", "Region": "us-east-1", "TerminationProtection": False}
    (site.root / "params" / "trading" / "deployment.json").write_text(json.dumps(rows))
    assert site.change("pr") == 0, site.output
    (vpc,) = site.resources("trading-pr-1", "AWS::EC2::VPC")
    gateways = site.client("ec2").describe_nat_gateways(
        Filters=[{"Name": "vpc-id", "Values": [vpc["PhysicalResourceId"]]}]
    )["NatGateways"]
    assert len([g for g in gateways if g["State"] != "deleted"]) == 3
    assert not site.resources("trading-pr-1", "AWS::Config::ConfigurationRecorder", "AWS::ApiGateway::Account")
    second = trading.TradingClient.of(site.cloud, "trading-pr-1")
    trading.post_batch(second, json.dumps({"records": [_trade("ACME", "1", "77.00")]}).encode())
    (bar,) = trading.wait_for_bars(second, "ACME", START, 1)
    assert float(bar["close"]) == 77.0, "its own data"
    assert site.deploy("destroy", "--yes", environment="pr") == 0


# --- Destroyed -------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-2", "A-5")
def test_no_log_group_exists_that_is_not_in_a_template(site: Site) -> None:
    of_templates = {resource["PhysicalResourceId"] for resource in site.resources("trading-dev", "AWS::Logs::LogGroup")}
    existing = {group["logGroupName"] for group in site.client("logs").describe_log_groups()["logGroups"]}
    assert existing == of_templates


@pytest.mark.requirement("A-2")
def test_destroy_leaves_nothing(site: Site, story: Story) -> None:
    """At its start the buckets have versions, delete markers and an incomplete upload."""
    s3, bucket = site.client("s3"), f"trading-raw-dev-{site.account}"
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="notes/versioned", Body=io.BytesIO(b"x"))
    s3.delete_object(Bucket=bucket, Key="notes/versioned")
    s3.create_multipart_upload(Bucket=bucket, Key="notes/half")
    assert site.deploy("destroy", "--yes") == 0, site.output
    assert "nothing is left" in site.output
    assert site.leftovers(story.outliving) == {}
