"""AWS Config (T-CFG-*)."""

from __future__ import annotations

import re

import pytest

from builders.platforms import PLATFORMS
from builders.tiers.compliance import RULES
from tests.builders.support.conditions import deployed
from tests.builders.support.paths import PROJECT
from tests.builders.support.policies import permissions_of, statements
from tests.builders.support.resources import all_resources, find_resource, resources, templates, text


@pytest.mark.requirement("T-CFG-1")
def test_recorder_records_every_type_and_global_ones() -> None:
    assert find_resource("trading", "ConfigRecorder").properties["RecordingGroup"] == {
        "AllSupported": True,
        "IncludeGlobalResourceTypes": True,
    }


@pytest.mark.requirement("T-CFG-1")
def test_channel_does_not_wait_for_the_recorder() -> None:
    """Each of the two waits until the other exists, so a dependency in either direction never ends."""
    assert find_resource("trading", "ConfigDeliveryChannel").body["DependsOn"] == "ConfigBucketPolicy"
    assert "DependsOn" not in find_resource("trading", "ConfigRecorder").body
    for a, b in (("ConfigRecorder", "ConfigDeliveryChannel"), ("ConfigDeliveryChannel", "ConfigRecorder")):
        assert b not in str(find_resource("trading", a).properties)


@pytest.mark.requirement("T-CFG-1")
def test_delivery_is_encrypted_and_the_bucket_allows_the_service_of_this_account() -> None:
    assert find_resource("trading", "ConfigDeliveryChannel").properties["S3KmsKeyArn"] == {"Ref": "DataKeyArn"}
    allowed = [
        s
        for s in statements(find_resource("trading", "ConfigBucketPolicy").properties["PolicyDocument"])
        if s["Effect"] == "Allow"
    ]
    assert [s["Sid"] for s in allowed] == ["ConfigChecks", "ConfigDelivers"]
    for statement in allowed:
        assert statement["Principal"] == {"Service": ["config.amazonaws.com"]}
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}


@pytest.mark.requirement("T-CFG-1")
def test_role_carries_the_services_policy() -> None:
    arns = [str(arn) for arn in find_resource("trading", "ConfigRole").properties["ManagedPolicyArns"]]
    assert any("service-role/AWS_ConfigRole" in arn for arn in arns)


@pytest.mark.requirement("T-CFG-1")
def test_role_may_deliver_with_an_acl() -> None:
    """AWS Config sends an ACL, and S3 then also demands PutObjectAcl.

    Source: https://docs.aws.amazon.com/config/latest/developerguide/iamrole-permissions.html.
    """
    for platform in PLATFORMS:
        (deliver,) = [s for s in permissions_of(platform, "ConfigRole") if s["Sid"] == "Deliver"]
        assert deliver["Action"] == ["s3:PutObject", "s3:PutObjectAcl"]
        assert [text(arn) for arn in deliver["Resource"]] == ["${ConfigBucket.Arn}/AWSLogs/${AWS::AccountId}/*"]


@pytest.mark.requirement("T-CFG-2")
def test_rules_wait_for_recorder_and_channel() -> None:
    for resource in resources("trading", "AWS::Config::ConfigRule"):
        assert resource.body["DependsOn"] == ["ConfigRecorder", "ConfigDeliveryChannel"]


