"""What holds for every template of every platform (the requirements A-*)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from builders.assembly.naming import NAME_RULES, SINGLETON_NAMES, longest
from builders.iam.regions import GLOBAL_ACTIONS
from builders.platforms import PLATFORMS
from tests.builders.support.policies import policy_documents, statements
from tests.builders.support.resources import Found, every_resource, one, templates, text

STATEFUL = {
    "AWS::Athena::WorkGroup",
    "AWS::CloudFormation::Stack",
    "AWS::DynamoDB::Table",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
}
# Where a resource says under which key it stores data. A dotted path; * goes through a list.
KEY_PROPERTIES = {
    "AWS::Athena::WorkGroup": "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.KmsKey",
    "AWS::DynamoDB::Table": "SSESpecification.KMSMasterKeyId",
    "AWS::Lambda::Function": "KmsKeyArn",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::RDS::DBCluster": "KmsKeyId",
    "AWS::RDS::DBInstance": "PerformanceInsightsKMSKeyId",
    "AWS::S3::Bucket": "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault.KMSMasterKeyID",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
}
TAGS = {"Compliance": "PCI-DSS", "CostCenter": "trading-platform", "DataClassification": "Confidential"}
# Types whose CloudFormation schema has no Tags (looked up in the resource schemas of September 2026).
UNTAGGED = {
    "AWS::ApiGateway::Account", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method", "AWS::ApiGateway::Model", "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource", "AWS::ApiGateway::UsagePlanKey", "AWS::Config::ConfigRule",
    "AWS::Config::ConfigurationRecorder", "AWS::Config::DeliveryChannel", "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment", "AWS::Glue::Database", "AWS::Glue::Table", "AWS::IAM::ManagedPolicy",
    "AWS::KMS::Alias", "AWS::Lambda::Permission",
    "AWS::AutoScaling::ScalingPolicy", "AWS::AutoScaling::ScheduledAction", "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::OriginAccessControl", "AWS::CloudFront::ResponseHeadersPolicy", "AWS::IAM::InstanceProfile",
    "AWS::IAM::ServiceLinkedRole", "AWS::Logs::MetricFilter", "AWS::Logs::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule", "AWS::SecretsManager::SecretTargetAttachment",
    "AWS::Logs::SubscriptionFilter", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy", "AWS::WAFv2::LoggingConfiguration", "AWS::WAFv2::WebACLAssociation",
}  # fmt: skip


def _at(value: Any, path: str) -> list[Any]:
    """The values at a dotted path; an absent one is None."""
    found = [value]
    for step in path.split("."):
        found = [
            part
            for each in found
            for part in (each if step == "*" else [each.get(step) if isinstance(each, Mapping) else None])
        ]
    return found


def _ids(found: Found) -> str:
    return str(found)


# --- A-1 names -------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-1")
@pytest.mark.parametrize("found", list(every_resource(*NAME_RULES)), ids=_ids)
def test_every_named_resource_ends_in_the_suffix_within_its_services_limit(found: Found) -> None:
    rule = NAME_RULES[found.type]
    assert rule.property in found.properties, "a name that CloudFormation makes up does not carry the suffix"
    name = text(found.properties[rule.property])
    if name in SINGLETON_NAMES:
        return
    assert name.endswith(rule.endings)
    assert len(longest(name)) <= rule.limit


@pytest.mark.requirement("A-1")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_suffix_is_a_checked_root_parameter(platform: str) -> None:
    parameter = templates(platform)["root"]["Parameters"]["EnvironmentSuffix"]
    assert parameter["Default"] == "dev"
    pattern = re.compile(parameter["AllowedPattern"])
    assert all(pattern.fullmatch(good) for good in ("dev", "pr-123", "a"))
    assert not any(pattern.fullmatch(bad) for bad in ("", "Dev", "-dev", "dev-", "a--b", "1st", "a_b"))
    assert parameter["MaxLength"] == 12


@pytest.mark.requirement("A-1")
def test_no_two_resources_of_one_account_share_a_name() -> None:
    """Also those of two platforms: they live side by side under one suffix."""
    named = [(f.type, text(f.properties[NAME_RULES[f.type].property])) for f in every_resource(*NAME_RULES)]
    assert len(named) == len(set(named))


# --- A-2 destruction -------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-2")
@pytest.mark.parametrize("found", list(every_resource(*STATEFUL)), ids=_ids)
def test_every_stateful_resource_is_deleted_with_its_stack(found: Found) -> None:
    assert found.body["DeletionPolicy"] == "Delete"
    assert found.body["UpdateReplacePolicy"] == "Delete"


@pytest.mark.requirement("A-2")
@pytest.mark.parametrize("found", list(every_resource()), ids=_ids)
def test_nothing_is_retained_or_protected(found: Found) -> None:
    assert found.body.get("DeletionPolicy", "Delete") == "Delete"
    assert found.body.get("UpdateReplacePolicy", "Delete") == "Delete"
    assert not found.properties.get("DeletionProtection")
    assert not found.properties.get("DeletionProtectionEnabled")


@pytest.mark.requirement("A-2")
@pytest.mark.parametrize("found", list(every_resource("AWS::S3::Bucket")), ids=_ids)
def test_every_bucket_is_emptied_before_it_is_deleted(found: Found) -> None:
    emptied = [
        f.properties["BucketName"]
        for f in every_resource("Custom::EmptyBucket")
        if (f.platform, f.tier) == (found.platform, found.tier)
    ]
    assert {"Ref": found.title} in emptied


@pytest.mark.requirement("A-2")
def test_no_role_can_create_log_groups_that_would_outlive_the_stack() -> None:
    creators = {
        str(found)
        for found, _, document in policy_documents()
        for statement in statements(document)
        if statement["Effect"] == "Allow" and "logs:CreateLogGroup" in statement.get("Action", [])
    }
    assert creators == {"trading/api/ApiLogPolicy"}, "only API Gateway, which checks that its account role may"


# --- A-3 regions -----------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-3")
@pytest.mark.parametrize("found", list(every_resource("AWS::IAM::Role")), ids=_ids)
def test_every_role_carries_the_region_denial(found: Found) -> None:
    assert {"Ref": "RegionDenyPolicyArn"} in found.properties["ManagedPolicyArns"]


@pytest.mark.requirement("A-3")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_region_denial_leaves_global_services_alone(platform: str) -> None:
    found = one(platform, "RegionDenyPolicy")
    (statement,) = found.properties["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert "Action" not in statement
    assert statement["Resource"] == ["*"]
    assert statement["Condition"] == {"StringNotEquals": {"aws:RequestedRegion": {"Ref": "AllowedRegions"}}}
    needed = {
        "cloudfront:*",
        "iam:*",
        "kms:*",
        "organizations:*",
        "route53:*",
        "s3:ListAllMyBuckets",
        "sts:*",
        "support:*",
        "wafv2:*",
    }
    assert needed <= set(statement["NotAction"])
    assert list(GLOBAL_ACTIONS) == sorted(set(GLOBAL_ACTIONS))


# --- A-4 encryption --------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-4")
@pytest.mark.parametrize("found", list(every_resource(*KEY_PROPERTIES)), ids=_ids)
def test_data_at_rest_is_under_a_customer_key(found: Found) -> None:
    if found.title == "AccessLogBucket":
        assert "SSE-S3" in found.body["Metadata"]["cfn-lint"]["reasons"]["E9802"]
        return
    keys = _at(found.properties, KEY_PROPERTIES[found.type])
    assert keys
    assert all(isinstance(key, dict) and ({"Ref", "Fn::GetAtt"} & set(key)) for key in keys)


@pytest.mark.requirement("A-4")
@pytest.mark.parametrize("found", list(every_resource("AWS::KMS::Key")), ids=_ids)
def test_keys_rotate_and_their_policies_bind_every_use(found: Found) -> None:
    assert found.properties["EnableKeyRotation"] is True
    assert found.properties["PendingWindowInDays"] == 7
    administration, *uses = statements(found.properties["KeyPolicy"])
    forbidden = {"kms:*", "kms:Create*", "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
    assert not forbidden & set(administration["Action"]), "administration gives no cryptographic use"
    assert uses
    for use in uses:
        roles = [text(role) for role in use["Principal"].get("AWS", [])]
        if roles == ["${ScalingRoleArn}"]:
            continue  # Auto Scaling's role for this platform alone, which takes no condition
        bound = json.dumps(use["Condition"])
        assert any(
            word in bound
            for word in ("kms:ViaService", "kms:EncryptionContext:", "aws:SourceAccount", "GrantIsForAWSResource")
        )


# --- A-5 log groups --------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-5")
@pytest.mark.parametrize("found", list(every_resource("AWS::Logs::LogGroup")), ids=_ids)
def test_log_groups_are_encrypted_and_kept_as_long_as_the_parameter_says(found: Found) -> None:
    assert found.properties["KmsKeyId"] == {"Ref": "LogsKeyArn"}
    assert found.properties["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.requirement("A-5")
def test_trading_keeps_logs_for_thirty_days_and_transactions_for_ninety() -> None:
    for platform, days in (("trading", 30), ("transactions", 90)):
        assert templates(platform)["root"]["Parameters"]["LogRetentionDays"]["Default"] == days


@pytest.mark.requirement("A-5")
def test_every_function_has_its_log_group_and_writes_to_no_other() -> None:
    for found in every_resource("AWS::Lambda::Function"):
        group = templates(found.platform)[found.tier]["Resources"][found.properties["LoggingConfig"]["LogGroup"]["Ref"]]
        assert text(group["Properties"]["LogGroupName"]) == "/aws/lambda/" + text(found.properties["FunctionName"])


# --- A-6 least privilege ---------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-6")
def test_a_permission_on_everything_carries_its_reason() -> None:
    for found, name, document in policy_documents():
        for statement in statements(document):
            if statement["Effect"] == "Allow" and "*" in statement.get("Resource", []):
                reasons = found.body.get("Metadata", {}).get("WildcardResources", {})
                assert len(reasons.get(statement["Sid"], "")) > 20, f"{found} {name} {statement['Sid']}"


@pytest.mark.requirement("A-6")
@pytest.mark.parametrize("found", list(every_resource("AWS::IAM::ManagedPolicy")), ids=_ids)
def test_no_role_may_do_everything_a_service_offers(found: Found) -> None:
    for statement in statements(found.properties["PolicyDocument"]):
        if statement["Effect"] == "Allow":
            assert not [action for action in statement["Action"] if "*" in action]


@pytest.mark.requirement("A-6")
@pytest.mark.parametrize("found", list(every_resource("AWS::IAM::Role")), ids=_ids)
def test_roles_have_customer_managed_policies_only(found: Found) -> None:
    assert "Policies" not in found.properties, "no inline policy"
    arns = [text(arn) for arn in found.properties["ManagedPolicyArns"]]
    by_aws = [arn for arn in arns if ":aws:policy/" in arn]
    expected = (
        ["arn:${AWS::Partition}:iam::aws:policy/service-role/AWS_ConfigRole"] if found.title == "ConfigRole" else []
    )
    assert by_aws == expected, "AWS Config's own policy is required (T-CFG-1); no other of AWS's is"


@pytest.mark.requirement("A-6")
def test_services_are_bound_to_this_account() -> None:
    """Against the confused deputy: by the source account, or by an encryption context that holds the account."""
    for found, name, document in policy_documents():
        for statement in statements(document):
            principal = statement.get("Principal")
            if statement["Effect"] == "Allow" and isinstance(principal, dict) and "Service" in principal:
                bound = json.dumps(statement["Condition"])
                by_context = "kms:EncryptionContext:" in bound and "AWS::AccountId" in bound
                # CloudFront and Elastic Load Balancing name the resource, whose ARN holds the account.
                by_source = "aws:SourceArn" in bound and "${AWS::AccountId}:" in bound
                assert "aws:SourceAccount" in bound or by_context or by_source, f"{found} {name} {statement['Sid']}"


@pytest.mark.requirement("A-6")
def test_policies_fit_into_iams_limit() -> None:
    """6,144 characters without white space, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""
    for found in every_resource("AWS::IAM::ManagedPolicy"):
        compact = json.dumps(found.properties["PolicyDocument"], separators=(",", ":"))
        assert len(longest(compact)) <= 6144, found


