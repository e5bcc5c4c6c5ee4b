"""CloudFront, its web ACL and its log (X-CDN-1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cfn.parameters import find_faults, with_defaults
from cfn.root_rules import check_rules
from tests.builders.support.conditions import CERTIFICATE_ARN, deployed
from tests.builders.support.paths import PROJECT
from tests.builders.support.policies import statements
from tests.builders.support.resources import find_resource, templates, text

PLATFORM = "transactions"


def distribution(certificate: str = "") -> dict[str, Any]:
    here = deployed(templates(PLATFORM)["edge"], CertificateArn=certificate)
    config: dict[str, Any] = here["Distribution"]["Properties"]["DistributionConfig"]
    return config


@pytest.mark.requirement("X-CDN-1")
def test_the_load_balancer_is_the_custom_origin_and_nothing_of_it_is_cached() -> None:
    config = distribution()
    balancer = config["Origins"][0]
    assert balancer["DomainName"] == {"Ref": "LoadBalancerDnsName"}
    assert balancer["CustomOriginConfig"]["OriginProtocolPolicy"] == "http-only"
    default = config["DefaultCacheBehavior"]
    assert default["TargetOriginId"] == balancer["Id"]
    assert default["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "the managed policy CachingDisabled"
    assert "POST" in default["AllowedMethods"]


@pytest.mark.requirement("X-CDN-1")
def test_static_content_is_read_by_origin_access_control() -> None:
    """An origin access identity is deprecated and cannot read objects under customer keys."""
    config = distribution()
    static = config["Origins"][1]
    assert static["OriginAccessControlId"] == {"Fn::GetAtt": ["StaticAccessControl", "Id"]}
    assert static["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    control = find_resource(PLATFORM, "StaticAccessControl").properties["OriginAccessControlConfig"]
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")
    (behaviour,) = config["CacheBehaviors"]
    assert (behaviour["PathPattern"], behaviour["TargetOriginId"]) == ("/static/*", static["Id"])
    assert behaviour["CachePolicyId"] == {"Ref": "StaticCachePolicy"}
    assert find_resource(PLATFORM, "StaticCachePolicy").properties["CachePolicyConfig"]["DefaultTTL"] == 86_400


@pytest.mark.requirement("X-CDN-1")
def test_only_this_distribution_reads_the_bucket_and_only_static_assets() -> None:
    document = find_resource(PLATFORM, "StaticBucketPolicy").properties["PolicyDocument"]
    (allowed,) = [statement for statement in statements(document) if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": ["cloudfront.amazonaws.com"]}
    assert allowed["Action"] == ["s3:GetObject"]
    assert text(allowed["Resource"][0]).endswith("/static/*")
    source = allowed["Condition"]["StringEquals"]["aws:SourceArn"]
    assert text(source) == "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    (use,) = [
        each
        for each in find_resource(PLATFORM, "DataKey").properties["KeyPolicy"]["Statement"]
        if each["Principal"] == {"Service": ["cloudfront.amazonaws.com"]}
    ]
    assert use["Action"] == ["kms:Decrypt"], "it reads only"


@pytest.mark.requirement("X-CDN-1")
def test_viewers_use_https_and_tls_12_or_newer() -> None:
    for certificate in ("", CERTIFICATE_ARN):
        config = distribution(certificate)
        behaviours = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
        assert {each["ViewerProtocolPolicy"] for each in behaviours} == {"redirect-to-https"}
        assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert config["ViewerCertificate"]["AcmCertificateArn"] == {"Ref": "CertificateArn"}
    assert config["ViewerCertificate"]["SslSupportMethod"] == "sni-only"
    assert config["Aliases"] == [{"Ref": "DomainName"}]
    assert config["Origins"][0]["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert config["Origins"][0]["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


@pytest.mark.requirement("X-CDN-1")
def test_every_answer_carries_security_headers() -> None:
    config = distribution()
    for behaviour in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert behaviour["ResponseHeadersPolicyId"] == {"Ref": "SecurityHeaders"}
    headers = find_resource(PLATFORM, "SecurityHeaders").properties["ResponseHeadersPolicyConfig"][
        "SecurityHeadersConfig"
    ]
    assert set(headers) == {
        "ContentSecurityPolicy",
        "ContentTypeOptions",
        "FrameOptions",
        "ReferrerPolicy",
        "StrictTransportSecurity",
    }
    assert all(header["Override"] is True for header in headers.values())
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 31_536_000


@pytest.mark.requirement("X-CDN-1", "A-4")
def test_the_access_log_is_delivered_to_an_encrypted_log_group() -> None:
    assert find_resource(PLATFORM, "EdgeLogSource").properties["LogType"] == "ACCESS_LOGS"
    assert text(find_resource(PLATFORM, "EdgeLogDestination").properties["DestinationResourceArn"]).endswith(
        "log-group:${EdgeLogGroup}"
    )
    fields = find_resource(PLATFORM, "EdgeLogDelivery").properties["RecordFields"]
    assert not {"cs-uri-query", "cs(Cookie)", "cs(Referer)"} & set(fields), "they may contain personal data"
    assert find_resource(PLATFORM, "EdgeLogGroup").properties["KmsKeyId"] == {"Ref": "LogsKeyArn"}
    (delivery,) = statements(find_resource(PLATFORM, "EdgeLogPolicy").properties["PolicyDocument"])
    assert delivery["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert delivery["Resource"] == [
        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${EdgeLogGroup}:log-stream:*"
    ]


@pytest.mark.requirement("X-CDN-1")
def test_the_web_acl_is_cloudfronts_with_2000_requests_for_an_address_and_managed_rules() -> None:
    acl = find_resource(PLATFORM, "WebAcl").properties
    assert acl["Scope"] == "CLOUDFRONT"
    assert distribution()["WebACLId"] == {"Fn::GetAtt": ["WebAcl", "Arn"]}
    rate, *managed = acl["Rules"]
    assert rate["Statement"]["RateBasedStatement"]["Limit"] == {"Ref": "RequestsPerAddress"}
    assert rate["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    assert rate["Action"] == {"Block": {}}
    assert templates(PLATFORM)["root"]["Parameters"]["RequestsPerAddress"]["Default"] == 2000
    assert [rule["Name"] for rule in managed] == [
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    ]


@pytest.mark.requirement("X-CDN-1")
def test_the_root_rejects_other_regions_and_a_domain_without_certificate() -> None:
    rules = templates(PLATFORM)["root"]["Rules"]
    assert rules["OnlyInUsEast1"]["Assertions"][0]["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    assert rules["DomainNeedsCertificate"]["RuleCondition"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]
    }
    assert "CertificateNeedsDomain" in rules
    assert "OnlyInUsEast1" not in templates("trading")["root"]["Rules"]


@pytest.mark.requirement("X-CDN-1", "X-ALB-1")
@pytest.mark.parametrize("suffix", ["dev", "prod", "eu-prod", "production", "live"])
@pytest.mark.parametrize(
    ("certificate", "allowed", "broken"),
    [
        ("", "false", ["NoPlaintextBehindCloudFront"]),
        ("", "true", []),
        (CERTIFICATE_ARN, "false", []),
        (CERTIFICATE_ARN, "true", []),
    ],
)
def test_an_environment_without_certificate_has_to_ask_for_plaintext(
    suffix: str, certificate: str, allowed: str, broken: list[str]
) -> None:
    """Regression: only the suffix ``prod`` needed a certificate; ``eu-prod`` or ``live`` sent payments in clear."""
    root = templates(PLATFORM)["root"]
    values = {
        "EnvironmentSuffix": suffix,
        "CertificateArn": certificate,
        "DomainName": "pay.example.com" if certificate else "",
        "AllowPlaintextOrigin": allowed,
    }
    results = check_rules(root, with_defaults(root, values), "us-east-1")
    assert [fault.rule for fault in results.broken] == broken
    assert root["Parameters"]["AllowPlaintextOrigin"]["Default"] == "false"


@pytest.mark.requirement("X-CDN-1", "X-ALB-1")
def test_only_dev_allows_plaintext() -> None:
    for environment, allowed in (("dev", "true"), ("staging", "false"), ("prod", "false")):
        file = json.loads((PROJECT / "params" / PLATFORM / f"{environment}.json").read_text("utf-8"))
        values = file["Parameters"]
        assert values["AllowPlaintextOrigin"] == allowed
        assert bool(values["CertificateArn"]) is bool(values["DomainName"]) is (allowed == "false")


@pytest.mark.requirement("X-CDN-1")
def test_a_parameter_file_of_before_is_told_what_to_set(tmp_path: Path) -> None:
    file = json.loads((PROJECT / "params" / PLATFORM / "dev.json").read_text("utf-8"))
    del file["Parameters"]["AllowPlaintextOrigin"]
    (tmp_path / "dev.json").write_text(json.dumps(file))
    (fault,) = find_faults(tmp_path / "dev.json", templates(PLATFORM)["root"], region="us-east-1")
    assert "Set both, or AllowPlaintextOrigin to true where no real payments are made" in str(fault)
