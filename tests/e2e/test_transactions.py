"""The transactions platform is deployed, used, rotated, updated, broken and destroyed on the embedded AWS, also beside trading.

The tests build on each other.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from typing import Any

import pymysql
import pytest

from local.clients import trading, transactions
from local.clients.edge import visit
from local.clients.transactions import payment
from local.web.launch_template import exports_of
from tests.e2e.support.site import Site, eventually
from tests.e2e.support.story import Story

# The tests share one deployment. `--dist loadfile` gives them all, in their order, to one worker of pytest-xdist.
pytestmark = [
    pytest.mark.emulator,
    pytest.mark.database("MariaDB"),
]

PLATFORM = "transactions"
STACK = "transactions-dev"
GROUP = "transactions-web-dev"


@pytest.fixture
def client(site: Site) -> transactions.TransactionsClient:
    """A client of the deployed platform."""
    return transactions.TransactionsClient.of(site.cloud, STACK)


def secret(client: transactions.TransactionsClient, **which: str) -> dict[str, Any]:
    """The value of the application's secret."""
    value = client.cloud.client("secretsmanager").get_secret_value(
        SecretId=client.outputs["DatabaseSecretArn"], **which
    )
    return dict(json.loads(value["SecretString"]))


def connect(client: transactions.TransactionsClient, login: dict[str, Any], **options: Any) -> Any:
    """A connection to the database with the user and password of ``login`` and verified TLS."""
    verified: dict[str, Any] = {
        "ssl_ca": str(client.cloud.authority),
        "ssl_verify_cert": True,
        "ssl_verify_identity": True,
        **options,
    }
    return pymysql.connect(
        host=client.outputs["DatabaseEndpoint"],
        port=int(client.outputs["DatabasePort"]),
        user=login["username"],
        password=login["password"],
        database="payments",
        **verified,
    )


def query(client: transactions.TransactionsClient, statement: str) -> Any:
    """The rows of a statement, as the master user."""
    arn = secret(client)["masterarn"]
    login = json.loads(client.cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    with connect(client, login) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def instances(site: Site) -> dict[str, str]:
    """The key of the running artifact by instance of the group."""
    groups = site.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    (group,) = [entry for entry in groups if entry["AutoScalingGroupName"] == GROUP]
    running = {}
    for entry in group["Instances"]:
        template = entry["LaunchTemplate"]
        (version,) = site.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=[template["Version"]]
        )["LaunchTemplateVersions"]
        user_data = base64.b64decode(version["LaunchTemplateData"]["UserData"]).decode()
        running[entry["InstanceId"]] = exports_of(user_data)["ARTIFACT_KEY"]
    return running


# --- Deployed --------------------------------------------------------------------------------------------------------
@pytest.mark.act("the deployment")
@pytest.mark.requirement("X-WEB-1", "X-SEC-1", "A-1")
def test_the_platform_is_deployed_by_one_reviewed_change_set(site: Site, story: Story) -> None:
    assert site.deploy("bootstrap", "--yes") == 0
    story.outliving.update(site.cloud.leftovers())
    assert site.change() == 0, site.output
    assert "transactions-dev: CREATE_COMPLETE" in site.output
    assert "WebUrl" in site.output


def test_a_second_plan_says_no_changes_and_executing_it_is_no_error(site: Site) -> None:
    assert site.change() == 0
    assert site.deploy("plan", "--wheels", "host") == 0
    assert "No changes" in site.stdout


@pytest.mark.requirement("X-NET-1")
def test_the_network_has_its_subnets_and_a_nat_gateway_in_each_zone(
    site: Site, client: transactions.TransactionsClient
) -> None:
    ec2, vpc = site.client("ec2"), {"Name": "vpc-id", "Values": [client.outputs["VpcId"]]}
    subnets = ec2.describe_subnets(Filters=[vpc])["Subnets"]
    assert {subnet["CidrBlock"] for subnet in subnets} == {f"10.0.{third}.0/24" for third in (0, 1, 2, 10, 11, 12)}
    gateways = ec2.describe_nat_gateways(Filters=[vpc])["NatGateways"]
    places = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in subnets}
    assert len({places[gateway["SubnetId"]] for gateway in gateways}) == 3


