"""Invariants of every template of every platform (requirements A-*)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from builders.assembly.naming import NAME_RULES, SINGLETON_NAMES, longest
from builders.contract.names import pascal
from builders.iam.regions import GLOBAL_ACTIONS
from builders.platforms import PLATFORMS
from cfn.names import NAMINGS, value_at
from tests.builders.support.policies import policy_documents, statements
from tests.builders.support.resources import Resource, all_resources, find_resource, templates, text

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
# The property with the key under which a resource stores data, as a dotted path; * stands for the items of a list.
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
    """The values at a dotted path; None for absent values."""
    values = [value]
    for step in path.split("."):
        values = [
            part
            for each in values
            for part in (each if step == "*" else [each.get(step) if isinstance(each, Mapping) else None])
        ]
    return values


def _ids(resource: Resource) -> str:
    return str(resource)


# --- A-1 names -------------------------------------------------------------------------------------------------------
def _names(resource: Resource) -> list[str]:
    """What the properties that name the resource hold; a database of Glue has two."""
    values = [value_at(resource.properties, path) for path in NAMINGS[resource.type].paths]
    return [text(value) for value in values if value is not None]


@pytest.mark.requirement("A-1")
@pytest.mark.parametrize("resource", list(all_resources(*NAME_RULES)), ids=_ids)
def test_every_named_resource_ends_in_the_suffix_within_its_services_limit(resource: Resource) -> None:
    rule = NAME_RULES[resource.type]
    names = _names(resource)
    assert names, "a name that CloudFormation generates lacks the suffix"
    for name in names:
        if name not in SINGLETON_NAMES:
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
    """Two platforms exist side by side under one suffix, so this includes resources of both."""
    named = [(f.type, name) for f in all_resources(*NAME_RULES) for name in set(_names(f))]
    assert len(named) == len(set(named))


# --- A-2 destruction -------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-2")
@pytest.mark.parametrize("resource", list(all_resources(*STATEFUL)), ids=_ids)
def test_every_stateful_resource_is_deleted_with_its_stack(resource: Resource) -> None:
    assert resource.body["DeletionPolicy"] == "Delete"
    assert resource.body["UpdateReplacePolicy"] == "Delete"


@pytest.mark.requirement("A-2")
@pytest.mark.parametrize("resource", list(all_resources()), ids=_ids)
def test_nothing_is_retained_or_protected(resource: Resource) -> None:
    assert resource.body.get("DeletionPolicy", "Delete") == "Delete"
    assert resource.body.get("UpdateReplacePolicy", "Delete") == "Delete"
    assert not resource.properties.get("DeletionProtection")
    assert not resource.properties.get("DeletionProtectionEnabled")


@pytest.mark.requirement("A-2")
@pytest.mark.parametrize("resource", list(all_resources("AWS::S3::Bucket")), ids=_ids)
def test_every_bucket_is_emptied_before_it_is_deleted(resource: Resource) -> None:
    emptied = [
        f.properties["BucketName"]
        for f in all_resources("Custom::EmptyBucket")
        if (f.platform, f.tier) == (resource.platform, resource.tier)
    ]
    assert {"Ref": resource.title} in emptied


@pytest.mark.requirement("A-2")
def test_no_role_can_create_log_groups_that_would_outlive_the_stack() -> None:
    creators = {
        str(resource)
        for resource, _, document in policy_documents()
        for statement in statements(document)
        if statement["Effect"] == "Allow" and "logs:CreateLogGroup" in statement.get("Action", [])
    }
    assert creators == {"trading/api/ApiLogPolicy"}, "only API Gateway, which requires it of its account role"


# --- A-3 regions -----------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-3")
@pytest.mark.parametrize("resource", list(all_resources("AWS::IAM::Role")), ids=_ids)
def test_every_role_carries_the_region_denial(resource: Resource) -> None:
    assert {"Ref": "RegionDenyPolicyArn"} in resource.properties["ManagedPolicyArns"]


@pytest.mark.requirement("A-3")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_region_denial_leaves_global_services_alone(platform: str) -> None:
    resource = find_resource(platform, "RegionDenyPolicy")
    (statement,) = resource.properties["PolicyDocument"]["Statement"]
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
@pytest.mark.parametrize("resource", list(all_resources(*KEY_PROPERTIES)), ids=_ids)
def test_data_at_rest_is_under_a_customer_key(resource: Resource) -> None:
    if resource.title == "AccessLogBucket":
        assert "SSE-S3" in resource.body["Metadata"]["cfn-lint"]["reasons"]["E9802"]
        return
    keys = _at(resource.properties, KEY_PROPERTIES[resource.type])
    assert keys
    assert all(isinstance(key, dict) and ({"Ref", "Fn::GetAtt"} & set(key)) for key in keys)


@pytest.mark.requirement("A-4")
@pytest.mark.parametrize("resource", list(all_resources("AWS::KMS::Key")), ids=_ids)
def test_keys_rotate_and_their_policies_bind_every_use(resource: Resource) -> None:
    assert resource.properties["EnableKeyRotation"] is True
    assert resource.properties["PendingWindowInDays"] == 7
    administration, *uses = statements(resource.properties["KeyPolicy"])
    forbidden = {"kms:*", "kms:Create*", "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
    assert not forbidden & set(administration["Action"]), "administration grants no cryptographic use"
    assert uses
    for use in uses:
        roles = [text(role) for role in use["Principal"].get("AWS", [])]
        if roles == ["${ScalingRoleArn}"]:
            continue  # Auto Scaling's role for this platform alone, which AWS documents without a condition
        bound = json.dumps(use["Condition"])
        assert any(
            word in bound
            for word in ("kms:ViaService", "kms:EncryptionContext:", "aws:SourceAccount", "GrantIsForAWSResource")
        )


# --- A-5 log groups --------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-5")
@pytest.mark.parametrize("resource", list(all_resources("AWS::Logs::LogGroup")), ids=_ids)
def test_log_groups_are_encrypted_and_kept_as_long_as_the_parameter_says(resource: Resource) -> None:
    assert resource.properties["KmsKeyId"] == {"Ref": "LogsKeyArn"}
    assert resource.properties["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.requirement("A-5")
def test_trading_keeps_logs_for_thirty_days_and_transactions_for_ninety() -> None:
    for platform, days in (("trading", 30), ("transactions", 90)):
        assert templates(platform)["root"]["Parameters"]["LogRetentionDays"]["Default"] == days


@pytest.mark.requirement("A-5")
def test_every_function_has_its_log_group_and_writes_to_no_other() -> None:
    for resource in all_resources("AWS::Lambda::Function"):
        group = templates(resource.platform)[resource.tier]["Resources"][
            resource.properties["LoggingConfig"]["LogGroup"]["Ref"]
        ]
        assert text(group["Properties"]["LogGroupName"]) == "/aws/lambda/" + text(resource.properties["FunctionName"])


# --- A-6 least privilege ---------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-6")
def test_a_permission_on_everything_carries_its_reason() -> None:
    for resource, name, document in policy_documents():
        for statement in statements(document):
            if statement["Effect"] == "Allow" and "*" in statement.get("Resource", []):
                reasons = resource.body.get("Metadata", {}).get("WildcardResources", {})
                assert len(reasons.get(statement["Sid"], "")) > 20, f"{resource} {name} {statement['Sid']}"


@pytest.mark.requirement("A-6")
@pytest.mark.parametrize("resource", list(all_resources("AWS::IAM::ManagedPolicy")), ids=_ids)
def test_no_role_may_do_everything_a_service_offers(resource: Resource) -> None:
    for statement in statements(resource.properties["PolicyDocument"]):
        if statement["Effect"] == "Allow":
            assert not [action for action in statement["Action"] if "*" in action]


@pytest.mark.requirement("A-6")
@pytest.mark.parametrize("resource", list(all_resources("AWS::IAM::Role")), ids=_ids)
def test_roles_have_customer_managed_policies_only(resource: Resource) -> None:
    assert "Policies" not in resource.properties, "no inline policy"
    arns = [text(arn) for arn in resource.properties["ManagedPolicyArns"]]
    by_aws = [arn for arn in arns if ":aws:policy/" in arn]
    expected = (
        ["arn:${AWS::Partition}:iam::aws:policy/service-role/AWS_ConfigRole"] if resource.title == "ConfigRole" else []
    )
    assert by_aws == expected, "AWS Config's own policy is required (T-CFG-1), and no other policy of AWS"


@pytest.mark.requirement("A-6")
def test_services_are_bound_to_this_account() -> None:
    """Against a confused deputy: by the source account, or by an encryption context that contains the account."""
    for resource, name, document in policy_documents():
        for statement in statements(document):
            principal = statement.get("Principal")
            if statement["Effect"] == "Allow" and isinstance(principal, dict) and "Service" in principal:
                bound = json.dumps(statement["Condition"])
                by_context = "kms:EncryptionContext:" in bound and "AWS::AccountId" in bound
                # CloudFront and Elastic Load Balancing send the resource's ARN, which contains the account.
                by_source = "aws:SourceArn" in bound and "${AWS::AccountId}:" in bound
                assert "aws:SourceAccount" in bound or by_context or by_source, f"{resource} {name} {statement['Sid']}"


# --- A-7 tags --------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("A-7")
@pytest.mark.parametrize("resource", [f for f in all_resources() if not f.type.startswith("Custom::")], ids=_ids)
def test_every_taggable_resource_carries_the_four_tags(resource: Resource) -> None:
    if resource.type == "AWS::EC2::LaunchTemplate":
        own = resource.properties["TagSpecifications"]
        started = resource.properties["LaunchTemplateData"]["TagSpecifications"]
        assert [each["ResourceType"] for each in own] == ["launch-template"]
        assert [each["ResourceType"] for each in started] == ["instance", "volume", "network-interface"]
        lists = [each["Tags"] for each in (*own, *started)]
    elif "Tags" in resource.properties:
        lists = [resource.properties["Tags"]]
    else:
        assert resource.type in UNTAGGED
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
    """The resource itself or its whole nested stack has the condition."""
    for resource in all_resources(kind):
        built = templates(resource.platform)
        nested = built["root"]["Resources"][pascal(resource.tier)]
        rule = (
            built[resource.tier]["Conditions"][resource.body["Condition"]]
            if "Condition" in resource.body
            else built["root"]["Conditions"][nested["Condition"]]
        )
        parameter = rule["Fn::Equals"][0]["Ref"]
        assert built["root"]["Parameters"][parameter]["AllowedValues"] == ["true", "false"]


@pytest.mark.requirement("A-8")
def test_there_is_no_guardduty_detector() -> None:
    assert not list(all_resources("AWS::GuardDuty::Detector"))


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
