from __future__ import annotations

import pytest

from gate.rules.transport_security import TransportSecurity
from tests.gate.support.rules import run_rule

LISTENER = "  It: {Type: 'AWS::ElasticLoadBalancingV2::Listener', Properties: {PROPERTIES}}"
DISTRIBUTION = """
  It:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        DefaultCacheBehavior: {ViewerProtocolPolicy: redirect-to-https}
        CONFIG
"""
POLICY = "SslPolicy does not require TLS 1.2 or newer"
VIEWERS = "ViewerCertificate.MinimumProtocolVersion is not TLS 1.2 or newer"


def messages(resources: str) -> list[str]:
    return [message for _, message in run_rule(TransportSecurity(), resources)]


@pytest.mark.requirement("X-ALB-1")
@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("Protocol: HTTPS, SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06", []),
        ("Protocol: HTTPS, SslPolicy: ELBSecurityPolicy-TLS13-1-2-Res-2021-06", []),
        ("Protocol: TLS, SslPolicy: ELBSecurityPolicy-FS-1-2-Res-2020-10", []),
        ("Protocol: HTTP", []),
        (
            "Protocol: !If [C, HTTPS, HTTP], SslPolicy: !If [C, ELBSecurityPolicy-TLS13-1-3-2021-06, !Ref AWS::NoValue]",
            [],
        ),
        ("Protocol: HTTPS", [POLICY]),
        ("Protocol: !If [C, HTTPS, HTTP]", [POLICY]),
        ("Protocol: HTTPS, SslPolicy: ELBSecurityPolicy-2016-08", [POLICY]),
        ("Protocol: HTTPS, SslPolicy: ELBSecurityPolicy-TLS13-1-0-2021-06", [POLICY]),
        ("Protocol: HTTPS, SslPolicy: ELBSecurityPolicy-TLS-1-1-2017-01", [POLICY]),
    ],
)
def test_listener_names_a_policy_of_tls_1_2_or_newer(properties: str, expected: list[str]) -> None:
    assert messages(LISTENER.replace("PROPERTIES", properties)) == expected


@pytest.mark.requirement("X-CDN-1")
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("ViewerCertificate: {MinimumProtocolVersion: TLSv1.2_2021}", []),
        ("ViewerCertificate: {MinimumProtocolVersion: TLSv1.3_2025}", []),
        ("ViewerCertificate: {CloudFrontDefaultCertificate: true}", []),
        ("Enabled: true", []),
        ("ViewerCertificate: {AcmCertificateArn: a}", [VIEWERS]),
        ("ViewerCertificate: !If [C, {MinimumProtocolVersion: TLSv1}, !Ref AWS::NoValue]", [VIEWERS]),
        ("ViewerCertificate: {MinimumProtocolVersion: TLSv1.1_2016}", [VIEWERS]),
        ("CacheBehaviors: [{ViewerProtocolPolicy: https-only}]", []),
        (
            "CacheBehaviors: [{ViewerProtocolPolicy: https-only}, {ViewerProtocolPolicy: allow-all}]",
            ["ViewerProtocolPolicy allows HTTP"],
        ),
        ("Origins: [{CustomOriginConfig: {OriginProtocolPolicy: http-only}}, {S3OriginConfig: {}}]", []),
        (
            "Origins: [{CustomOriginConfig: {OriginProtocolPolicy: https-only, OriginSSLProtocols: [TLSv1.2]}}]",
            [],
        ),
        (
            "Origins: [{CustomOriginConfig: {OriginProtocolPolicy: https-only, OriginSSLProtocols: [TLSv1, TLSv1.2]}}]",
            ["OriginSSLProtocols is not TLSv1.2 alone"],
        ),
        (
            "Origins: [{CustomOriginConfig: {OriginProtocolPolicy: !If [C, https-only, http-only]}}]",
            ["OriginSSLProtocols is not TLSv1.2 alone"],
        ),
    ],
)
def test_distribution_uses_tls_to_viewers_and_origins(config: str, expected: list[str]) -> None:
    assert messages(DISTRIBUTION.replace("CONFIG", config)) == expected


@pytest.mark.requirement("T-API-1")
@pytest.mark.parametrize(
    ("policy", "fits"),
    [("TLS_1_2", True), ("SecurityPolicy_TLS13_1_2_2021_06", True), ("TLS_1_0", False), ("!Ref AWS::NoValue", False)],
)
def test_api_names_a_policy_of_tls_1_2_or_newer(policy: str, fits: bool) -> None:
    for kind in ("RestApi", "DomainName"):
        api = f"  It: {{Type: 'AWS::ApiGateway::{kind}', Properties: {{SecurityPolicy: {policy}}}}}"
        assert (messages(api) == []) is fits


def test_resource_without_connections_passes() -> None:
    assert messages("  It: {Type: 'AWS::SQS::Queue'}") == []
