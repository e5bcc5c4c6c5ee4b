"""Secrets as the transactions platform uses them: generated, attached to a MySQL cluster, rotated by a function."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from botocore.exceptions import ClientError

from local.cloud import EmbeddedCloud
from tests.local.support.stacks import Outcome, change, delete
from tests.local.support.waiting import eventually

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.database("MariaDB"),
]

FUNCTION = """
import json, os
import boto3

def handler(event, context):
    client, step, token = boto3.client("secretsmanager"), event["Step"], event["ClientRequestToken"]
    secret = event["SecretId"]
    client.tag_resource(SecretId=secret, Tags=[{"Key": step, "Value": token}])
    if os.environ["FAIL_AT"] == step:
        raise RuntimeError("fails as requested")
    if step == "createSecret":
        current = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
        try:
            client.get_secret_value(SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
        except client.exceptions.ResourceNotFoundException:
            current["password"] = client.get_random_password(ExcludePunctuation=True)["RandomPassword"]
            client.put_secret_value(SecretId=secret, ClientRequestToken=token, SecretString=json.dumps(current),
                                    VersionStages=["AWSPENDING"])
    if step == "finishSecret":
        stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        current = next(version for version, names in stages.items() if "AWSCURRENT" in names)
        client.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token,
                                           RemoveFromVersionId=current)
"""

TEMPLATE = """
Parameters:
  FailAt: {Type: String, Default: nowhere}
  PasswordLength: {Type: Number, Default: 40}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
      Policies:
        - PolicyName: rotate
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "secretsmanager:GetRandomPassword", Resource: "*"}
              - Effect: Allow
                Action:
                  - secretsmanager:DescribeSecret
                  - secretsmanager:GetSecretValue
                  - secretsmanager:PutSecretValue
                  - secretsmanager:UpdateSecretVersionStage
                  - secretsmanager:TagResource
                Resource: !Ref Secret
  Rotate:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.14
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 30
      Environment: {Variables: {FAIL_AT: !Ref FailAt}}
      Code:
        ZipFile: |
FUNCTION
  MayRotate:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !GetAtt Rotate.Arn
      Action: lambda:InvokeFunction
      Principal: secretsmanager.amazonaws.com
      SourceAccount: !Ref AWS::AccountId
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties:
      Name: mysql-secret
      GenerateSecretString:
        SecretStringTemplate: '{"username":"admin"}'
        GenerateStringKey: password
        PasswordLength: !Ref PasswordLength
        ExcludePunctuation: true
  Schedule:
    Type: AWS::SecretsManager::RotationSchedule
    DependsOn: [MayRotate, Target]
    Properties:
      SecretId: !Ref Secret
      RotationLambdaARN: !GetAtt Rotate.Arn
      RotateImmediatelyOnUpdate: true
      RotationRules: {AutomaticallyAfterDays: 30}
  Policy:
    Type: AWS::SecretsManager::ResourcePolicy
    Properties:
      SecretId: !Ref Secret
      BlockPublicPolicy: true
      ResourcePolicy:
        Version: "2012-10-17"
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: "secretsmanager:DeleteSecret"
            Resource: "*"
            Condition: {StringNotEquals: {"aws:PrincipalAccount": !Ref "AWS::AccountId"}}
  Cluster:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties:
      DBClusterIdentifier: mysql
      Engine: aurora-mysql
      EngineVersion: 8.0.mysql_aurora.3.08.2
      DatabaseName: payments
      MasterUsername: !Sub "{{resolve:secretsmanager:${Secret}:SecretString:username}}"
      MasterUserPassword: !Sub "{{resolve:secretsmanager:${Secret}:SecretString:password}}"
  Target:
    Type: AWS::SecretsManager::SecretTargetAttachment
    Properties: {SecretId: !Ref Secret, TargetId: !Ref Cluster, TargetType: "AWS::RDS::DBCluster"}
