"""Versions, stages and rotation of secrets."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import allow, created, error_of, resources, role, unique
from tests.local.conformance.support.recorder import code
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator


def token() -> str:
    return str(uuid.uuid4())


class Secret:
    """A secret with the value ``one``."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self.api, self.name = cloud.client("secretsmanager"), unique("conformance")
        self.first = self.api.create_secret(Name=self.name, SecretString="one")["VersionId"]

    def value(self, **options: Any) -> str:
        return str(self.api.get_secret_value(SecretId=self.name, **options)["SecretString"])

    def put(self, value: str, **options: Any) -> str:
        return str(self.api.put_secret_value(SecretId=self.name, SecretString=value, **options)["VersionId"])

    def stages(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = self.api.describe_secret(SecretId=self.name)["VersionIdsToStages"]
        return {version: sorted(stages) for version, stages in found.items()}

    def move(self, stage: str, **options: str) -> None:
        self.api.update_secret_version_stage(SecretId=self.name, VersionStage=stage, **options)


@pytest.fixture
def secret(cloud: EmbeddedCloud) -> Iterator[Secret]:
    made = Secret(cloud)
    yield made
    made.api.delete_secret(SecretId=made.name, ForceDeleteWithoutRecovery=True)


GENERATED = """
Resources:
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString:
        {SecretStringTemplate: '{"username": "app"}', GenerateStringKey: password, PasswordLength: 40, ExcludeCharacters: 'abc"@/\\'}
"""  # noqa: E501 - a resource a line


def test_generated_secret_obeys_its_rules(cloud: EmbeddedCloud) -> None:
    with created(cloud, GENERATED) as (stack, _):
        arn = resources(cloud, stack)["Secret"]
        value = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert value["username"] == "app"
    assert len(value["password"]) == 40
    assert not set(value["password"]) & set('abc"@/\\')


def test_random_password_obeys_its_rules(cloud: EmbeddedCloud) -> None:
    api = cloud.client("secretsmanager")
    password = api.get_random_password(PasswordLength=50, ExcludePunctuation=True, ExcludeCharacters="xyz")
    assert len(password["RandomPassword"]) == 50
    assert password["RandomPassword"].isalnum()
    assert not set(password["RandomPassword"]) & set("xyz")
    assert password["RandomPassword"] != api.get_random_password(PasswordLength=50)["RandomPassword"]


def test_random_password_has_each_type(cloud: EmbeddedCloud) -> None:
    api = cloud.client("secretsmanager")
    for _ in range(20):
        password = api.get_random_password(PasswordLength=5)["RandomPassword"]
        kinds = [str.islower, str.isupper, str.isdigit, lambda mark: not mark.isalnum()]
        assert all(any(map(kind, password)) for kind in kinds), password


def test_put_moves_current_and_previous(secret: Secret) -> None:
    second = secret.put("two")
    assert secret.stages() == {secret.first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}
    assert (secret.value(), secret.value(VersionStage="AWSPREVIOUS")) == ("two", "one")


def test_pending_version_is_not_current(secret: Secret) -> None:
    pending = secret.put("two", VersionStages=["AWSPENDING"])
    assert secret.value() == "one"
    assert secret.value(VersionStage="AWSPENDING") == secret.value(VersionId=pending) == "two"


def test_stage_is_at_one_version_only(secret: Secret) -> None:
    former = secret.put("two", VersionStages=["AWSPENDING"])
    latter = secret.put("three", VersionStages=["AWSPENDING"])
    assert secret.value(VersionStage="AWSPENDING") == "three"
    assert secret.stages()[latter] == ["AWSPENDING"]
    assert former not in secret.stages()


def test_version_without_stage_is_deprecated(secret: Secret) -> None:
    second, third = secret.put("two"), secret.put("three")

    def listed(**options: bool) -> set[str]:
        found = secret.api.list_secret_version_ids(SecretId=secret.name, **options)["Versions"]
        return {entry["VersionId"] for entry in found}

    assert listed() == {second, third}
    assert listed(IncludeDeprecated=True) == {secret.first, second, third}


def test_same_token_and_value_is_idempotent(secret: Secret) -> None:
    request = token()
    assert secret.put("two", ClientRequestToken=request) == secret.put("two", ClientRequestToken=request) == request
    assert error_of(secret.put, value="three", ClientRequestToken=request) == "ResourceExistsException"


def test_stage_moves_between_versions(secret: Secret) -> None:
    pending = secret.put("two", VersionStages=["AWSPENDING"])
    secret.move("AWSCURRENT", MoveToVersionId=pending, RemoveFromVersionId=secret.first)
    assert secret.stages()[secret.first] == ["AWSPREVIOUS"]
    assert "AWSCURRENT" in secret.stages()[pending]
    assert secret.value() == "two"


def test_stage_moves_only_from_its_version(secret: Secret) -> None:
    pending = secret.put("two", VersionStages=["AWSPENDING"])
    code_of = error_of(secret.move, stage="AWSCURRENT", MoveToVersionId=pending, RemoveFromVersionId=pending)
    assert code_of == "InvalidParameterException"
    assert error_of(secret.move, stage="AWSCURRENT", MoveToVersionId=pending) == "InvalidParameterException"


def test_missing_stage_is_not_found(secret: Secret) -> None:
    assert error_of(secret.value, VersionStage="AWSPENDING") == "ResourceNotFoundException"


# -- rotation ---------------------------------------------------------------------------------------------------------

ROTATION = """
import boto3

def handler(event, context):
    secrets = boto3.client("secretsmanager")
    step, token, arn = event["Step"], event["ClientRequestToken"], event["SecretId"]
    value = secrets.get_secret_value(SecretId=arn)["SecretString"]
    print("step", step, token)
    if step == "createSecret":
        secrets.put_secret_value(SecretId=arn, ClientRequestToken=token, SecretString=value + "+", VersionStages=["AWSPENDING"])
    if step == "testSecret" and value.startswith("fail"):
        raise ValueError("the new value does not work")
    if step == "finishSecret":
        current = [v for v, s in secrets.describe_secret(SecretId=arn)["VersionIdsToStages"].items() if "AWSCURRENT" in s]
        secrets.update_secret_version_stage(SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current[0])
"""  # noqa: E501 - a resource a line


@pytest.fixture(scope="module")
def rotation(cloud: EmbeddedCloud) -> Iterator[str]:
    """The ARN of a rotation function that Secrets Manager may invoke."""
    api, name = cloud.client("lambda"), unique("rotation")
    arn = role(cloud, allow("secretsmanager:*"), allow("logs:*"))
    function = api.create_function(
        FunctionName=name,
        Runtime="python3.14",
        Handler="index.handler",
        Role=arn,
        Timeout=10,
        Code={"ZipFile": code(ROTATION)},
    )
    api.add_permission(
        FunctionName=name, StatementId="s", Action="lambda:InvokeFunction", Principal="secretsmanager.amazonaws.com"
    )
    yield str(function["FunctionArn"])
    api.delete_function(FunctionName=name)


def rotate(secret: Secret, function: str) -> str:
    """Start a rotation and give its token."""
    answer = secret.api.rotate_secret(
        SecretId=secret.name, RotationLambdaARN=function, RotationRules={"AutomaticallyAfterDays": 30}
    )
    return str(answer["VersionId"])


def test_rotation_calls_four_steps(cloud: EmbeddedCloud, secret: Secret, rotation: str) -> None:
    request = rotate(secret, rotation)
    eventually(lambda: secret.value() == "one+")
    group = f"/aws/lambda/{rotation.rsplit(':', 1)[1]}"

    def steps() -> list[str]:
        found = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
        words = [event["message"].split() for event in found if request in event["message"]]
        return [line[1] for line in words if line[:1] == ["step"]]

    eventually(lambda: len(steps()) == 4)
    assert steps() == ["createSecret", "setSecret", "testSecret", "finishSecret"]


def test_failed_rotation_keeps_current(secret: Secret, rotation: str) -> None:
    secret.put("fail")
    request = rotate(secret, rotation)

    def pending() -> str:
        try:
            return secret.value(VersionStage="AWSPENDING")
        except ClientError:
            return ""  # the function has not put it yet

    eventually(lambda: pending() == "fail+")
    time.sleep(2)  # for the steps that come after
    assert (secret.stages()[request], pending(), secret.value()) == (["AWSPENDING"], "fail+", "fail")


def test_finished_rotation_leaves_the_former_as_previous(secret: Secret, rotation: str) -> None:
    request = rotate(secret, rotation)
    eventually(lambda: secret.value() == "one+")
    assert secret.stages()[secret.first] == ["AWSPREVIOUS"]
    assert "AWSCURRENT" in secret.stages()[request]
    assert secret.value(VersionStage="AWSPREVIOUS") == "one"


def test_waiting_pending_version_blocks_a_rotation(secret: Secret, rotation: str) -> None:
    pending = secret.put("fail", VersionStages=["AWSPENDING"])
    code_of = error_of(
        secret.api.rotate_secret,
        SecretId=secret.name,
        RotationLambdaARN=rotation,
        RotationRules={"AutomaticallyAfterDays": 30},
    )
    assert code_of == "InvalidRequestException"
    assert secret.stages()[pending] == ["AWSPENDING"]


def test_rotation_needs_permission_to_invoke(cloud: EmbeddedCloud, secret: Secret) -> None:
    api, name = cloud.client("lambda"), unique("rotation")
    arn = api.create_function(
        FunctionName=name,
        Runtime="python3.14",
        Handler="index.handler",
        Role=role(cloud),
        Code={"ZipFile": code(ROTATION)},
    )["FunctionArn"]
    code_of = error_of(
        secret.api.rotate_secret,
        SecretId=secret.name,
        RotationLambdaARN=arn,
        RotationRules={"AutomaticallyAfterDays": 30},
    )
    api.delete_function(FunctionName=name)
    assert code_of == "AccessDeniedException"


SCHEDULED = """
Parameters: {Function: {Type: String}}
Resources:
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: one}}
  Schedule:
    Type: AWS::SecretsManager::RotationSchedule
    Properties:
      SecretId: !Ref Secret
      RotationLambdaARN: !Ref Function
      RotateImmediatelyOnUpdate: false
      RotationRules: {AutomaticallyAfterDays: 30}
"""


def test_rotation_schedule_is_declared(cloud: EmbeddedCloud, rotation: str) -> None:
    with created(cloud, SCHEDULED, {"Function": rotation}) as (stack, _):
        arn = resources(cloud, stack)["Secret"]
        described = cloud.client("secretsmanager").describe_secret(SecretId=arn)
    assert described["RotationEnabled"] is True
    assert described["RotationLambdaARN"] == rotation
    assert described["RotationRules"]["AutomaticallyAfterDays"] == 30


ATTACHED = """
Resources:
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: {SecretString: '{"username": "admin", "password": "long enough for it"}'}
  Cluster:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties: {DBClusterIdentifier: NAME, Engine: aurora-postgresql, EngineVersion: "16.8", DatabaseName: app, MasterUsername: keeper, ManageMasterUserPassword: true}
  Attachment:
    Type: AWS::SecretsManager::SecretTargetAttachment
    Properties: {SecretId: !Ref Secret, TargetId: !Ref Cluster, TargetType: AWS::RDS::DBCluster}
"""  # noqa: E501 - a resource a line


def test_target_attachment_adds_the_connection(cloud: EmbeddedCloud) -> None:
    name = unique("attached")
    with created(cloud, ATTACHED.replace("NAME", name)) as (stack, _):
        arn = resources(cloud, stack)["Secret"]
        value = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
        (cluster,) = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    assert (value["username"], value["password"]) == ("admin", "long enough for it")
    assert (value["host"], value["port"]) == (cluster["Endpoint"], cluster["Port"])
    assert value["dbClusterIdentifier"] == name
    assert value["engine"].startswith(("postgres", "aurora-postgresql"))


def test_deleted_secret_can_be_restored(cloud: EmbeddedCloud) -> None:
    secret = Secret(cloud)
    secret.api.delete_secret(SecretId=secret.name, RecoveryWindowInDays=7)
    assert error_of(secret.value) == "InvalidRequestException"
    secret.api.restore_secret(SecretId=secret.name)
    assert secret.value() == "one"
    secret.api.delete_secret(SecretId=secret.name, ForceDeleteWithoutRecovery=True)