@pytest.mark.requirement("X-DB-1")
def test_the_database_is_encrypted_in_two_zones_and_accepts_only_tls(
    site: Site, client: transactions.TransactionsClient
) -> None:
    rds = site.client("rds")
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier="transactions-aurora-dev")["DBClusters"]
    assert cluster["Engine"] == "aurora-mysql"
    assert (cluster["StorageEncrypted"], cluster["BackupRetentionPeriod"]) == (True, 7)
    members = [entry["DBInstanceIdentifier"] for entry in cluster["DBClusterMembers"]]
    described = [rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0] for name in members]
    assert [entry["DBInstanceClass"] for entry in described] == ["db.r6g.large"] * 2
    assert len({entry["AvailabilityZone"] for entry in described}) == 2
    with connect(client, secret(client)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        assert cursor.fetchone()[1]
    with pytest.raises(pymysql.err.OperationalError):
        connect(client, secret(client), ssl_ca=None, ssl_verify_cert=None, ssl_verify_identity=None, ssl_disabled=True)


@pytest.mark.requirement("X-SEC-1", "X-SEC-2")
def test_the_login_is_attached_rotated_at_once_and_has_only_the_services_rights(
    client: transactions.TransactionsClient,
) -> None:
    transactions.settled_version(client)
    value = secret(client)
    assert (value["engine"], value["dbname"], value["dbClusterIdentifier"]) == (
        "mysql",
        "payments",
        "transactions-aurora-dev",
    )
    assert value["username"] in ("payments", "payments_clone")
    assert value["masterarn"].split(":secret:")[1].startswith("rds!cluster-")
    with connect(client, value) as connection, connection.cursor() as cursor:
        for statement in ("DELETE FROM entries", "UPDATE transactions SET id = id", "CREATE TABLE other (id INT)"):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute(statement)


@pytest.mark.requirement("A-4", "X-S3-1")
def test_data_at_rest_is_encrypted_according_to_the_services(
    site: Site, client: transactions.TransactionsClient
) -> None:
    s3, logs = site.client("s3"), site.client("logs")
    algorithms = {
        name: s3.get_bucket_encryption(Bucket=client.outputs[name])["ServerSideEncryptionConfiguration"]["Rules"][0][
            "ApplyServerSideEncryptionByDefault"
        ]["SSEAlgorithm"]
        for name in ("StaticBucketName", "AccessLogBucketName")
    }
    assert algorithms == {"StaticBucketName": "aws:kms", "AccessLogBucketName": "AES256"}
    for name in algorithms:
        assert s3.get_bucket_versioning(Bucket=client.outputs[name])["Status"] == "Enabled"
    rules = s3.get_bucket_lifecycle_configuration(Bucket=client.outputs["AccessLogBucketName"])["Rules"]
    assert 90 in [rule.get("Expiration", {}).get("Days") for rule in rules]
    groups = [group for group in logs.describe_log_groups()["logGroups"] if "transactions" in group["logGroupName"]]
    assert len(groups) > 8
    assert all(group.get("kmsKeyId") and group["retentionInDays"] == 90 for group in groups)


# --- Used ------------------------------------------------------------------------------------------------------------
@pytest.mark.act("the first request")
@pytest.mark.requirement("X-CDN-1", "X-WEB-1", "X-ALB-1")
def test_health_comes_through_the_edge_with_security_headers(client: transactions.TransactionsClient) -> None:
    answer = client.call("GET", "/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "cloudfront" in answer.headers["via"]


@pytest.mark.requirement("X-CDN-1")
def test_plain_http_is_redirected(client: transactions.TransactionsClient) -> None:
    url = client.outputs["WebUrl"].replace("https://", "http://")
    answer = visit(client.cloud, "GET", f"{url}/health")
    assert (answer.status, answer.headers["location"]) == (301, client.outputs["WebUrl"] + "/health")


@pytest.mark.requirement("X-ALB-1")
def test_only_the_distribution_passes_the_load_balancer(client: transactions.TransactionsClient) -> None:
    assert client.direct("/health").status == 403
    assert client.direct("/health", {"X-Origin-Verify": "a guess"}).status == 403


@pytest.mark.requirement("X-WEB-1")
def test_a_payment_is_made_once_however_often_it_is_posted(client: transactions.TransactionsClient) -> None:
    transaction, repetition = transactions.pay_and_read(client)
    assert repetition.headers["idempotent-replayed"] == "true"
    assert transaction["amount"] == "10.50"
    key, answers = str(uuid.uuid4()), []

    def post() -> None:
        while True:  # 409: another request with the same key is under way
            answer = client.post(payment("3.00"), key)
            if answer.status != 409:
                answers.append(answer)
                return
            time.sleep(0.05)

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.requirement("X-WEB-1")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 10.5}, "invalid_request"),
        ({"amount": "1.005"}, "invalid_request"),
        ({"creditAccount": "acct-1001"}, "invalid_request"),
        ({"description": "card 4111 1111 1111 1111"}, "card_number_refused"),
    ],
)
def test_an_invalid_payment_is_rejected_with_its_reason(
    client: transactions.TransactionsClient, changes: dict[str, Any], code: str
) -> None:
    answer = client.post(payment(**changes), str(uuid.uuid4()))
    assert answer.status in (400, 422)
    assert answer.json()["error"]["code"] == code


