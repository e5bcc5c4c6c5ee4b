"""The load balancer of transactions (X-ALB-1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.support.conditions import CERTIFICATE_ARN, deployed
from tests.builders.support.resources import find_resource, resources, templates, text

PLATFORM = "transactions"


def web(certificate: str = "") -> dict[str, Any]:
    return deployed(templates(PLATFORM)["web"], CertificateArn=certificate, ReserveConcurrency="false")


@pytest.mark.requirement("X-ALB-1")
def test_the_load_balancer_is_in_the_public_subnets_with_its_logs_and_drops_invalid_headers() -> None:
    balancer = find_resource(PLATFORM, "LoadBalancer").properties
    assert balancer["Subnets"] == [{"Ref": f"PublicSubnet{zone}Id"} for zone in "ABC"]
    assert balancer["SecurityGroups"] == [{"Ref": "BalancerSecurityGroupId"}, {"Ref": "BalancerTlsSecurityGroupId"}]
    attributes = {each["Key"]: each["Value"] for each in balancer["LoadBalancerAttributes"]}
    assert attributes["access_logs.s3.enabled"] == "true"
    assert attributes["access_logs.s3.bucket"] == {"Ref": "AccessLogBucketName"}
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes["deletion_protection.enabled"] == "false"


@pytest.mark.requirement("X-ALB-1")
def test_targets_are_judged_by_health() -> None:
    targets = find_resource(PLATFORM, "TargetGroup").properties
    assert (targets["HealthCheckPath"], targets["HealthCheckProtocol"], targets["Port"]) == ("/health", "HTTPS", 8080)
    assert targets["Matcher"] == {"HttpCode": "200"}
    assert targets["HealthCheckTimeoutSeconds"] < targets["HealthCheckIntervalSeconds"]


@pytest.mark.requirement("X-ALB-1")
def test_without_a_certificate_http_serves_cloudfront_and_rejects_everybody_else() -> None:
    here = web()
    assert "HttpsListener" not in here
    (default,) = here["HttpListener"]["Properties"]["DefaultActions"]
    assert (default["Type"], default["FixedResponseConfig"]["StatusCode"]) == ("fixed-response", "403")
    rule = here["HttpFromCloudFront"]["Properties"]
    (condition,) = rule["Conditions"]
    assert condition["HttpHeaderConfig"]["HttpHeaderName"] == "X-Origin-Verify"
    assert rule["Actions"] == [{"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}}]


@pytest.mark.requirement("X-ALB-1")
def test_with_a_certificate_http_becomes_https_with_redirect() -> None:
    here = web(CERTIFICATE_ARN)
    (redirect,) = here["HttpListener"]["Properties"]["DefaultActions"]
    assert redirect["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    assert "HttpFromCloudFront" not in here, "nothing is served without TLS"
    https = here["HttpsListener"]["Properties"]
    assert https["Certificates"] == [{"CertificateArn": {"Ref": "CertificateArn"}}]
    assert https["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    (default,) = https["DefaultActions"]
    assert default["FixedResponseConfig"]["StatusCode"] == "403"
    assert here["HttpsFromCloudFront"]["Properties"]["ListenerArn"] == {"Ref": "HttpsListener"}


@pytest.mark.requirement("X-ALB-1")
def test_only_cloudfronts_addresses_reach_the_load_balancer() -> None:
    into = [
        (
            _group(rule.properties["GroupId"]),
            text(rule.properties.get("SourcePrefixListId", "")),
            rule.properties["FromPort"],
        )
        for rule in resources(PLATFORM, "AWS::EC2::SecurityGroupIngress")
        if _group(rule.properties["GroupId"]).startswith("Balancer")
    ]
    assert into == [
        ("BalancerSecurityGroup", "${CloudFrontPrefixListId}", 80),
        ("BalancerTlsSecurityGroup", "${CloudFrontPrefixListId}", 443),
    ], "a group for each port: the list counts as 55 of a group's 60 rules"


def _group(reference: dict[str, Any]) -> str:
    return str(reference["Fn::GetAtt"][0])