# --- A-7 tags --------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-7")
@pytest.mark.parametrize("found", [f for f in every_resource() if not f.type.startswith("Custom::")], ids=_ids)
def test_every_taggable_resource_carries_the_four_tags(found: Found) -> None:
    if found.type == "AWS::EC2::LaunchTemplate":
        own = found.properties["TagSpecifications"]
        started = found.properties["LaunchTemplateData"]["TagSpecifications"]
        assert [each["ResourceType"] for each in own] == ["launch-template"]
        assert [each["ResourceType"] for each in started] == ["instance", "volume", "network-interface"]
        lists = [each["Tags"] for each in (*own, *started)]
    elif "Tags" in found.properties:
        lists = [found.properties["Tags"]]
    else:
        assert found.type in UNTAGGED
        return
    for tags in lists:
        _carries_the_four_tags({tag["Key"]: tag["Value"] for tag in tags})


def _carries_the_four_tags(tags: Mapping[str, Any]) -> None:
    assert tags.items() >= TAGS.items()
    assert tags["Environment"] == {"Ref": "EnvironmentSuffix"}


# --- A-8 singletons --------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-8")
@pytest.mark.parametrize(
    "kind", ["AWS::ApiGateway::Account", "AWS::Config::ConfigurationRecorder", "AWS::Config::DeliveryChannel"]
)
def test_account_singletons_can_be_switched_off(kind: str) -> None:
    for found in every_resource(kind):
        rule = templates(found.platform)[found.tier]["Conditions"][found.body["Condition"]]
        parameter = rule["Fn::Equals"][0]["Ref"]
        assert templates(found.platform)["root"]["Parameters"][parameter]["AllowedValues"] == ["true", "false"]


@pytest.mark.requirement("A-8")
def test_there_is_no_guardduty_detector() -> None:
    assert not list(every_resource("AWS::GuardDuty::Detector"))


# --- A-9 root parameters ---------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-9")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_root_parameters_are_grouped_labelled_described_and_constrained(platform: str) -> None:
    root = templates(platform)["root"]
    interface = root["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(root["Parameters"])
    assert set(interface["ParameterLabels"]) == set(root["Parameters"])
    for name, parameter in root["Parameters"].items():
        assert len(parameter["Description"]) > 20, name
        assert parameter["ConstraintDescription"], name
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter), f"{name} has no constraint"