def test_a_key_of_another_payment_is_rejected(client: transactions.TransactionsClient) -> None:
    key = str(uuid.uuid4())
    assert client.post(payment("1.00"), key).status == 201
    assert client.post(payment("2.00"), key).json()["error"]["code"] == "idempotency_key_reused"
    assert client.call("GET", f"/transactions/{uuid.uuid4()}").status == 404


@pytest.mark.requirement("X-CDN-1", "X-S3-1")
def test_static_files_come_from_the_bucket_for_this_distribution_only(
    site: Site, client: transactions.TransactionsClient
) -> None:
    answer = transactions.put_static(client, "site.css", b"a{}", "text/css")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"a{}", "text/css")
    assert answer.headers["x-content-type-options"] == "nosniff"
    bucket = client.outputs["StaticBucketName"]
    site.client("s3").put_object(Bucket=bucket, Key="private/notes", Body=b"x")
    assert client.call("GET", "/private/notes").status == 404, "the answer of the service, not of the bucket"
    assert client.call("GET", "/static/../private/notes").status in (403, 404)


# --- Rotated ---------------------------------------------------------------------------------------------------------
@pytest.mark.act("the first rotation")
@pytest.mark.requirement("X-SEC-1")
def test_a_rotation_fails_no_request_and_changes_user_and_password(client: transactions.TransactionsClient) -> None:
    before = secret(client)
    rotation = transactions.rotate(client)
    assert set(rotation.answers) == {201}
    assert rotation.answers[201] > 20
    assert {rotation.before, rotation.after} == {"payments", "payments_clone"}
    after = secret(client)
    assert after["password"] != before["password"]
    assert secret(client, VersionStage="AWSPREVIOUS") == before
    for login in (before, after):  # the previous login stays valid until the next rotation
        connect(client, login).close()


@pytest.mark.requirement("X-SEC-1")
def test_a_second_rotation_ends_the_first_password(client: transactions.TransactionsClient) -> None:
    first = secret(client, VersionStage="AWSPREVIOUS")
    transactions.rotate(client)
    assert secret(client)["username"] == first["username"]
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        connect(client, first)


def test_the_books_balance(client: transactions.TransactionsClient) -> None:
    assert query(client, "SELECT COUNT(*) FROM transactions")[0][0] > 20, "the rotations' own, at least"
    assert not query(client, "SELECT currency FROM entries GROUP BY currency HAVING SUM(signed_amount) <> 0")


# --- Watched ---------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("X-MON-1")
def test_the_services_log_reaches_its_log_group(site: Site, client: transactions.TransactionsClient) -> None:
    assert client.call("GET", "/transactions/nothing-of-the-kind").status == 404
    logs = site.client("logs")

    def service_has_logged() -> bool:
        events = logs.filter_log_events(logGroupName="/aws/ec2/transactions-payments-dev")["events"]
        return any(event["logStreamName"].endswith("/payments") for event in events)

    assert eventually(service_has_logged)


@pytest.mark.requirement("X-MON-1", "X-ALB-1")
def test_the_load_balancers_access_log_becomes_lines_of_a_log_group(
    site: Site, client: transactions.TransactionsClient
) -> None:
    path = f"/transactions/{uuid.uuid4()}"
    client.call("GET", f"{path}?account=acct-1001")
    logs = site.client("logs")

    def line() -> dict[str, Any] | None:
        events = logs.filter_log_events(logGroupName="/aws/elasticloadbalancing/transactions-balancer-dev")["events"]
        return next((json.loads(event["message"]) for event in events if path in event["message"]), None)

    fields = eventually(line, 60)
    assert (fields["method"], fields["path"], fields["elbStatus"], fields["targetStatus"]) == ("GET", path, 404, 404)
    assert "acct-1001" not in json.dumps(fields), "query strings may hold personal data"


