"""Instances behind a load balancer behind a distribution."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.clients.answer import Answer
from local.clients.edge import visit
from local.cloud import EmbeddedCloud
from local.web import balancer_logs
from tests.local.conformance.support.aws import ACCOUNT, created, error_of, message_of, resources, unique
from tests.local.support.stacks import change, delete
from tests.local.support.standin import SITE, artifact
from tests.local.support.waiting import eventually

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

SUFFIX = "conform"
# As short as AWS allows, so that the tests need not wait.
QUICK_SITE = SITE.replace("HealthCheckIntervalSeconds: 10", "HealthCheckIntervalSeconds: 5").replace(
    "HealthCheckGracePeriod: 120", "HealthCheckGracePeriod: 5"
)


class Site:
    """The deployed site and a visitor."""

    def __init__(self, cloud: EmbeddedCloud, suffix: str = SUFFIX) -> None:
        self.cloud, self.stack, self.bucket, self.suffix = cloud, unique("site"), unique("site-code"), suffix
        self.outputs: dict[str, str] = {}
        self.failures: list[str] = []
        self.at_once = 0
        """What the site answered as soon as its creation had ended."""
        cloud.client("s3").create_bucket(Bucket=self.bucket)

    def deploy(self, version: str, template: str = QUICK_SITE, *, broken: bool = False) -> str:
        """Deploy a version of the service and give the stack's status."""
        key, content = artifact(version, broken=broken)
        self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=content)
        parameters = {"ArtifactBucket": self.bucket, "ArtifactKey": key, "Suffix": self.suffix}
        outcome = change(self.cloud, self.stack, template, parameters)
        self.outputs, self.failures = outcome.outputs, outcome.failures
        return outcome.status

    def edge(self, path: str, method: str = "GET", **more: Any) -> Answer:
        """Visit by way of the distribution."""
        return visit(self.cloud, method, f"https://{self.outputs['Domain']}{path}", **more)

    def balancer(self, path: str, **more: Any) -> Answer:
        """Visit the load balancer past the distribution, with its secret header."""
        answer = self.cloud.client("secretsmanager").get_secret_value(SecretId=f"origin-two-{SUFFIX}")
        headers = {"X-Origin-Verify": json.loads(answer["SecretString"])["value"], **more.pop("headers", {})}
        return visit(self.cloud, "GET", f"http://{self.outputs['Dns']}{path}", headers=headers, **more)

    def group(self) -> dict[str, Any]:
        api = self.cloud.client("autoscaling")
        (found,) = api.describe_auto_scaling_groups(AutoScalingGroupNames=[f"web-{SUFFIX}"])["AutoScalingGroups"]
        return dict(found)

    def instances(self) -> set[str]:
        return {entry["InstanceId"] for entry in self.group()["Instances"]}

    def target_group(self) -> str:
        return str(self.group()["TargetGroupARNs"][0])

    def health(self) -> dict[str, str]:
        api = self.cloud.client("elbv2")
        found = api.describe_target_health(TargetGroupArn=self.target_group())["TargetHealthDescriptions"]
        return {entry["Target"]["Id"]: entry["TargetHealth"]["State"] for entry in found}

    def is_settled(self) -> bool:
        return list(self.health().values()) == ["healthy", "healthy"]

    def settle(self) -> None:
        eventually(self.is_settled, 40)

    def destroy(self) -> None:
        time.sleep(1.5 * balancer_logs.INTERVAL_SECONDS)
        s3 = self.cloud.client("s3")
        for kind in ("logs", "static"):
            bucket = f"web-{kind}-{SUFFIX}-{ACCOUNT}"
            for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=entry["Key"])
        delete(self.cloud, self.stack)


@pytest.fixture(scope="module")
def running(cloud: EmbeddedCloud) -> Iterator[Site]:
    site = Site(cloud)
    assert site.deploy("one") == "CREATE_COMPLETE"
    site.at_once = site.edge("/health").status
    yield site
    site.destroy()


@pytest.fixture
def site(running: Site) -> Site:
    """The site with two healthy targets."""
    running.settle()
    return running


def headers_at_target(answer: Answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.json()["headers"].items()}


