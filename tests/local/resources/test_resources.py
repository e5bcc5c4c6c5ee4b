"""What the sample stack declares is what the services show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.support.stacks import Outcome, physical_ids

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("sample")]

ACCOUNT = "111122223333"
RAW = f"sample-raw-dev-{ACCOUNT}"


@pytest.fixture(scope="module")
def ids(cloud: EmbeddedCloud, sample: Outcome) -> dict[str, str]:
    return physical_ids(cloud, "sample-dev")


@pytest.fixture(scope="module")
def key_arn(ids: dict[str, str]) -> str:
    return f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{ids['Keys.Key']}"


def test_key_rotates_under_its_alias(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    kms = cloud.client("kms")
    assert kms.get_key_rotation_status(KeyId=ids["Keys.Key"])["KeyRotationEnabled"] is True
    assert kms.describe_key(KeyId="alias/sample-dev")["KeyMetadata"]["KeyId"] == ids["Keys.Key"]
    assert "logs.us-east-1.amazonaws.com" in kms.get_key_policy(KeyId=ids["Keys.Key"], PolicyName="default")["Policy"]


def test_network_with_nat_address_and_routes(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    ec2 = cloud.client("ec2")
    [nat] = ec2.describe_nat_gateways(NatGatewayIds=[ids["Network.Nat"]])["NatGateways"]
    assert nat["SubnetId"] == ids["Network.PublicA"]
    [address] = ec2.describe_addresses(PublicIps=[ids["Network.Address"]])["Addresses"]
    [recorded] = [entry for entry in cloud.recorded() if entry["PhysicalId"] == ids["Network.Nat"]]
    assert recorded["Properties"] == {"AllocationId": address["AllocationId"]}  # the service does not show it
    [table] = ec2.describe_route_tables(RouteTableIds=[ids["Network.PrivateRoutes"]])["RouteTables"]
    assert any(route.get("NatGatewayId") == ids["Network.Nat"] for route in table["Routes"])
    assert {"Key": "Name", "Value": "nat-dev"} in nat["Tags"]


def test_security_group_rules_are_resources_with_descriptions(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    groups = cloud.client("ec2").describe_security_groups(GroupIds=[ids["Network.DatabaseGroup"]])["SecurityGroups"]
    [rule] = groups[0]["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)
    [pair] = rule["UserIdGroupPairs"]
    assert pair["GroupId"] == ids["Network.FunctionGroup"]
    assert pair["Description"] == "From functions"


def test_endpoints_and_flow_log(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    ec2 = cloud.client("ec2")
    endpoints = [ids["Network.ObjectEndpoint"], ids["Network.LogsEndpoint"]]
    kinds = {entry["VpcEndpointType"] for entry in ec2.describe_vpc_endpoints(VpcEndpointIds=endpoints)["VpcEndpoints"]}
    assert kinds == {"Gateway", "Interface"}
    [flow] = ec2.describe_flow_logs(FlowLogIds=[ids["Network.FlowLog"]])["FlowLogs"]
    assert (flow["ResourceId"], flow["LogDestination"]) == (ids["Network.Vpc"], "/sample/flow-dev")
    assert {"Key": "Name", "Value": "flow"} in flow["Tags"]


def test_bucket_settings(cloud: EmbeddedCloud, key_arn: str) -> None:
    s3 = cloud.client("s3")
    [rule] = s3.get_bucket_encryption(Bucket=RAW)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    assert s3.get_bucket_versioning(Bucket=RAW)["Status"] == "Enabled"
    first, second = s3.get_bucket_lifecycle_configuration(Bucket=RAW)["Rules"]
    assert first["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER"}]
    assert first["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert first["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert second["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    logging = s3.get_bucket_logging(Bucket=RAW)["LoggingEnabled"]
    assert (logging["TargetBucket"], logging["TargetPrefix"]) == (f"sample-logs-dev-{ACCOUNT}", "raw/")
    [ownership] = s3.get_bucket_ownership_controls(Bucket=RAW)["OwnershipControls"]["Rules"]
    assert ownership == {"ObjectOwnership": "BucketOwnerEnforced"}
    assert set(s3.get_public_access_block(Bucket=RAW)["PublicAccessBlockConfiguration"].values()) == {True}
    assert {"Key": "DataClassification", "Value": "Confidential"} in s3.get_bucket_tagging(Bucket=RAW)["TagSet"]
    [notification] = s3.get_bucket_notification_configuration(Bucket=RAW)["QueueConfigurations"]
    assert notification["QueueArn"].endswith(":sample-work-dev")
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=RAW)["Policy"]


def test_queue_and_topic_are_encrypted(cloud: EmbeddedCloud, ids: dict[str, str], key_arn: str) -> None:
    queue = cloud.client("sqs").get_queue_attributes(QueueUrl=ids["Storage.Queue"], AttributeNames=["All"])[
        "Attributes"
    ]
    assert queue["KmsMasterKeyId"] == key_arn
    assert json.loads(queue["RedrivePolicy"])["maxReceiveCount"] == 2
    topic = cloud.client("sns").get_topic_attributes(TopicArn=ids["Storage.Topic"])["Attributes"]
    assert topic["KmsMasterKeyId"] == key_arn
    assert topic["TracingConfig"] == "Active"


def test_table_is_encrypted_recoverable_and_expires(cloud: EmbeddedCloud, key_arn: str) -> None:
    dynamodb = cloud.client("dynamodb")
    table = dynamodb.describe_table(TableName="sessions-dev")["Table"]
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert table["SSEDescription"]["KMSMasterKeyArn"] == key_arn
    recovery = dynamodb.describe_continuous_backups(TableName="sessions-dev")["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = dynamodb.describe_time_to_live(TableName="sessions-dev")["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}


def test_cluster_and_members(cloud: EmbeddedCloud, key_arn: str) -> None:
    rds = cloud.client("rds")
    [cluster] = rds.describe_db_clusters(DBClusterIdentifier="sample-dev")["DBClusters"]
    assert (cluster["StorageEncrypted"], cluster["KmsKeyId"]) == (True, key_arn)
    assert cluster["IAMDatabaseAuthenticationEnabled"] is True
    assert cluster["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 4
    assert cluster["MasterUserSecret"]["KmsKeyId"] == key_arn
    assert cluster["Endpoint"] == cluster["ReaderEndpoint"] == "127.0.0.1"
    writers = {member["DBInstanceIdentifier"]: member["IsClusterWriter"] for member in cluster["DBClusterMembers"]}
    assert writers == {"sample-writer-dev": True, "sample-reader-dev": False}
    [reader] = rds.describe_db_instances(DBInstanceIdentifier="sample-reader-dev")["DBInstances"]
    assert (reader["Endpoint"]["Address"], reader["Endpoint"]["Port"]) == ("127.0.0.1", cluster["Port"])


def test_function_settings(cloud: EmbeddedCloud, ids: dict[str, str], key_arn: str) -> None:
    function = cloud.client("lambda").get_function(FunctionName="sample-answer-dev")
    configuration = function["Configuration"]
    assert configuration["Runtime"] == "python3.14"
    assert configuration["Architectures"] == ["arm64"]
    assert configuration["KMSKeyArn"] == key_arn
    assert configuration["TracingConfig"] == {"Mode": "Active"}
    assert configuration["DeadLetterConfig"]["TargetArn"].endswith(":sample-dead-dev")
    assert set(configuration["VpcConfig"]["SubnetIds"]) == {ids["Network.PrivateA"], ids["Network.PrivateB"]}
    assert configuration["LoggingConfig"]["LogGroup"] == "/aws/lambda/sample-answer-dev"
    assert function["Concurrency"] == {"ReservedConcurrentExecutions": 5}


def test_event_source_and_invoke_config(cloud: EmbeddedCloud) -> None:
    client = cloud.client("lambda")
    [mapping] = client.list_event_source_mappings(FunctionName="sample-consume-dev")["EventSourceMappings"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    invoke = client.get_function_event_invoke_config(FunctionName="sample-alert-dev", Qualifier="$LATEST")
    assert invoke["MaximumRetryAttempts"] == 1


def test_role_has_its_boundary(cloud: EmbeddedCloud) -> None:
    role = cloud.client("iam").get_role(RoleName="sample-answer-dev")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith("/AdministratorAccess")


def test_stage_logs_traces_and_certificate(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    stage = cloud.client("apigateway").get_stage(restApiId=ids["Api.Api"], stageName="v1")
    assert stage["tracingEnabled"] is True
    assert stage["clientCertificateId"] == ids["Api.Certificate"]
    assert stage["accessLogSettings"]["destinationArn"].endswith(":/aws/apigateway/sample-dev")
    assert stage["methodSettings"]["*/*"]["dataTraceEnabled"] is False


def test_firewall_stands_before_the_stage(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{ids['Api.Api']}/stages/v1"
    assert cloud.client("wafv2").get_web_acl_for_resource(ResourceArn=arn)["WebACL"]["Name"] == "sample-dev"


def test_alarms(cloud: EmbeddedCloud) -> None:
    answer = cloud.client("cloudwatch").describe_alarms(
        AlarmNamePrefix="sample-", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    assert {alarm["AlarmName"] for alarm in answer["MetricAlarms"]} >= {"sample-errors-dev", "sample-ratio-dev"}
    [composite] = [alarm for alarm in answer["CompositeAlarms"] if alarm["AlarmName"] == "sample-both-dev"]
    assert "sample-errors-dev" in composite["AlarmRule"]


def test_config_records_and_rules(cloud: EmbeddedCloud) -> None:
    config = cloud.client("config")
    [recorder] = config.describe_configuration_recorders()["ConfigurationRecorders"]
    assert recorder["recordingGroup"]["allSupported"] is True
    assert config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"][0]["recording"] is True
    [channel] = config.describe_delivery_channels()["DeliveryChannels"]
    assert channel["s3BucketName"] == f"sample-config-dev-{ACCOUNT}"
    rules = {rule["ConfigRuleName"]: rule for rule in config.describe_config_rules()["ConfigRules"]}
    assert json.loads(rules["sample-password-dev"]["InputParameters"]) == {"MinimumPasswordLength": "14"}


def test_analytics(cloud: EmbeddedCloud, key_arn: str) -> None:
    group = cloud.client("athena").get_work_group(WorkGroup="sample-dev")["WorkGroup"]["Configuration"]
    assert group["ResultConfiguration"]["EncryptionConfiguration"]["KmsKey"] == key_arn
    table = cloud.client("glue").get_table(DatabaseName="sample_dev", Name="bars")["Table"]
    assert table["PartitionKeys"] == [{"Name": "date", "Type": "string"}]


def test_what_has_no_service_is_recorded_and_named(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    recorded: dict[str, dict[str, Any]] = {entry["Type"]: entry for entry in cloud.recorded()}
    assert recorded["AWS::ApiGateway::ClientCertificate"]["PhysicalId"] == ids["Api.Certificate"]
    assert recorded["AWS::WAFv2::LoggingConfiguration"]["Properties"]["LogDestinationConfigs"]
    assert len(recorded["AWS::CloudWatch::Alarm (metric math)"]["Properties"]["Metrics"]) == 3
