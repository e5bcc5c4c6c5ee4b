"""The rows in which more than one property decides: a stronger and a weaker value of each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from review.findings import strength
from review.findings.finding import Direction, ReviewFinding
from review.strength import grade
from review.strength.grading import ROWS
from review.strength.measures import Graded
from tests.review.strength.support.changes import summary

KEY = {"Fn::GetAtt": ["Key", "Arn"]}
RATE = {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}}
GROUP = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}


def bucket(algorithm: str, key: Any = None) -> dict[str, Any]:
    default = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": key} if key else {})}
    return {"BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}}


def lifecycle(days: int | None, status: str = "Enabled", **more: Any) -> dict[str, Any]:
    expiry = {} if days is None else {"ExpirationInDays": days}
    return {"LifecycleConfiguration": {"Rules": [{"Id": "expire", "Status": status, **expiry, **more}]}}


def rule(**parts: Any) -> dict[str, Any]:
    return {"Rules": [{"Name": "limit", "Priority": 1, "Statement": RATE, **parts}]}


def managed(**parts: Any) -> dict[str, Any]:
    statement = {"ManagedRuleGroupStatement": {**GROUP["ManagedRuleGroupStatement"], **parts}}
    return {"Rules": [{"Name": "common", "Priority": 1, "Statement": statement, "OverrideAction": {"None": {}}}]}


def countries(kind: str, *codes: str) -> dict[str, Any]:
    restriction = {"RestrictionType": kind, "Locations": list(codes)}
    return {"DistributionConfig": {"Restrictions": {"GeoRestriction": restriction}}}


def alarm(threshold: float, operator: str = "GreaterThanThreshold", **more: Any) -> dict[str, Any]:
    return {"Threshold": threshold, "ComparisonOperator": operator, **more}


def network_policy(public: bool) -> dict[str, Any]:
    return {"Type": "network", "Policy": json.dumps([{"Rules": [], "AllowFromPublic": public}])}


def certificate(version: str | None, arn: str | None = "arn:aws:acm:cert") -> dict[str, Any]:
    parts = {"MinimumProtocolVersion": version, "AcmCertificateArn": arn}
    return {"DistributionConfig": {"ViewerCertificate": {key: value for key, value in parts.items() if value}}}


def blocks(**switches: bool) -> dict[str, Any]:
    return {"PublicAccessBlockConfiguration": switches}


ALL_BLOCKS = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}
HTTPS = {"Protocol": "HTTPS", "DefaultActions": [{"Type": "forward"}]}
REDIRECT = {"Protocol": "HTTP", "DefaultActions": [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS"}}]}
PLAIN = {"Protocol": "HTTP", "DefaultActions": [{"Type": "forward"}]}
HEADER = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-origin", "Values": ["secret"]}}
PATH = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}
TYPES = {"ComplianceResourceTypes": ["AWS::S3::Bucket", "AWS::RDS::DBCluster"]}
METHOD = {"HttpMethod": "GET", "AuthorizationType": "AWS_IAM"}
PARAMETERS = "AWS::RDS::DBClusterParameterGroup"


def recorded(*kinds: str, **parts: Any) -> dict[str, Any]:
    return {"RecordingGroup": {"ResourceTypes": list(kinds), **parts}}


def all_recorded_but(*kinds: str) -> dict[str, Any]:
    return {"RecordingGroup": {"ExclusionByResourceTypes": {"ResourceTypes": list(kinds)}}}


def selected(kinds: str = "All", *buckets: str, **parts: Any) -> dict[str, Any]:
    resources = [{"Type": "AWS::S3::Object", "Values": list(buckets)}]
    return {"EventSelectors": [{"ReadWriteType": kinds, "DataResources": resources, **parts}]}


def parameters(**values: Any) -> dict[str, Any]:
    return {"Parameters": {name.replace("__", "."): value for name, value in values.items()}}


Case = tuple[str, ReviewFinding, Any, Any]
CASES: list[Case] = [
    # Data
    ("AWS::S3::Bucket", strength.ENCRYPTION, bucket("aws:kms", KEY), bucket("aws:kms")),
    ("AWS::S3::Bucket", strength.ENCRYPTION, bucket("aws:kms"), bucket("AES256")),
    ("AWS::S3::Bucket", strength.ENCRYPTION, bucket("AES256"), {}),
    ("AWS::DynamoDB::Table", strength.ENCRYPTION, {"SSESpecification": {"SSEEnabled": True}}, {}),
    ("AWS::Kinesis::Stream", strength.ENCRYPTION, {"StreamEncryption": {"EncryptionType": "KMS", "KeyId": KEY}}, {}),
    (
        "AWS::Kinesis::Stream",
        strength.ENCRYPTION,
        {"StreamEncryption": {"EncryptionType": "KMS", "KeyId": KEY}},
        {"StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}},
    ),
    ("AWS::SQS::Queue", strength.ENCRYPTION, {"KmsMasterKeyId": KEY}, {"KmsMasterKeyId": "alias/aws/sqs"}),
    ("AWS::SQS::Queue", strength.ENCRYPTION, {"KmsMasterKeyId": "alias/aws/sqs"}, {}),
    ("AWS::SQS::Queue", strength.ENCRYPTION, {}, {"SqsManagedSseEnabled": False}),
    (
        "AWS::RDS::DBInstance",
        strength.ENCRYPTION,
        {"EnablePerformanceInsights": True, "PerformanceInsightsKMSKeyId": KEY},
        {"EnablePerformanceInsights": True},
    ),
    (
        "AWS::RDS::DBCluster",
        strength.ENCRYPTION,
        {"PerformanceInsightsEnabled": True, "PerformanceInsightsKmsKeyId": KEY},
        {"PerformanceInsightsEnabled": True},
    ),
    ("AWS::S3::Bucket", strength.RETENTION, {}, lifecycle(1)),
    ("AWS::S3::Bucket", strength.RETENTION, lifecycle(90), lifecycle(1)),
    ("AWS::S3::Bucket", strength.RETENTION, lifecycle(90, "Disabled"), lifecycle(90)),
    (
        "AWS::S3::Bucket",
        strength.RETENTION,
        lifecycle(None, NoncurrentVersionExpiration={"NoncurrentDays": 30}),
        lifecycle(None, NoncurrentVersionExpiration={"NoncurrentDays": 1}),
    ),
    (
        "AWS::S3::Bucket",
        strength.LOCK,
        {"ObjectLockConfiguration": {"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 1}}}},
        {"ObjectLockConfiguration": {"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}}},
    ),
    (
        "AWS::VerifiedPermissions::PolicyStore",
        strength.DELETION_PROTECTION,
        {"DeletionProtection": {"Mode": "ENABLED"}},
        {},
    ),
    # Exposure and reach
    ("AWS::S3::Bucket", strength.EXPOSURE, blocks(**ALL_BLOCKS), {}),
    ("AWS::S3::Bucket", strength.EXPOSURE, blocks(**ALL_BLOCKS), blocks(**{**ALL_BLOCKS, "IgnorePublicAcls": False})),
    ("AWS::S3::AccessPoint", strength.EXPOSURE, {}, blocks(**{**ALL_BLOCKS, "BlockPublicPolicy": False})),
    ("AWS::ApiGateway::Method", strength.EXPOSURE, METHOD, {**METHOD, "AuthorizationType": "NONE"}),
    ("AWS::ApiGatewayV2::Route", strength.EXPOSURE, {"AuthorizationType": "JWT"}, {}),
    ("AWS::EKS::Nodegroup", strength.EXPOSURE, {}, {"RemoteAccess": {"Ec2SshKey": "key"}}),
    (
        "AWS::EKS::Nodegroup",
        strength.EXPOSURE,
        {"RemoteAccess": {"Ec2SshKey": "key", "SourceSecurityGroups": ["sg-1"]}},
        {"RemoteAccess": {"Ec2SshKey": "key"}},
    ),
    ("AWS::OpenSearchServerless::SecurityPolicy", strength.EXPOSURE, network_policy(False), network_policy(True)),
    ("AWS::Lambda::Function", strength.REACH, {"VpcConfig": {"SubnetIds": ["s-1"]}}, {"VpcConfig": {"SubnetIds": []}}),
    ("AWS::EC2::PrefixList", strength.REACH, {"Entries": [{"Cidr": "a"}]}, {"Entries": [{"Cidr": "a"}, {"Cidr": "b"}]}),
    (
        "AWS::ApiGateway::RestApi",
        strength.REACH,
        {"EndpointConfiguration": {"Types": ["PRIVATE"]}},
        {"EndpointConfiguration": {"Types": ["REGIONAL"]}},
    ),
    # Callers
    (
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        strength.AUTHORISATION,
        {"Conditions": [HEADER, PATH]},
        {"Conditions": [PATH]},
    ),
    ("AWS::SecretsManager::RotationSchedule", strength.ROTATION, {"RotationRules": {"AutomaticallyAfterDays": 30}}, {}),
    (
        "AWS::SecretsManager::RotationSchedule",
        strength.ROTATION,
        {"RotationRules": {"ScheduleExpression": "rate(10 days)"}},
        {"RotationRules": {"AutomaticallyAfterDays": 30}},
    ),
    (
        "AWS::SecretsManager::RotationSchedule",
        strength.ROTATION,
        {"RotationRules": {"ScheduleExpression": "rate(4 hours)"}},
        {"RotationRules": {"ScheduleExpression": "rate(1 day)"}},
    ),
    (
        "AWS::ECS::TaskDefinition",
        strength.ISOLATION,
        {"ContainerDefinitions": [{"Name": "web", "User": "1000:1000"}]},
        {"ContainerDefinitions": [{"Name": "web", "User": "root"}]},
    ),
    (
        "AWS::ECS::TaskDefinition",
        strength.ISOLATION,
        {"ContainerDefinitions": [{"Name": "web", "User": "app"}]},
        {"ContainerDefinitions": [{"Name": "web"}]},
    ),
    (
        "AWS::CloudFront::Distribution",
        strength.AUTHORISATION,
        {"DistributionConfig": {"ViewerMtlsConfig": {"TrustStoreConfig": {"TrustStoreId": "t"}}}},
        {"DistributionConfig": {"ViewerMtlsConfig": {"Mode": "optional"}}},
    ),
    # Connections and requests
    ("AWS::ElasticLoadBalancingV2::Listener", strength.TLS, HTTPS, PLAIN),
    ("AWS::ElasticLoadBalancingV2::Listener", strength.TLS, REDIRECT, PLAIN),
    ("AWS::ElasticLoadBalancingV2::Listener", strength.TLS, None, PLAIN),
    ("AWS::CloudFront::Distribution", strength.TLS, certificate("TLSv1.2_2021"), certificate("TLSv1.1_2016")),
    ("AWS::CloudFront::Distribution", strength.TLS, certificate("TLSv1.2_2021"), certificate("TLSv1.2_2021", None)),
    (PARAMETERS, strength.TLS, parameters(tls_version="TLSv1.2,TLSv1.3"), parameters(tls_version="TLSv1.1,TLSv1.2")),
    (
        PARAMETERS,
        strength.TLS,
        parameters(ssl_min_protocol_version="TLSv1.2"),
        parameters(ssl_min_protocol_version="TLSv1"),
    ),
    (
        "AWS::CloudFront::Distribution",
        strength.TLS,
        {"DistributionConfig": {"Origins": [{"Id": "o", "CustomOriginConfig": {"OriginSSLProtocols": ["TLSv1.2"]}}]}},
        {"DistributionConfig": {"Origins": [{"Id": "o", "CustomOriginConfig": {}}]}},
    ),
    (
        "AWS::ApiGateway::Method",
        strength.TLS,
        {**METHOD, "Integration": {"Uri": "https://a.example.com"}},
        {**METHOD, "Integration": {"Uri": "http://a.example.com"}},
    ),
    ("AWS::ApiGatewayV2::Integration", strength.TLS, {"IntegrationUri": "https://a"}, {"IntegrationUri": "http://a"}),
    ("AWS::SNS::Subscription", strength.TLS, {"Endpoint": "https://a"}, {"Endpoint": "http://a"}),
    (
        "AWS::ApiGateway::Method",
        strength.REQUEST_CHECKS,
        {**METHOD, "RequestParameters": {"method.request.path.id": True}},
        {**METHOD, "RequestParameters": {"method.request.path.id": False}},
    ),
    (
        "AWS::ApiGateway::Method",
        strength.REQUEST_CHECKS,
        {**METHOD, "RequestModels": {"application/json": "m"}},
        METHOD,
    ),
    # Records
    (
        "AWS::Config::ConfigurationRecorder",
        strength.AUDIT_TRAIL,
        recorded(AllSupported=True),
        recorded("AWS::S3::Bucket"),
    ),
    ("AWS::Config::ConfigurationRecorder", strength.AUDIT_TRAIL, {}, recorded("AWS::S3::Bucket")),
    (
        "AWS::Config::ConfigurationRecorder",
        strength.AUDIT_TRAIL,
        recorded("AWS::S3::Bucket", "AWS::IAM::Role"),
        recorded("AWS::S3::Bucket"),
    ),
    (
        "AWS::Config::ConfigurationRecorder",
        strength.AUDIT_TRAIL,
        recorded(AllSupported=True),
        all_recorded_but("AWS::IAM::Role"),
    ),
    (
        "AWS::Config::ConfigurationRecorder",
        strength.AUDIT_TRAIL,
        all_recorded_but("AWS::IAM::Role"),
        recorded("AWS::S3::Bucket"),
    ),
    ("AWS::CloudTrail::Trail", strength.LOGGING, selected(), selected("WriteOnly")),
    ("AWS::CloudTrail::Trail", strength.LOGGING, {}, selected("ReadOnly")),
    ("AWS::CloudTrail::Trail", strength.LOGGING, {}, selected(IncludeManagementEvents=False)),
    ("AWS::CloudTrail::Trail", strength.LOGGING, selected("All", "arn:aws:s3:::a/"), selected()),
    (
        "AWS::CloudTrail::Trail",
        strength.LOGGING,
        selected(),
        selected(ExcludeManagementEventSources=["kms.amazonaws.com"]),
    ),
    ("AWS::EC2::FlowLog", strength.LOGGING, {"TrafficType": "ALL"}, {"TrafficType": "ACCEPT"}),
    (
        "AWS::EKS::Cluster",
        strength.LOGGING,
        {"Logging": {"ClusterLogging": {"EnabledTypes": [{"Type": "audit"}, {"Type": "api"}]}}},
        {"Logging": {"ClusterLogging": {"EnabledTypes": [{"Type": "api"}]}}},
    ),
    ("AWS::RDS::DBInstance", strength.LOGGING, {"MonitoringInterval": 60}, {"MonitoringInterval": 0}),
    (
        "AWS::DocDB::DBClusterParameterGroup",
        strength.LOGGING,
        parameters(audit_logs="all"),
        parameters(audit_logs="ddl"),
    ),
    (
        "AWS::DocDB::DBClusterParameterGroup",
        strength.LOGGING,
        parameters(audit_logs="enabled"),
        parameters(audit_logs="disabled"),
    ),
    # Alarms and rules
    ("AWS::CloudWatch::Alarm", strength.ALARMS, alarm(5), alarm(50)),
    ("AWS::CloudWatch::Alarm", strength.ALARMS, alarm(5, "GreaterThanOrEqualToThreshold"), alarm(5)),
    ("AWS::CloudWatch::Alarm", strength.ALARMS, alarm(90, "LessThanThreshold"), alarm(10, "LessThanThreshold")),
    ("AWS::CloudWatch::LogAlarm", strength.ALARMS, alarm(1), alarm(9)),
    ("AWS::CloudWatch::Alarm", strength.ALARMS, {"EvaluationPeriods": 1}, {"EvaluationPeriods": 5}),
    (
        "AWS::CloudWatch::Alarm",
        strength.ALARMS,
        {"EvaluationPeriods": 5, "DatapointsToAlarm": 1},
        {"EvaluationPeriods": 5, "DatapointsToAlarm": 4},
    ),
    (
        "AWS::CloudWatch::Alarm",
        strength.ALARMS,
        {"EvaluationPeriods": 5, "DatapointsToAlarm": 2},
        {"EvaluationPeriods": 3, "DatapointsToAlarm": 2},
    ),
    (
        "AWS::Config::ConfigRule",
        strength.CONFIG_RULES,
        {"Scope": TYPES},
        {"Scope": {"ComplianceResourceTypes": ["AWS::S3::Bucket"]}},
    ),
    ("AWS::Config::ConfigRule", strength.CONFIG_RULES, {}, {"Scope": TYPES}),
    # Filters
    ("AWS::WAFv2::WebACL", strength.WEB_FILTER, rule(Action={"Block": {}}), rule(Action={"Count": {}})),
    ("AWS::WAFv2::WebACL", strength.WEB_FILTER, rule(Action={"Block": {}}), {"Rules": []}),
    ("AWS::WAFv2::WebACL", strength.WEB_FILTER, {"Rules": []}, rule(Action={"Allow": {}})),
    ("AWS::WAFv2::WebACL", strength.WEB_FILTER, rule(OverrideAction={"None": {}}), rule(OverrideAction={"Count": {}})),
    ("AWS::WAFv2::WebACL", strength.WEB_FILTER, {"DefaultAction": {"Block": {}}}, {"DefaultAction": {"Allow": {}}}),
    (
        "AWS::WAFv2::WebACL",
        strength.WEB_FILTER,
        managed(),
        managed(RuleActionOverrides=[{"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}]),
    ),
    ("AWS::WAFv2::WebACL", strength.WEB_FILTER, managed(), managed(ExcludedRules=[{"Name": "SizeRestrictions_BODY"}])),
    (
        "AWS::CloudFront::Distribution",
        strength.WEB_FILTER,
        countries("whitelist", "US"),
        countries("whitelist", "US", "CA"),
    ),
    ("AWS::CloudFront::Distribution", strength.WEB_FILTER, countries("whitelist", "US"), countries("blacklist", "KP")),
    (
        "AWS::CloudFront::Distribution",
        strength.WEB_FILTER,
        countries("blacklist", "KP", "IR"),
        countries("blacklist", "KP"),
    ),
    ("AWS::CloudFront::Distribution", strength.WEB_FILTER, countries("blacklist", "KP"), {"DistributionConfig": {}}),
    (
        "AWS::NetworkFirewall::FirewallPolicy",
        strength.WEB_FILTER,
        {"FirewallPolicy": {"StatelessDefaultActions": ["aws:drop"]}},
        {"FirewallPolicy": {"StatelessDefaultActions": ["aws:pass"]}},
    ),
    (
        "AWS::NetworkFirewall::FirewallPolicy",
        strength.WEB_FILTER,
        {"FirewallPolicy": {"StatelessFragmentDefaultActions": ["aws:forward_to_sfe"]}},
        {"FirewallPolicy": {"StatelessFragmentDefaultActions": ["aws:pass", "metric"]}},
    ),
]


def case_id(case: Case) -> str:
    return f"{case[0]}-{case[1].code}"


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_stronger_and_weaker_values_are_told_apart(case: Case) -> None:
    resource_type, finding, strong, weak = case
    there = [remark for remark in grade(resource_type, strong, weak) if remark.code == finding.code]
    back = [remark for remark in grade(resource_type, weak, strong) if remark.code == finding.code]
    assert summary(there).directions == {Direction.WEAKER}
    assert summary(there).verdict is finding.verdict
    assert summary(back).directions == {Direction.STRONGER}


UNORDERED = [
    ("AWS::WAFv2::WebACL", rule(), rule(Statement={"GeoMatchStatement": {"CountryCodes": ["US"]}})),
    ("AWS::Logs::MetricFilter", {"FilterPattern": "ERROR"}, {"FilterPattern": "FATAL"}),
    ("AWS::Config::ConfigRule", {"InputParameters": {"kmsKeyArns": "a"}}, {"InputParameters": {"kmsKeyArns": "b"}}),
    ("AWS::CloudWatch::Alarm", alarm(5), alarm(5, "LessThanLowerOrGreaterThanUpperThreshold")),
    (
        "AWS::SecretsManager::RotationSchedule",
        {"RotationRules": {"AutomaticallyAfterDays": 30}},
        {"RotationRules": {"ScheduleExpression": "cron(0 8 1 * ? *)"}},
    ),
]


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(("resource_type", "before", "after"), UNORDERED)
def test_values_that_only_a_person_can_order_may_be_weaker(resource_type: str, before: Any, after: Any) -> None:
    assert summary(grade(resource_type, before, after)).codes == {strength.MAY_BE_WEAKER.code}
    assert summary(grade(resource_type, after, before)).codes == {strength.MAY_BE_WEAKER.code}


@pytest.mark.requirement("REV-2")
def test_change_beside_a_graded_value_that_is_unknown_is_no_finding() -> None:
    """It said that the threshold may be weaker when the description of an alarm with an unknown threshold changed."""
    before = alarm({"Fn::ImportValue": "threshold"}, AlarmDescription="old")  # type: ignore[arg-type]
    assert grade("AWS::CloudWatch::Alarm", before, {**before, "AlarmDescription": "new"}) == ()


def test_every_graded_row_has_a_case() -> None:
    graded = [row for row in ROWS if isinstance(row.measure, Graded)]
    names = {kind for kind, *_ in CASES} | {kind for kind, *_ in UNORDERED}
    assert [row.path for row in graded if row.types and not set(row.types) & names] == []