@pytest.mark.requirement("T-CFG-2")
def test_rules_cover_what_the_requirements_demand() -> None:
    demanded = """
        S3_DEFAULT_ENCRYPTION_KMS RDS_STORAGE_ENCRYPTED DYNAMODB_TABLE_ENCRYPTED_KMS
        ENCRYPTED_VOLUMES CLOUDWATCH_LOG_GROUP_ENCRYPTED S3_BUCKET_LOGGING_ENABLED
        API_GW_EXECUTION_LOGGING_ENABLED VPC_FLOW_LOGS_ENABLED DB_INSTANCE_BACKUP_ENABLED
        DYNAMODB_PITR_ENABLED S3_BUCKET_PUBLIC_READ_PROHIBITED S3_BUCKET_PUBLIC_WRITE_PROHIBITED
        RDS_INSTANCE_PUBLIC_ACCESS_CHECK S3_BUCKET_SSL_REQUESTS_ONLY CMK_BACKING_KEY_ROTATION_ENABLED
        IAM_PASSWORD_POLICY ROOT_ACCOUNT_MFA_ENABLED IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS
        LAMBDA_INSIDE_VPC VPC_DEFAULT_SECURITY_GROUP_CLOSED INCOMING_SSH_DISABLED
        SECRETSMANAGER_ROTATION_ENABLED_CHECK
    """.split()  # noqa: SIM905 - a list of names reads better as text
    emitted = {
        resource.properties["Source"]["SourceIdentifier"]
        for resource in resources("trading", "AWS::Config::ConfigRule")
    }
    assert set(demanded) <= emitted


@pytest.mark.requirement("T-CFG-2")
def test_periodic_rules_have_no_scope() -> None:
    """AWS Config rejects a scope on a rule that no change triggers, and the whole stack rolls back."""
    periodic = {
        "CLOUDWATCH_LOG_GROUP_ENCRYPTED",
        "CMK_BACKING_KEY_ROTATION_ENABLED",
        "IAM_PASSWORD_POLICY",
        "ROOT_ACCOUNT_MFA_ENABLED",
        "VPC_FLOW_LOGS_ENABLED",
    }
    rules = {
        f.properties["Source"]["SourceIdentifier"]: f.properties
        for f in resources("trading", "AWS::Config::ConfigRule")
    }
    assert periodic <= set(rules)
    assert not [identifier for identifier in periodic if "Scope" in rules[identifier]]


@pytest.mark.requirement("T-CFG-2")
def test_every_rule_names_its_pci_requirement() -> None:
    for row in RULES:
        assert re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{1,2}(\.\d)?", row.pci), row.stem
    for resource in resources("trading", "AWS::Config::ConfigRule"):
        assert resource.properties["Description"].startswith("PCI DSS 4.0.1, ")
        assert len(resource.properties["Description"]) <= 256


@pytest.mark.requirement("T-CFG-2", "X-SEC-1")
def test_every_secret_rotates_except_those_that_the_rule_itself_names() -> None:
    """Regression: two secrets stayed non-compliant, and only a comment in a builder said that this was intended."""
    secrets = {resource.title for resource in all_resources("AWS::SecretsManager::Secret")}
    rotating = {f.properties["SecretId"]["Ref"] for f in all_resources("AWS::SecretsManager::RotationSchedule")}
    assert secrets - rotating == {"OriginBlueSecret", "OriginGreenSecret"}
    rule = find_resource("trading", "SecretsRotationRule").properties
    assert rule["Scope"] == {"ComplianceResourceTypes": ["AWS::SecretsManager::Secret"]}, (
        "AWS Config evaluates a forgotten secret too"
    )
    assert "origin header" in rule["Description"]
    page = re.search(r"\((docs/[a-z]+\.md)\)", rule["Description"])
    assert page
    explanation = (PROJECT / page[1]).read_text("utf-8")
    assert find_resource("trading", "SecretsRotationRule").properties["Source"]["SourceIdentifier"] in explanation
    for colour in ("blue", "green"):
        assert f"transactions-origin-{colour}-<suffix>" in explanation


@pytest.mark.requirement("A-8")
def test_a_second_stack_of_the_account_creates_nothing_of_aws_config() -> None:
    for platform in ("trading", "transactions"):
        root = templates(platform)["root"]
        nobody = {"AnalystPrincipalArns": "none", "ApiClientPrincipalArns": "none"}
        assert "Compliance" not in deployed(root, ManageConfigRecorder="false", **nobody)
        assert "Compliance" in deployed(root, ManageConfigRecorder="true", **nobody)
        assert {find.tier for find in resources(platform) if find.type.startswith("AWS::Config::")} == {"compliance"}
