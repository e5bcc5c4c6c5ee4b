"""Secrets as the transactions platform uses them: generated, attached to a MySQL cluster, with a rotation schedule."""

from __future__ import annotations

import json

import pytest

from local.cloud import EmbeddedCloud
from tests.local.stacks import change, delete

pytestmark = pytest.mark.emulator

TEMPLATE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
  Rotate:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.14
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code: {ZipFile: "def handler(event, context): return 1"}
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties:
      Name: mysql-secret
      GenerateSecretString: {SecretStringTemplate: '{"username":"admin"}', GenerateStringKey: password}
  Schedule:
    Type: AWS::SecretsManager::RotationSchedule
    Properties: {SecretId: !Ref Secret, RotationLambdaARN: !GetAtt Rotate.Arn, RotationRules: {AutomaticallyAfterDays: 30}}
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
      MasterUsername: !Sub "{{resolve:secretsmanager:${Secret}:SecretString:username}}"
      MasterUserPassword: !Sub "{{resolve:secretsmanager:${Secret}:SecretString:password}}"
  Target:
    Type: AWS::SecretsManager::SecretTargetAttachment
    Properties: {SecretId: !Ref Secret, TargetId: !Ref Cluster, TargetType: "AWS::RDS::DBCluster"}
"""


def test_secret_is_generated_attached_scheduled_and_removed(cloud: EmbeddedCloud) -> None:
    before = cloud.leftovers()
    created = change(cloud, "secret", TEMPLATE)
    assert created.status == "CREATE_COMPLETE", created.failures
    secrets = cloud.client("secretsmanager")
    value = json.loads(secrets.get_secret_value(SecretId="mysql-secret")["SecretString"])
    assert (value["username"], value["engine"], value["port"]) == ("admin", "mysql", 3306)
    described = secrets.describe_secret(SecretId="mysql-secret")
    assert described["RotationEnabled"] is True
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert "DeleteSecret" in secrets.get_resource_policy(SecretId="mysql-secret")["ResourcePolicy"]
    [cluster] = cloud.client("rds").describe_db_clusters(DBClusterIdentifier="mysql")["DBClusters"]
    assert cluster["MasterUsername"] == "admin"
    assert delete(cloud, "secret").status == "DELETE_COMPLETE"
    assert cloud.leftovers() == before


def test_a_schedule_that_is_removed_ends_rotation(cloud: EmbeddedCloud) -> None:
    change(cloud, "secret", TEMPLATE)
    start, end = TEMPLATE.index("  Schedule:"), TEMPLATE.index("  Policy:")
    assert change(cloud, "secret", TEMPLATE[:start] + TEMPLATE[end:]).status == "UPDATE_COMPLETE"
    described = cloud.client("secretsmanager").describe_secret(SecretId="mysql-secret")
    assert not described.get("RotationEnabled")
    delete(cloud, "secret")
