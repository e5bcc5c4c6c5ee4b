"""Instances behind a load balancer behind a distribution: they run, are replaced, and end."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import ssl
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.clients.edge import visit
from local.cloud import EmbeddedCloud
from local.host.certificates import ensure_certificates
from local.web.launch_template import LaunchTemplate, exports_of
from local.web.signals import seconds_of
from local.web.target_health import Health, TargetHealth
from tests.local.support.stacks import Outcome, change, delete
from tests.local.support.standin import SITE
from tests.local.support.waiting import eventually
from tests.local.support.web_site import ACCOUNT, deploy, edge, empty, group, health, put

pytestmark = [pytest.mark.emulator, pytest.mark.requirement("X-WEB-1", "X-ALB-1", "X-CDN-1")]


@pytest.fixture(scope="module")
def before(cloud: EmbeddedCloud) -> dict[str, list[str]]:
    cloud.client("s3").create_bucket(Bucket="web-artifacts")
    return cloud.leftovers()


@pytest.fixture(scope="module")
def site(cloud: EmbeddedCloud, before: dict[str, list[str]]) -> Iterator[Outcome]:
    outcome = deploy(cloud, "one")
    assert outcome.status == "CREATE_COMPLETE", outcome.failures
    yield outcome
    empty(cloud)
    assert delete(cloud, "site").status == "DELETE_COMPLETE"
    assert cloud.leftovers() == before


def test_a_request_passes_distribution_and_load_balancer_to_an_instance(cloud: EmbeddedCloud, site: Outcome) -> None:
    answer = edge(cloud, site, "/pay?a=1", "POST", body=b"hello", headers={"X-Origin-Verify": "forged"})
    assert answer.status == 200
    request = answer.json()
    assert (request["version"], request["path"], request["body"]) == ("one", "/pay?a=1", "hello")
    (secret,) = [
        json.loads(cloud.client("secretsmanager").get_secret_value(SecretId="origin-one-dev")["SecretString"])["value"]
    ]
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert headers["x-origin-verify"] == secret
    assert headers["host"] == site.outputs["Dns"]
    assert "site-packages" not in str(request["path_entries"]), "an instance has only what its artifact brings"


def test_the_distribution_adds_the_security_headers(cloud: EmbeddedCloud, site: Outcome) -> None:
    headers = edge(cloud, site, "/health").headers
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    assert headers["x-frame-options"] == "DENY"


def test_plain_http_is_redirected(cloud: EmbeddedCloud, site: Outcome) -> None:
    answer = visit(cloud, "GET", f"http://{site.outputs['Domain']}/x?y=1")
    assert (answer.status, answer.headers["location"]) == (301, f"https://{site.outputs['Domain']}/x?y=1")


def test_requests_past_the_distribution_are_rejected(cloud: EmbeddedCloud, site: Outcome) -> None:
    url = f"http://{site.outputs['Dns']}/health"
    assert visit(cloud, "GET", url).status == 403
    assert visit(cloud, "GET", url, headers={"X-Origin-Verify": "guess"}).status == 403
    secret = cloud.client("secretsmanager").get_secret_value(SecretId="origin-two-dev")["SecretString"]
    assert visit(cloud, "GET", url, headers={"X-Origin-Verify": json.loads(secret)["value"]}).status == 200


def test_static_files_come_from_the_bucket_for_the_distribution_only(cloud: EmbeddedCloud, site: Outcome) -> None:
    s3, bucket = cloud.client("s3"), f"web-static-dev-{ACCOUNT}"
    s3.put_object(Bucket=bucket, Key="static/a.css", Body=b"a{}", ContentType="text/css")
    answer = edge(cloud, site, "/static/a.css")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"a{}", "text/css")
    assert edge(cloud, site, "/static/none.css").status == 403
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.put_bucket_policy(Bucket=bucket, Policy=policy.replace(":distribution/", ":distribution/X"))
    assert edge(cloud, site, "/static/a.css").status == 403
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def test_an_unknown_host_is_not_found(cloud: EmbeddedCloud, site: Outcome) -> None:
    assert visit(cloud, "GET", "https://dnothere.cloudfront.net/").status == 404
    assert visit(cloud, "GET", "http://no.us-east-1.elb.amazonaws.com/").status == 404


def test_the_group_shows_its_instances_and_targets_are_checked(cloud: EmbeddedCloud, site: Outcome) -> None:
    described = group(cloud)
    assert described["DesiredCapacity"] == 3
    ids = {entry["InstanceId"] for entry in described["Instances"]}
    assert len(ids) == 2, "at most two run here"
    assert {entry["LifecycleState"] for entry in described["Instances"]} == {"InService"}
    assert {entry["AvailabilityZone"] for entry in described["Instances"]} == {"us-east-1a", "us-east-1b"}
    assert eventually(lambda: health(cloud) == dict.fromkeys(ids, "healthy"))
    reservations = cloud.client("ec2").describe_instances(InstanceIds=sorted(ids))["Reservations"]
    (instance, *_) = reservations[0]["Instances"]
    assert instance["InstanceType"] == "t3.large"
    assert instance["IamInstanceProfile"]["Arn"].endswith("/web-dev")


def test_the_load_balancer_writes_its_access_log(cloud: EmbeddedCloud, site: Outcome) -> None:
    s3, bucket = cloud.client("s3"), f"web-logs-dev-{ACCOUNT}"
    edge(cloud, site, "/logged", headers={"User-Agent": 'a "quoted" agent'})
    prefix = f"balancer/AWSLogs/{ACCOUNT}/elasticloadbalancing/us-east-1/"

    def line() -> str:
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            text = gzip.decompress(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()).decode()
            for entry_line in text.splitlines():
                if "/logged" in entry_line:
                    return entry_line
        return ""

    fields = eventually(line).split(" ")
    assert fields[0] == "http"
    assert fields[2] == site.outputs["Full"]
    assert fields[4].startswith("i-")
    assert (fields[8], fields[9]) == ("200", "200")
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert f"balancer/AWSLogs/{ACCOUNT}/ELBAccessLogTestFile" in keys


def test_a_bucket_that_the_service_may_not_write_to_is_rejected(
    cloud: EmbeddedCloud, before: dict[str, list[str]]
) -> None:
    template = SITE.replace("logdelivery.elasticloadbalancing", "delivery.logs").replace("${Suffix}", "${Suffix}x")
    outcome = change(cloud, "rejected", template, {"ArtifactBucket": "web-artifacts", "ArtifactKey": put(cloud, "one")})
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert "Balancer CREATE_FAILED: Access Denied for bucket: web-logs-devx" in str(outcome.failures)
    delete(cloud, "rejected")


def test_the_log_of_the_service_reaches_its_log_group(cloud: EmbeddedCloud, site: Outcome) -> None:
    edge(cloud, site, "/logged")
    logs = cloud.client("logs")

    def is_logged() -> bool:
        events = logs.filter_log_events(logGroupName="/web/dev")["events"]
        return any("/logged" in event["message"] and event["logStreamName"].endswith("/standin") for event in events)

    assert eventually(is_logged)


def test_a_new_version_replaces_every_instance_without_a_failed_request(cloud: EmbeddedCloud, site: Outcome) -> None:
    first = {entry["InstanceId"] for entry in group(cloud)["Instances"]}
    outcome = deploy(cloud, "two")
    assert outcome.status == "UPDATE_COMPLETE", outcome.failures
    assert {edge(cloud, site, "/health").json()["version"] for _ in range(6)} == {"two"}
    second = {entry["InstanceId"] for entry in group(cloud)["Instances"]}
    assert not first & second
    assert set(health(cloud)) == second
    states = {
        instance["State"]["Name"]
        for reservation in cloud.client("ec2").describe_instances(InstanceIds=sorted(first))["Reservations"]
        for instance in reservation["Instances"]
    }
    assert states == {"terminated"}


def test_a_version_that_never_becomes_healthy_rolls_back(cloud: EmbeddedCloud, site: Outcome) -> None:
    deploy(cloud, "good")
    kept = {entry["InstanceId"] for entry in group(cloud)["Instances"]}
    outcome = deploy(cloud, "bad", broken=True)
    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "WebGroup UPDATE_FAILED: Received 1 FAILURE signal(s) out of 1" in str(outcome.failures)
    assert {entry["InstanceId"] for entry in group(cloud)["Instances"]} == kept
    assert edge(cloud, site, "/health").json()["version"] == "good"
    events = cloud.client("logs").filter_log_events(logGroupName="/web/dev")["events"]
    assert any("boot failed" in event["message"] for event in events), "the instance logs why"


def test_a_rolling_update_needs_room_below_the_greatest_size(cloud: EmbeddedCloud, site: Outcome) -> None:
    template = SITE.replace("MinInstancesInService: 2", "MinInstancesInService: 6")
    parameters = {"ArtifactBucket": "web-artifacts", "ArtifactKey": put(cloud, "no room")}
    outcome = change(cloud, "site", template, parameters)
    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "MinInstancesInService must be less than the autoscaling group's MaxSize" in str(outcome.failures)
    assert edge(cloud, site, "/health").json()["version"] != "no room"


def test_an_instance_that_ends_is_replaced(cloud: EmbeddedCloud, site: Outcome) -> None:
    before_it = {entry["InstanceId"] for entry in group(cloud)["Instances"]}
    os.kill(edge(cloud, site, "/health").json()["pid"], signal.SIGKILL)

    def replaced() -> bool:
        states = health(cloud)
        return len(set(states) - before_it) == 1 and list(states.values()) == ["healthy", "healthy"]

    eventually(replaced)
    assert edge(cloud, site, "/health").status == 200


def test_an_instance_refresh_replaces_every_instance(cloud: EmbeddedCloud, site: Outcome) -> None:
    autoscaling = cloud.client("autoscaling")
    before_it = {entry["InstanceId"] for entry in group(cloud)["Instances"]}
    started = autoscaling.start_instance_refresh(AutoScalingGroupName="web-dev")["InstanceRefreshId"]
    statuses = set()

    def ended() -> bool:
        assert edge(cloud, site, "/health").status == 200, "one at a time"
        (refresh,) = autoscaling.describe_instance_refreshes(
            AutoScalingGroupName="web-dev", InstanceRefreshIds=[started]
        )["InstanceRefreshes"]
        statuses.add(refresh["Status"])
        return bool(refresh["Status"] == "Successful" and refresh["PercentageComplete"] == 100)

    eventually(ended, 30)
    assert statuses == {"InProgress", "Successful"}
    assert not before_it & {entry["InstanceId"] for entry in group(cloud)["Instances"]}


def test_the_capacity_follows_the_group(cloud: EmbeddedCloud, site: Outcome) -> None:
    autoscaling = cloud.client("autoscaling")
    autoscaling.update_auto_scaling_group(AutoScalingGroupName="web-dev", MinSize=1)
    autoscaling.set_desired_capacity(AutoScalingGroupName="web-dev", DesiredCapacity=1)
    eventually(lambda: len(group(cloud)["Instances"]) == 1)
    assert edge(cloud, site, "/health").status == 200
    autoscaling.set_desired_capacity(AutoScalingGroupName="web-dev", DesiredCapacity=2)
    autoscaling.update_auto_scaling_group(AutoScalingGroupName="web-dev", MinSize=2)
    eventually(lambda: list(health(cloud).values()) == ["healthy", "healthy"])


def test_what_else_a_web_tier_declares_is_shown(cloud: EmbeddedCloud, site: Outcome) -> None:
    (action,) = cloud.client("autoscaling").describe_scheduled_actions()["ScheduledUpdateGroupActions"]
    assert action["TimeZone"] == "America/New_York"
    (policy,) = cloud.client("autoscaling").describe_policies()["ScalingPolicies"]
    assert policy["TargetTrackingConfiguration"]["TargetValue"] == 60
    logs = cloud.client("logs")
    (delivery,) = logs.describe_deliveries()["deliveries"]
    assert (delivery["id"], delivery["deliverySourceName"]) == (site.outputs["DeliveryId"], "edge-dev")
    assert delivery["s3DeliveryConfiguration"]["suffixPath"] == "/{yyyy}/{MM}/{dd}"
    assert site.outputs["LinkedRole"] == "AWSServiceRoleForAutoScaling_web-dev"
    assert group(cloud)["ServiceLinkedRoleARN"].endswith(site.outputs["LinkedRole"])
    assert site.outputs["Image"].startswith("ami-")
    (acl,) = cloud.client("wafv2").list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    assert acl["ARN"] == site.outputs["AclArn"]


def test_a_distribution_with_an_unknown_policy_is_rejected(cloud: EmbeddedCloud, before: dict[str, list[str]]) -> None:
    """The incident: one digit of a managed policy's id was wrong. The emulator accepted it, and no header came through."""
    wrong = "216adef6-4c7f-47e4-b989-5492eafa07d3"
    template = SITE.replace("OriginRequestPolicyId: !Ref Dynamic", f"OriginRequestPolicyId: {wrong}")
    # Without access logs: their test file would keep the rollback from deleting the bucket, as on AWS.
    template = template.replace('access_logs.s3.enabled, Value: "true"', 'access_logs.s3.enabled, Value: "false"')
    parameters = {"ArtifactBucket": "web-artifacts", "ArtifactKey": put(cloud, "one"), "Suffix": "wrong"}
    outcome = change(cloud, "wrong", template, parameters)
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert f"The specified origin request policy does not exist: {wrong}" in str(outcome.failures)
    delete(cloud, "wrong")