""".replace("FUNCTION", "\n".join(f"          {line}" for line in FUNCTION.splitlines()))


@pytest.fixture(scope="module")
def stack(cloud: EmbeddedCloud) -> Iterator[Outcome]:
    """The secret, rotated once. The tests change it one after the other."""
    before = cloud.leftovers()
    created = change(cloud, "secret", TEMPLATE)
    assert created.status == "CREATE_COMPLETE", created.failures
    await_rotation(cloud)
    yield created
    assert delete(cloud, "secret").status == "DELETE_COMPLETE"
    assert cloud.leftovers() == before


def stages(cloud: EmbeddedCloud) -> dict[str, str]:
    """The version of each stage."""
    described = cloud.client("secretsmanager").describe_secret(SecretId="mysql-secret")["VersionIdsToStages"]
    return {stage: version for version, names in described.items() for stage in names}


def await_rotation(cloud: EmbeddedCloud) -> str:
    """Wait until the pending version is current and return it."""

    def current() -> str | None:
        versions = stages(cloud)
        is_rotated = "AWSPREVIOUS" in versions and versions.get("AWSPENDING") == versions["AWSCURRENT"]
        return versions["AWSCURRENT"] if is_rotated else None

    return str(eventually(current, 20))


def value(cloud: EmbeddedCloud, **which: str) -> dict[str, Any]:
    text = cloud.client("secretsmanager").get_secret_value(SecretId="mysql-secret", **which)["SecretString"]
    return dict(json.loads(text))


def tags(cloud: EmbeddedCloud) -> dict[str, str]:
    described = cloud.client("secretsmanager").describe_secret(SecretId="mysql-secret")["Tags"]
    return {tag["Key"]: tag["Value"] for tag in described if not tag["Key"].startswith("aws:")}


@pytest.mark.requirement("X-SEC-1")
def test_secret_is_generated_attached_and_rotated_at_once(cloud: EmbeddedCloud, stack: Outcome) -> None:
    (cluster,) = cloud.client("rds").describe_db_clusters(DBClusterIdentifier="mysql")["DBClusters"]
    assert cluster["MasterUsername"] == "admin"
    now = value(cloud)
    assert (now["username"], now["engine"], now["host"], now["port"], now["dbname"], now["dbClusterIdentifier"]) == (
        "admin",
        "mysql",
        "127.0.0.1",
        cluster["Port"],
        "payments",
        "mysql",
    )
    first = value(cloud, VersionStage="AWSPREVIOUS")["password"]
    assert len(first) == 40
    assert first.isalnum()
    client = cloud.client("secretsmanager")
    described = client.describe_secret(SecretId="mysql-secret")
    assert described["RotationEnabled"] is True
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert eventually(lambda: client.describe_secret(SecretId="mysql-secret").get("LastRotatedDate"), 20)
    token = stages(cloud)["AWSCURRENT"]
    steps = ("createSecret", "setSecret", "testSecret", "finishSecret")
    assert tags(cloud) == dict.fromkeys(steps, token), "four steps with one token"


@pytest.mark.requirement("X-DB-1")
def test_the_cluster_is_a_server_with_tls_only_and_its_master_user(cloud: EmbeddedCloud, stack: Outcome) -> None:
    secret = value(cloud, VersionStage="AWSPREVIOUS")  # the cluster was made with the first value
    target = {name: secret[name] for name in ("host", "port")}
    login = {"user": secret["username"], "password": secret["password"], "database": "payments"}
    verified: dict[str, Any] = {"ssl_ca": str(cloud.authority), "ssl_verify_cert": True, "ssl_verify_identity": True}
    connection = pymysql.connect(**target, **login, **verified)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_USER()")
        assert cursor.fetchone() == ("admin@%",)
        cursor.execute("CREATE USER other IDENTIFIED BY 'x'")
    with pytest.raises(pymysql.err.OperationalError):
        pymysql.connect(**target, **login, ssl_disabled=True)


def test_a_step_that_fails_leaves_the_version_pending_and_the_next_rotation_goes_on(
    cloud: EmbeddedCloud, stack: Outcome
) -> None:
    client, before = cloud.client("secretsmanager"), stages(cloud)["AWSCURRENT"]
    change(cloud, "secret", TEMPLATE, {"FailAt": "testSecret"})
    token = client.rotate_secret(SecretId="mysql-secret")["VersionId"]
    eventually(lambda: tags(cloud)["testSecret"] == token, 20)
    time.sleep(0.5)
    assert stages(cloud)["AWSCURRENT"] == before
    assert stages(cloud)["AWSPENDING"] == token
    pending = value(cloud, VersionStage="AWSPENDING")
    change(cloud, "secret", TEMPLATE, {"FailAt": "nowhere"})
    with pytest.raises(client.exceptions.InvalidRequestException, match="previous rotation isn't complete"):
        client.rotate_secret(SecretId="mysql-secret")
    assert await_rotation(cloud) == token
    assert value(cloud) == pending, "a repeated createSecret keeps the value"


def test_a_value_that_a_person_puts_after_a_rotation_makes_it_look_unfinished(
    cloud: EmbeddedCloud, stack: Outcome
) -> None:
    """As on AWS: the function of this test leaves AWSPENDING on its version, and only a function can take it off."""
    client, rotated = cloud.client("secretsmanager"), stages(cloud)["AWSCURRENT"]
    assert stages(cloud)["AWSPENDING"] == rotated, "after a success it stays on the version that is current"
    token = client.rotate_secret(SecretId="mysql-secret")["VersionId"]
    assert await_rotation(cloud) == token, "which is no obstacle for the next rotation"
    mine = client.put_secret_value(SecretId="mysql-secret", SecretString=json.dumps({**value(cloud), "password": "x"}))
    assert stages(cloud) | {"AWSCURRENT": mine["VersionId"], "AWSPENDING": token} == stages(cloud)
    with pytest.raises(client.exceptions.InvalidRequestException, match="previous rotation isn't complete"):
        client.rotate_secret(SecretId="mysql-secret")
    assert await_rotation(cloud) == token, "the version of before is current again"
    client.update_secret_version_stage(SecretId="mysql-secret", VersionStage="AWSPENDING", RemoveFromVersionId=token)
    assert "AWSPENDING" not in stages(cloud)


def test_a_function_that_does_not_allow_the_service_is_rejected(cloud: EmbeddedCloud, stack: Outcome) -> None:
    client = cloud.client("secretsmanager")
    arn = client.describe_secret(SecretId="mysql-secret")["RotationLambdaARN"]
    functions = cloud.client("lambda")
    (statement,) = json.loads(functions.get_policy(FunctionName=arn)["Policy"])["Statement"]
    functions.remove_permission(FunctionName=arn, StatementId=statement["Sid"])
    with pytest.raises(client.exceptions.ClientError, match="cannot invoke the specified Lambda function"):
        client.rotate_secret(SecretId="mysql-secret")
    service = {"Action": "lambda:InvokeFunction", "Principal": "secretsmanager.amazonaws.com"}
    functions.add_permission(FunctionName=arn, StatementId=statement["Sid"], **service)


def test_a_changed_generation_creates_a_new_value(cloud: EmbeddedCloud, stack: Outcome) -> None:
    before = value(cloud)["password"]
    assert change(cloud, "secret", TEMPLATE, {"PasswordLength": "50"}).status == "UPDATE_COMPLETE"
    after = value(cloud)["password"]
    assert after != before
    assert len(after) == 50


def test_a_version_without_a_value_is_not_found_and_one_with_a_value_is_not_changed(
    cloud: EmbeddedCloud, stack: Outcome
) -> None:
    client = cloud.client("secretsmanager")
    change(cloud, "secret", TEMPLATE, {"FailAt": "createSecret"})
    token = client.rotate_secret(SecretId="mysql-secret")["VersionId"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        value(cloud, VersionId=token, VersionStage="AWSPENDING")
    put = {"SecretId": "mysql-secret", "ClientRequestToken": token, "VersionStages": ["AWSPENDING"]}
    client.put_secret_value(**put, SecretString="one")
    client.put_secret_value(**put, SecretString="one")
    with pytest.raises(client.exceptions.ResourceExistsException):
        client.put_secret_value(**put, SecretString="two")
    with pytest.raises(ClientError, match="InvalidRequestException"):
        value(cloud, VersionId=token, VersionStage="AWSCURRENT")


def test_a_schedule_that_is_removed_ends_rotation(cloud: EmbeddedCloud, stack: Outcome) -> None:
    start, end = TEMPLATE.index("  Schedule:"), TEMPLATE.index("  Policy:")
    assert change(cloud, "secret", TEMPLATE[:start] + TEMPLATE[end:]).status == "UPDATE_COMPLETE"
    described = cloud.client("secretsmanager").describe_secret(SecretId="mysql-secret")
    assert not described.get("RotationEnabled")