# -- CloudFront -------------------------------------------------------------------------------------------------------


def test_origin_gets_the_custom_header(cloud: EmbeddedCloud, site: Site) -> None:
    answer = site.edge("/", headers={"X-Origin-Verify": "forged"})
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=f"origin-one-{SUFFIX}")["SecretString"]
    assert headers_at_target(answer)["x-origin-verify"] == json.loads(secret)["value"]


def test_viewer_is_redirected_to_https(site: Site) -> None:
    answer = visit(site.cloud, "GET", f"http://{site.outputs['Domain']}/x?y=1")
    assert (answer.status, answer.headers["location"]) == (301, f"https://{site.outputs['Domain']}/x?y=1")


@pytest.fixture
def static(site: Site) -> Iterator[Callable[[str, bytes], None]]:
    """Puts a static object."""
    bucket, s3 = f"web-static-{SUFFIX}-{ACCOUNT}", site.cloud.client("s3")

    def put(key: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/css")

    yield put
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=entry["Key"])


def test_behaviour_is_chosen_by_path(site: Site, static: Callable[[str, bytes], None]) -> None:
    static("static/behaviour.css", b"a{}")
    assert site.edge("/static/behaviour.css").body == b"a{}"
    assert site.edge("/other").json()["path"] == "/other"


def test_viewer_host_is_not_forwarded(site: Site) -> None:
    assert headers_at_target(site.edge("/"))["host"] == site.outputs["Dns"]


def test_viewer_address_is_appended(site: Site) -> None:
    forwarded = headers_at_target(site.edge("/", headers={"X-Forwarded-For": "203.0.113.9"}))["x-forwarded-for"]
    assert [part.strip() for part in forwarded.split(",")][:2] == ["203.0.113.9", "127.0.0.1"]


def test_response_headers_policy_adds_headers(site: Site) -> None:
    headers = site.edge("/health").headers
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")


def test_static_object_is_cached(site: Site, static: Callable[[str, bytes], None]) -> None:
    static("static/cached.css", b"old")
    assert site.edge("/static/cached.css").body == b"old"
    static("static/cached.css", b"new")
    answer = site.edge("/static/cached.css")
    assert (answer.body, answer.headers.get("x-cache")) == (b"old", "Hit from cloudfront")


def test_access_control_signs_for_the_bucket(site: Site, static: Callable[[str, bytes], None]) -> None:
    static("static/signed.css", b"a{}")
    s3, bucket = site.cloud.client("s3"), f"web-static-{SUFFIX}-{ACCOUNT}"
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert site.edge("/static/signed.css").status == 200
    s3.put_bucket_policy(Bucket=bucket, Policy=policy.replace(":distribution/", ":distribution/X"))
    static("static/signed-too.css", b"a{}")
    status = site.edge("/static/signed-too.css").status
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert status == 403


def test_missing_permission_on_the_bucket_is_forbidden(site: Site) -> None:
    """Without s3:ListBucket a missing object is forbidden, not missing."""
    assert site.edge("/static/none.css").status == 403


def test_method_that_is_not_allowed_is_forbidden(site: Site) -> None:
    assert site.edge("/static/a.css", "POST", body=b"x").status == 403


def test_edge_log_delivery_is_declared(cloud: EmbeddedCloud, site: Site) -> None:
    logs = cloud.client("logs")
    (delivery,) = [
        entry for entry in logs.describe_deliveries()["deliveries"] if entry["deliverySourceName"] == f"edge-{SUFFIX}"
    ]
    assert delivery["s3DeliveryConfiguration"]["suffixPath"] == "/{yyyy}/{MM}/{dd}"
    source = logs.get_delivery_source(name=f"edge-{SUFFIX}")["deliverySource"]
    assert (source["logType"], source["service"]) == ("ACCESS_LOGS", "cloudfront")
    assert logs.get_delivery_destination(name=f"edge-{SUFFIX}")["deliveryDestination"]["outputFormat"] == "json"


# -- load balancing ---------------------------------------------------------------------------------------------------