def test_constraints_of_an_ssm_parameter_hold_for_its_name(cloud: EmbeddedCloud) -> None:
    template = """
Parameters:
  Image:
    Type: AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>
    Default: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64
    AllowedPattern: ^/aws/service/ami-amazon-linux-latest/al2023-ami-[a-z0-9.-]+-x86_64$
Resources:
  Group: {Type: "AWS::Logs::LogGroup", Properties: {LogGroupName: images}}
Outputs:
  Image: {Value: !Ref Image}
"""
    outcome = change(cloud, "images", template)
    assert outcome.outputs["Image"].startswith("ami-")
    arm = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    client = cloud.client("cloudformation")
    with pytest.raises(client.exceptions.ClientError, match="Image"):
        change(cloud, "images", template, {"Image": arm})
    delete(cloud, "images")


def test_the_roots_rules_are_evaluated(cloud: EmbeddedCloud) -> None:
    template = SITE.replace('[!Ref "AWS::Region", us-east-1]', '[!Ref "AWS::Region", eu-west-1]')
    cloudformation = cloud.client("cloudformation")
    with pytest.raises(cloudformation.exceptions.ClientError, match="only in us-east-1"):
        change(cloud, "elsewhere", template, {"ArtifactBucket": "web-artifacts", "ArtifactKey": "x"})