@pytest.mark.requirement("X-CDN-1")
def test_the_edges_access_log_reaches_its_log_group_without_query_strings(
    site: Site, client: transactions.TransactionsClient
) -> None:
    path = f"/transactions/{uuid.uuid4()}"
    client.call("GET", f"{path}?account=acct-1001", headers={"User-Agent": "a test"})
    events = site.client("logs").filter_log_events(logGroupName="/aws/cloudfront/transactions-edge-dev")["events"]
    (line,) = [json.loads(event["message"]) for event in events if path in event["message"]]
    assert (line["cs-method"], line["cs-uri-stem"], line["sc-status"]) == ("GET", path, "404")
    assert line["cs(User-Agent)"] == "a test"
    assert "acct-1001" not in json.dumps(line)


@pytest.mark.requirement("X-MON-1")
def test_an_error_in_a_log_reaches_the_alert_topic(site: Site, client: transactions.TransactionsClient) -> None:
    sqs, sns, logs = site.client("sqs"), site.client("sns"), site.client("logs")
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscribed = sns.subscribe(
        TopicArn=client.outputs["AlertTopicArn"], Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
    )
    group, stream = "/aws/ec2/transactions-payments-dev", "test"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    record = {"level": "ERROR", "message": "the ledger does not answer", "service": "payments"}
    event = {"timestamp": int(time.time() * 1000), "message": json.dumps(record)}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
    messages = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    assert "the ledger does not answer" in messages[0]["Body"]
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


# --- Changed ---------------------------------------------------------------------------------------------------------
@pytest.mark.act("the new version")
@pytest.mark.requirement("X-WEB-1")
def test_a_new_version_replaces_the_instances_while_payments_go_on(
    site: Site, client: transactions.TransactionsClient
) -> None:
    before = instances(site)
    module = site.root / "web_src" / "payments" / "health.py"
    module.write_text(module.read_text() + "\n# another version\n")
    with transactions.Posting(client) as posting:
        assert site.change() == 0, site.output
    assert posting.failed is None
    assert posting.answers[201] > 5
    assert not set(before) & set(instances(site))


@pytest.mark.act("the rollback")
@pytest.mark.requirement("X-WEB-1")
def test_a_version_that_never_becomes_healthy_rolls_back(site: Site, client: transactions.TransactionsClient) -> None:
    before = instances(site)
    with site.restored("web_src", "payments", "wsgi.py") as module, transactions.Posting(client) as posting:
        module.write_text("raise RuntimeError('this version is broken')\n")
        assert site.change() == 1
    assert "FAILURE signal" in site.output
    assert "ROLLBACK_COMPLETE" in site.output
    assert posting.failed is None
    assert set(instances(site).values()) == set(before.values())
    assert site.change() == 0, site.output


@pytest.mark.act("the new origin header")
@pytest.mark.requirement("X-ALB-1")
def test_the_header_between_edge_and_load_balancer_is_replaced_without_a_rejected_request(
    site: Site, client: transactions.TransactionsClient
) -> None:
    site.edit_parameters(OriginHeaderTurn="2")
    with transactions.Posting(client) as posting:
        assert site.change() == 0, site.output
    assert posting.failed is None
    assert posting.answers[201] > 5


@pytest.mark.act("the certificate")
@pytest.mark.requirement("X-ALB-1", "X-CDN-1")
def test_with_a_certificate_the_http_listener_redirects_and_https_reaches_the_service(
    site: Site, client: transactions.TransactionsClient, story: Story
) -> None:
    arn = site.client("acm").request_certificate(DomainName="pay.example.com")["CertificateArn"]
    story.outliving.setdefault("acm._certificates", []).append(arn)
    site.edit_parameters(CertificateArn=arn, DomainName="pay.example.com")
    assert site.change() == 0, site.output
    balancer = client.outputs["LoadBalancerDnsName"]
    named = transactions.TransactionsClient.of(site.cloud, STACK)
    assert named.outputs["WebUrl"] == "https://pay.example.com"
    transactions.pay_and_read(named)
    plain = visit(site.cloud, "GET", f"http://{balancer}/health?a=1")
    assert (plain.status, plain.headers["location"]) == (301, f"https://{balancer}:443/health?a=1")
    assert visit(site.cloud, "GET", f"https://{balancer}:443/health").status == 403