def test_rule_matches_a_header(site: Site) -> None:
    url = f"http://{site.outputs['Dns']}/health"
    assert visit(site.cloud, "GET", url, headers={"X-Origin-Verify": "guess"}).status == 403
    assert site.balancer("/health").status == 200


def test_target_sees_the_client_in_x_forwarded_for(site: Site) -> None:
    headers = headers_at_target(site.balancer("/", headers={"X-Forwarded-For": "203.0.113.9"}))
    assert [part.strip() for part in headers["x-forwarded-for"].split(",")] == ["203.0.113.9", "127.0.0.1"]
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", "80")


def test_request_gets_a_trace_id(site: Site) -> None:
    assert headers_at_target(site.balancer("/"))["x-amzn-trace-id"].startswith("Root=1-")


def test_healthy_targets_get_the_requests(site: Site) -> None:
    assert set(site.health()) == site.instances()
    assert len({site.balancer("/").json()["pid"] for _ in range(6)}) == 2


def test_balancer_attributes_are_declared(cloud: EmbeddedCloud, site: Site) -> None:
    api = cloud.client("elbv2")
    (described,) = api.describe_load_balancers(Names=[f"web-alb-{SUFFIX}"])["LoadBalancers"]
    found = api.describe_load_balancer_attributes(LoadBalancerArn=described["LoadBalancerArn"])["Attributes"]
    attributes = {entry["Key"]: entry["Value"] for entry in found}
    assert attributes["access_logs.s3.enabled"] == "true"
    assert attributes["access_logs.s3.bucket"] == f"web-logs-{SUFFIX}-{ACCOUNT}"
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"


def test_access_log_reaches_the_bucket(cloud: EmbeddedCloud, site: Site) -> None:
    s3, bucket = cloud.client("s3"), f"web-logs-{SUFFIX}-{ACCOUNT}"
    site.edge("/logged")
    prefix = f"balancer/AWSLogs/{ACCOUNT}/elasticloadbalancing/us-east-1/"

    def lines() -> list[str]:
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
        texts = [gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).decode() for key in keys]
        return [line for text in texts for line in text.splitlines() if "/logged" in line]

    (line, *_) = eventually(lines)
    assert line.split(" ")[2] == site.outputs["Full"]


