"""The checks against the embedded AWS, which rejects what they report: a deployment before, during and after an upgrade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from botocore.exceptions import ClientError

from cfn.templates import CommittedTemplates, Template, parse
from deploy.errors import AccountError
from deploy.planning.preflight import check_account
from deploy.planning.preflight.subject import Subject
from deploy.planning.snapshot import describe_stack
from deploy.session import Aws
from local.cloud import EmbeddedCloud

pytestmark = pytest.mark.emulator

TEXT = """
Parameters:
  PostgresEngineVersion: {Type: String, AllowedValues: ["17.6", "17.7", "17.9"]}
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties:
      DBClusterIdentifier: checked
      Engine: aurora-postgresql
      EngineVersion: !Ref PostgresEngineVersion
      DatabaseName: trading
      MasterUsername: keeper
      ManageMasterUserPassword: true
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: apigateway.amazonaws.com}, Action: "sts:AssumeRole"}]
  Account:
    Type: AWS::ApiGateway::Account
    Properties: {CloudWatchRoleArn: !GetAtt Role.Arn}
  LogPolicy:
    Type: AWS::Logs::ResourcePolicy
    Properties: {PolicyName: checked, PolicyDocument: '{"Version": "2012-10-17", "Statement": []}'}
"""
STACK = "preflight"


@pytest.fixture
def aws(embedded_cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name, value in embedded_cloud.environment().items():
        monkeypatch.setenv(name, value)
    return Aws("us-east-1")


@pytest.fixture
def deployed(aws: Aws) -> Iterator[None]:
    """The stack with version 17.6."""
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=TEXT,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": "PostgresEngineVersion", "ParameterValue": "17.6"}],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    yield
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def check(aws: Aws, version: str, stack: str = STACK) -> tuple[str, ...]:
    template = Template("root.yaml", TEXT, parse(TEXT))
    templates = CommittedTemplates(template, {template.name: template})
    values: Mapping[str, str] = {"PostgresEngineVersion": version}
    return check_account(
        Subject(aws, templates, values, "dev.json", describe_stack(aws.client("cloudformation"), stack))
    )


def faults(aws: Aws, version: str, stack: str = STACK) -> list[str]:
    with pytest.raises(AccountError) as caught:
        check(aws, version, stack)
    return [fault.what for fault in caught.value.faults]


def test_a_fresh_account_takes_the_deployment(aws: Aws) -> None:
    assert check(aws, "17.7") == ()


@pytest.mark.usefixtures("deployed")
def test_an_automatic_upgrade_is_a_note_and_a_way_back_from_it_a_fault(aws: Aws) -> None:
    assert check(aws, "17.7") == ()
    upgrade = {"DBClusterIdentifier": "checked", "ApplyImmediately": True}
    aws.client("rds").modify_db_cluster(EngineVersion="17.9", **upgrade)
    assert ["runs 17.9" in note for note in check(aws, "17.6")] == [True]
    assert faults(aws, "17.7") == ["checked runs aurora-postgresql 17.9, and RDS offers no upgrade from there to 17.7."]
    with pytest.raises(ClientError, match="Cannot upgrade"):
        aws.client("rds").modify_db_cluster(EngineVersion="17.7", **upgrade)
    assert check(aws, "17.9") == ()


@pytest.mark.usefixtures("deployed")
def test_a_second_stack_in_the_account_would_take_the_role(aws: Aws) -> None:
    (fault,) = faults(aws, "17.7", "another-stack")
    assert "This stack would replace it for all REST and WebSocket APIs" in fault


def test_an_account_without_room_for_a_log_policy_rejects_it(aws: Aws) -> None:
    logs, names = aws.client("logs"), [f"taken-{number}" for number in range(10)]
    for name in names:
        logs.put_resource_policy(policyName=name, policyDocument='{"Version": "2012-10-17", "Statement": []}')
    with pytest.raises(ClientError, match="LimitExceeded"):
        logs.put_resource_policy(policyName="checked", policyDocument="{}")
    (fault,) = faults(aws, "17.7")
    assert "has 10 here, so 1 more cannot be created (LogPolicy)" in fault
    for name in names:
        logs.delete_resource_policy(policyName=name)