def test_a_bad_parameter_is_rejected_before_any_call(site: Site) -> None:
    with site.restored("params", "transactions", "dev.json"):
        site.edit_parameters(WebCpuTarget="150")
        assert site.deploy("plan", "--wheels", "host") == 2
    assert "WebCpuTarget" in site.stderr


def test_missing_resources_of_the_account_are_reported_before_the_packaging(site: Site) -> None:
    unknown = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
    with site.restored("params", "transactions", "dev.json"):
        site.edit_parameters(CertificateArn=unknown, DomainName="pay.example.com", S3PrefixListId="pl-6da54004")
        assert site.deploy("plan", "--wheels", "host") == 1
    assert f"ACM has no {unknown} in us-east-1" in site.stderr
    assert "Set it to pl-63a5400a." in site.stderr


# --- Side by side ----------------------------------------------------------------------------------------------------
@pytest.mark.act("the deployment of trading")
@pytest.mark.requirement("A-1", "A-8")
def test_trading_lives_beside_this_platform_with_one_config_recorder(
    site: Site, client: transactions.TransactionsClient
) -> None:
    other = Site(site.root, site.cloud, site.read, "trading")
    assert other.deploy("bootstrap", "--yes") == 0
    assert other.change() == 0, other.output
    recorders = site.client("config").describe_configuration_recorders()["ConfigurationRecorders"]
    assert len(recorders) == 1
    assert trading.TradingClient.of(site.cloud, "trading-dev").unsigned("GET", "/health").status == 200
    transactions.pay_and_read(client)
    assert other.deploy("destroy", "--yes") == 0, other.output
    transactions.pay_and_read(client)


@pytest.mark.act("the second suffix")
@pytest.mark.matrix  # trading's second suffix, and trading beside this platform, are the sample
@pytest.mark.requirement("A-1", "A-8")
def test_a_second_suffix_lives_beside_the_first(site: Site) -> None:
    assert site.deploy("bootstrap", "--yes") == 0
    assert site.change() == 0, "changes something only where this test runs alone"
    client = transactions.TransactionsClient.of(site.cloud, STACK)
    folder = site.root / "params" / "transactions"
    content = json.loads((folder / "dev.json").read_text())
    content["Parameters"].update(
        EnvironmentSuffix="pr-1", ManageConfigRecorder="true", CertificateArn="", DomainName=""
    )
    (folder / "pr.json").write_text(json.dumps(content))
    rows = json.loads((folder / "deployment.json").read_text())
    rows["pr"] = {"StackName": "transactions-pr-1", "Region": "us-east-1", "TerminationProtection": False}
    (folder / "deployment.json").write_text(json.dumps(rows))
    assert site.change("pr") == 0, site.output
    second = transactions.TransactionsClient.of(site.cloud, "transactions-pr-1")
    transaction, _ = transactions.pay_and_read(second)
    assert client.call("GET", f"/transactions/{transaction['id']}").status == 404, "each has its own data"
    assert len(site.client("config").describe_configuration_recorders()["ConfigurationRecorders"]) == 1
    assert site.deploy("destroy", "--yes", environment="pr") == 0, site.output
    transactions.pay_and_read(client)


# --- Destroyed -------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-2", "A-5")
def test_no_log_group_exists_that_is_not_in_a_template(site: Site) -> None:
    of_templates = {resource["PhysicalResourceId"] for resource in site.resources(STACK, "AWS::Logs::LogGroup")}
    existing = {group["logGroupName"] for group in site.client("logs").describe_log_groups()["logGroups"]}
    assert existing == of_templates


@pytest.mark.requirement("A-2")
def test_destroy_leaves_nothing(site: Site, client: transactions.TransactionsClient, story: Story) -> None:
    """At its start the buckets have versions, delete markers and an incomplete upload."""
    s3, bucket = site.client("s3"), client.outputs["StaticBucketName"]
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="static/versioned", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="static/versioned")
    s3.create_multipart_upload(Bucket=bucket, Key="static/half")
    assert site.deploy("destroy", "--yes") == 0, site.output
    assert "nothing is left" in site.output
    assert site.leftovers(story.outliving) == {}