def test_target_group_attributes_are_declared(cloud: EmbeddedCloud, site: Site) -> None:
    api = cloud.client("elbv2")
    (described,) = api.describe_target_groups(TargetGroupArns=[site.target_group()])["TargetGroups"]
    assert (described["HealthCheckPath"], described["HealthCheckIntervalSeconds"]) == ("/health", 5)
    found = api.describe_target_group_attributes(TargetGroupArn=site.target_group())["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "30"} in found


# -- Auto Scaling -----------------------------------------------------------------------------------------------------


def test_group_starts_its_desired_capacity(cloud: EmbeddedCloud, site: Site) -> None:
    """The template asks for three."""
    assert len({entry["AvailabilityZone"] for entry in site.group()["Instances"]}) == 2
    assert len(site.instances()) == site.group()["DesiredCapacity"] == 3


def test_creation_policy_waits_for_signals(cloud: EmbeddedCloud, site: Site) -> None:
    """The instances signal when their service answers."""
    assert site.at_once == 200
    api = cloud.client("cloudformation")
    message = message_of(
        api.signal_resource, StackName=site.stack, LogicalResourceId="WebGroup", UniqueId="late", Status="SUCCESS"
    )
    assert "CREATE_COMPLETE" in message or "cannot be signaled" in message


def test_creation_policy_fails_without_signals(cloud: EmbeddedCloud) -> None:
    """Their test file would keep the access logs' bucket, so that there are none."""
    site = Site(cloud, "unsignal")
    template = QUICK_SITE.replace('access_logs.s3.enabled, Value: "true"', 'access_logs.s3.enabled, Value: "false"')
    try:
        assert site.deploy("bad", template, broken=True) == "ROLLBACK_COMPLETE"
        assert any(failure.startswith("WebGroup CREATE_FAILED") and "signal" in failure for failure in site.failures)
    finally:
        delete(cloud, site.stack)


def test_scheduled_action_is_declared(cloud: EmbeddedCloud, site: Site) -> None:
    api = cloud.client("autoscaling")
    (action,) = api.describe_scheduled_actions(AutoScalingGroupName=f"web-{SUFFIX}")["ScheduledUpdateGroupActions"]
    assert (action["Recurrence"], action["TimeZone"]) == ("0 8 * * 1-5", "America/New_York")
    assert (action["MinSize"], action["DesiredCapacity"]) == (2, 4)


def test_tracking_policy_is_declared(cloud: EmbeddedCloud, site: Site) -> None:
    (policy,) = cloud.client("autoscaling").describe_policies(AutoScalingGroupName=f"web-{SUFFIX}")["ScalingPolicies"]
    tracking = policy["TargetTrackingConfiguration"]
    assert tracking["PredefinedMetricSpecification"]["PredefinedMetricType"] == "ASGAverageCPUUtilization"
    assert tracking["TargetValue"] == 60


def test_instances_carry_propagated_tags(cloud: EmbeddedCloud, site: Site) -> None:
    found = cloud.client("ec2").describe_instances(InstanceIds=sorted(site.instances()))["Reservations"]
    tags = [instance["Tags"] for reservation in found for instance in reservation["Instances"]]
    assert tags
    assert all({"Key": "a", "Value": "b"} in entry for entry in tags)
    assert all({"Key": "aws:autoscaling:groupName", "Value": f"web-{SUFFIX}"} in entry for entry in tags)


def test_scheduled_action_scales_at_its_time(cloud: EmbeddedCloud, site: Site) -> None:
    api = cloud.client("autoscaling")
    at = datetime.now(UTC) + timedelta(seconds=2)
    api.put_scheduled_update_group_action(
        AutoScalingGroupName=f"web-{SUFFIX}", ScheduledActionName="soon", StartTime=at, MaxSize=5
    )
    try:
        eventually(lambda: site.group()["MaxSize"] == 5, 12)
    finally:
        api.update_auto_scaling_group(AutoScalingGroupName=f"web-{SUFFIX}", MaxSize=6)


def test_terminated_instance_is_replaced(cloud: EmbeddedCloud, site: Site) -> None:
    before = site.instances()
    (victim, *_) = sorted(before)
    cloud.client("ec2").terminate_instances(InstanceIds=[victim])
    eventually(lambda: victim not in site.instances() and len(site.instances()) == len(before), 30)
    site.settle()


def test_unhealthy_target_is_replaced(site: Site) -> None:
    before = site.instances()
    process = site.balancer("/").json()["pid"]
    os.kill(process, signal.SIGSTOP)  # it lives and answers nothing
    try:
        eventually(lambda: len(before - site.instances()) == 1 and site.is_settled(), 60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)


def test_instances_are_in_service(cloud: EmbeddedCloud, site: Site) -> None:
    found = cloud.client("autoscaling").describe_auto_scaling_instances(InstanceIds=sorted(site.instances()))
    states = {(entry["LifecycleState"], entry["HealthStatus"].upper()) for entry in found["AutoScalingInstances"]}
    assert states == {("InService", "HEALTHY")}


def call_unhealthy(cloud: EmbeddedCloud, site: Site) -> str:
    """Call an instance unhealthy, and give its id."""
    victim = min(site.instances())
    cloud.client("autoscaling").set_instance_health(
        InstanceId=victim, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
    )
    return victim


def test_set_health_replaces_the_instance(cloud: EmbeddedCloud, site: Site) -> None:
    victim = call_unhealthy(cloud, site)
    eventually(lambda: victim not in site.instances() and len(site.instances()) == 2, 30)
    site.settle()


def test_suspended_process_keeps_the_instance(cloud: EmbeddedCloud, site: Site) -> None:
    api = cloud.client("autoscaling")
    processes = {"AutoScalingGroupName": f"web-{SUFFIX}", "ScalingProcesses": ["ReplaceUnhealthy"]}
    api.suspend_processes(**processes)
    try:
        victim = call_unhealthy(cloud, site)
        time.sleep(5)
        assert victim in site.instances()
        assert [entry["ProcessName"] for entry in site.group()["SuspendedProcesses"]] == ["ReplaceUnhealthy"]
    finally:
        api.resume_processes(**processes)
    eventually(lambda: victim not in site.instances() and len(site.instances()) == 2, 30)
    site.settle()


def test_ec2_health_ignores_the_balancer(cloud: EmbeddedCloud, site: Site) -> None:
    api, before = cloud.client("autoscaling"), site.instances()
    api.update_auto_scaling_group(AutoScalingGroupName=f"web-{SUFFIX}", HealthCheckType="EC2")
    process = site.balancer("/").json()["pid"]
    os.kill(process, signal.SIGSTOP)  # it lives and answers nothing
    try:
        eventually(lambda: "unhealthy" in site.health().values(), 40)
        time.sleep(5)
        assert site.instances() == before
        assert {entry["HealthStatus"] for entry in site.group()["Instances"]} == {"Healthy"}
    finally:
        os.kill(process, signal.SIGCONT)
        site.settle()
        api.update_auto_scaling_group(AutoScalingGroupName=f"web-{SUFFIX}", HealthCheckType="ELB")


def test_activities_are_newest_first(cloud: EmbeddedCloud, site: Site) -> None:
    victim = call_unhealthy(cloud, site)
    eventually(lambda: victim not in site.instances(), 30)
    site.settle()
    found = cloud.client("autoscaling").describe_scaling_activities(AutoScalingGroupName=f"web-{SUFFIX}")["Activities"]
    times = [activity["StartTime"] for activity in found]
    assert times == sorted(times, reverse=True)
    launch, termination = found[:2]
    assert launch["Description"].startswith("Launching a new EC2 instance")
    assert termination["Description"].startswith(f"Terminating EC2 instance: {victim}")
    assert {launch["StatusCode"], termination["StatusCode"]} == {"Successful"}
    assert all(activity["Cause"].startswith("At ") for activity in (launch, termination))


def test_desired_capacity_keeps_to_its_bounds(cloud: EmbeddedCloud, site: Site) -> None:
    api, group = cloud.client("autoscaling"), site.group()
    too_many = group["MaxSize"] + 1
    code = error_of(api.set_desired_capacity, AutoScalingGroupName=f"web-{SUFFIX}", DesiredCapacity=too_many)
    assert code == "ValidationError"
    assert site.group()["DesiredCapacity"] == group["DesiredCapacity"]


def test_update_keeps_a_scaled_size(cloud: EmbeddedCloud, site: Site) -> None:
    cloud.client("autoscaling").set_desired_capacity(AutoScalingGroupName=f"web-{SUFFIX}", DesiredCapacity=2)
    changed = QUICK_SITE.replace("HealthCheckGracePeriod: 5", "HealthCheckGracePeriod: 6")
    assert site.deploy("one", changed) == "UPDATE_COMPLETE"
    group = site.group()
    assert (group["DesiredCapacity"], group["HealthCheckGracePeriod"]) == (2, 6)


def test_rolling_update_replaces_instances(cloud: EmbeddedCloud, site: Site) -> None:
    before = site.instances()
    assert site.deploy("two") == "UPDATE_COMPLETE"
    assert not before & site.instances()
    assert {site.edge("/").json()["version"] for _ in range(4)} == {"two"}


TEMPLATE = """
Resources:
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties: {LaunchTemplateData: {ImageId: ami-12345678, InstanceType: t3.micro}}
Outputs: {Latest: {Value: !GetAtt Template.LatestVersionNumber}}
"""


def test_launch_template_has_versions(cloud: EmbeddedCloud) -> None:
    with created(cloud, TEMPLATE) as (stack, outcome):
        assert outcome.outputs["Latest"] == "1"
        assert change(cloud, stack, TEMPLATE.replace("t3.micro", "t3.small")).outputs["Latest"] == "2"
        identifier = resources(cloud, stack)["Template"]
        found = cloud.client("ec2").describe_launch_template_versions(LaunchTemplateId=identifier)
        kinds = {
            entry["VersionNumber"]: entry["LaunchTemplateData"]["InstanceType"]
            for entry in found["LaunchTemplateVersions"]
        }
        assert kinds == {1: "t3.micro", 2: "t3.small"}


def test_volume_or_interface_unknown_is_an_error(cloud: EmbeddedCloud) -> None:
    ec2 = cloud.client("ec2")
    assert error_of(ec2.describe_volumes, VolumeIds=["vol-0123456789abcdef0"]) == "InvalidVolume.NotFound"
    code = error_of(ec2.describe_network_interfaces, NetworkInterfaceIds=["eni-0123456789abcdef0"])
    assert code == "InvalidNetworkInterfaceID.NotFound"


# -- a load balancer without instances --------------------------------------------------------------------------------

BALANCER = """
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.7.0.0/16}}
  One: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.7.0.0/24, AvailabilityZone: us-east-1a}}
  Two: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.7.1.0/24, AvailabilityZone: us-east-1b}}
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: [!Ref One, !Ref Two]}}
  Targets: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Vpc, Port: 80, Protocol: HTTP, TargetType: ip}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      Protocol: HTTP
      DefaultActions:
        - {Type: fixed-response, FixedResponseConfig: {StatusCode: "418", ContentType: text/plain, MessageBody: default}}
  Later: &rule
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 20
      Conditions: [{Field: path-pattern, PathPatternConfig: {Values: [/order/*]}}]
      Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200", ContentType: text/plain, MessageBody: later}}]
  Earlier:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 10
      Conditions: [{Field: path-pattern, PathPatternConfig: {Values: [/order/first]}}]
      Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200", ContentType: text/plain, MessageBody: earlier}}]
  Redirect:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 30
      Conditions: [{Field: path-pattern, PathPatternConfig: {Values: [/redirect/*]}}]
      Actions: [{Type: redirect, RedirectConfig: {Protocol: HTTPS, Port: "443", StatusCode: HTTP_301}}]
  Forward:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 40
      Conditions: [{Field: path-pattern, PathPatternConfig: {Values: [/forward/*]}}]
      Actions: [{Type: forward, TargetGroupArn: !Ref Targets}]
Outputs: {Dns: {Value: !GetAtt Balancer.DNSName}, Targets: {Value: !Ref Targets}}
"""  # noqa: E501 - a resource a line
BALANCER = BALANCER.replace("Later: &rule", "Later:")


@pytest.fixture(scope="module")
def balancer(cloud: EmbeddedCloud) -> Iterator[dict[str, str]]:
    with created(cloud, BALANCER) as (_, outcome):
        yield outcome.outputs


def ask(cloud: EmbeddedCloud, balancer: dict[str, str], path: str) -> Answer:
    return visit(cloud, "GET", f"http://{balancer['Dns']}{path}")


def test_rules_apply_in_order_of_priority(cloud: EmbeddedCloud, balancer: dict[str, str]) -> None:
    assert ask(cloud, balancer, "/order/first").body == b"earlier"
    assert ask(cloud, balancer, "/order/second").body == b"later"


def test_fixed_response_answers_itself(cloud: EmbeddedCloud, balancer: dict[str, str]) -> None:
    answer = ask(cloud, balancer, "/")
    assert (answer.status, answer.body) == (418, b"default")
    assert answer.headers["content-type"].startswith("text/plain")


def test_redirect_keeps_host_path_and_query(cloud: EmbeddedCloud, balancer: dict[str, str]) -> None:
    answer = ask(cloud, balancer, "/redirect/here?a=1")
    assert answer.status == 301
    assert answer.headers["location"] == f"https://{balancer['Dns']}:443/redirect/here?a=1"


def test_no_target_is_service_unavailable(cloud: EmbeddedCloud, balancer: dict[str, str]) -> None:
    assert ask(cloud, balancer, "/forward/x").status == 503


def test_dead_target_is_a_bad_gateway(cloud: EmbeddedCloud, balancer: dict[str, str]) -> None:
    elb = cloud.client("elbv2")
    target = [{"Id": "127.0.0.1", "Port": 9}]
    elb.register_targets(TargetGroupArn=balancer["Targets"], Targets=target)
    try:
        assert ask(cloud, balancer, "/forward/x").status == 502
    finally:
        elb.deregister_targets(TargetGroupArn=balancer["Targets"], Targets=target)