def test_kept_state_brings_the_instances_back(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    with EmbeddedCloud(keep=keep) as first:
        first.client("s3").create_bucket(Bucket="web-artifacts")
        before = first.leftovers()
        site = deploy(first, "one")
        assert site.status == "CREATE_COMPLETE", site.failures
        gone = set(health(first))
    with EmbeddedCloud(keep=keep) as second:
        eventually(lambda: list(health(second).values()) == ["healthy", "healthy"], 30)
        assert not set(health(second)) & gone
        assert edge(second, site, "/health").json()["version"] == "one"
        empty(second)
        assert delete(second, "site").status == "DELETE_COMPLETE"
        assert second.leftovers() == before


def test_the_exports_of_user_data_are_taken_as_a_shell_would() -> None:
    text = "#!/bin/bash\nexport A='one two'\nexport B='it'\\''s'\nset -e\necho export C=3\n"
    assert exports_of(text) == {"A": "one two", "B": "it's"}
    launch_template = LaunchTemplate.of(
        "lt-1:2", {"UserData": base64.b64encode(text.encode()).decode(), "ImageId": "ami-1"}
    )
    assert (launch_template.exports["A"], launch_template.image, launch_template.profile) == ("one two", "ami-1", "")


def test_durations_are_those_of_cloudformation() -> None:
    assert [seconds_of(text) for text in ("PT5M", "PT1H30S", "PT45S")] == [300, 3630, 45]
    for wrong in ("5M", "PT", "P1D"):
        with pytest.raises(ValueError, match="no duration"):
            seconds_of(wrong)


def test_a_target_becomes_healthy_and_unhealthy_by_its_thresholds() -> None:
    state = Health().after(None, 3, 2)
    assert state.state == "healthy", "a new target needs one success"
    state = state.after("Target.Timeout", 3, 2)
    assert state.state == "healthy"
    assert state.after(None, 3, 2).streak == 0
    state = state.after("Target.Timeout", 3, 2)
    assert (state.state, state.reason) == ("unhealthy", "Target.Timeout")
    for expected in ("unhealthy", "unhealthy", "healthy"):
        state = state.after(None, 3, 2)
        assert state.state == expected


@pytest.mark.parametrize("protocol", ["HTTP", "HTTPS"])
def test_a_target_is_checked_by_the_protocol_of_its_group(protocol: str, tmp_path: Path) -> None:
    """The check does not verify certificates of targets, and does not fall back to the other protocol."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    if protocol == "HTTPS":
        certificates = ensure_certificates(tmp_path)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificates.certificate, certificates.key)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    checks = TargetHealth(lambda target, port: ("127.0.0.1", server.server_port))
    try:
        for asked in ("HTTP", "HTTPS"):
            checked = {"HealthCheckProtocol": asked, "HealthCheckPath": "/", "HealthCheckTimeoutSeconds": 5}
            failure = checks._failure({**checked, "Port": 1, "Matcher": {}}, {"Id": "i-1"})
            assert (failure is None) == (asked == protocol), failure
    finally:
        server.shutdown()
        server.server_close()
