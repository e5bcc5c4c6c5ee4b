"""Functions of every platform (T-FN-*)."""

from __future__ import annotations

import gzip
import importlib.resources
import json
import re

import pytest

from builders.contract.names import pascal
from builders.parts.lambdas import RUNTIME
from deploy.packaging.wheels import FUNCTION_PYTHON
from tests.builders.support.paths import LAMBDA_SRC
from tests.builders.support.policies import permissions_of
from tests.builders.support.resources import Resource, all_resources, templates, text

FUNCTIONS = list(all_resources("AWS::Lambda::Function"))


@pytest.mark.requirement("T-FN-2")
def test_every_folder_of_functions_is_deployed_and_every_function_has_its_folder() -> None:
    folders = {path.parent.name for path in LAMBDA_SRC.glob("*/handler.py")}
    assert {resource.properties["Handler"].split(".")[0] for resource in FUNCTIONS} == folders
    of_trading = {
        resource.properties["Handler"].split(".")[0] for resource in FUNCTIONS if resource.platform == "trading"
    }
    assert of_trading == {"housekeeping", "ingest", "log_alerts", "migrate", "process", "query", "sessions"}


@pytest.mark.requirement("T-FN-1")
@pytest.mark.parametrize("resource", FUNCTIONS, ids=str)
def test_functions_run_on_arm_in_private_subnets_with_tracing(resource: Resource) -> None:
    function = resource.properties
    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == RUNTIME
    assert function["VpcConfig"]["SubnetIds"] == [{"Ref": f"PrivateSubnet{zone}Id"} for zone in "ABC"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["KmsKeyArn"] == {"Ref": "FunctionsKeyArn"}
    assert function["DeadLetterConfig"]["TargetArn"]


def newest_python(names: list[str]) -> str:
    return max(
        (name for name in names if re.fullmatch(r"python3\.\d+", name)), key=lambda name: int(name.split(".")[1])
    )


@pytest.mark.requirement("T-FN-1")
def test_runtime_is_the_newest_that_cloudformation_and_lambda_list() -> None:
    """Packaging looks for wheels of the same version, so a runtime without wheels fails there."""
    with gzip.open(
        str(importlib.resources.files("botocore") / "data" / "lambda" / "2015-03-31" / "service-2.json.gz")
    ) as file:
        model = json.load(file)
    schemas = importlib.resources.files("cfnlint") / "data" / "schemas" / "resources"
    texts = (schema.read_text() for schema in schemas.iterdir() if schema.name.endswith(".json"))
    schema = next(json.loads(text) for text in texts if '"typeName": "AWS::Lambda::Function"' in text)
    by_lambda = newest_python(model["shapes"]["Runtime"]["enum"])
    by_cloudformation = newest_python(schema["properties"]["Runtime"]["enum"])
    assert min(by_lambda, by_cloudformation) == RUNTIME
    assert f"python{FUNCTION_PYTHON}" == RUNTIME


@pytest.mark.requirement("T-FN-1")
@pytest.mark.parametrize("resource", FUNCTIONS, ids=str)
def test_code_comes_from_content_addressed_artifacts(resource: Resource) -> None:
    name = resource.properties["Handler"].split(".")[0]
    assert resource.properties["Code"] == {
        "S3Bucket": {"Ref": "ArtifactBucket"},
        "S3Key": {"Ref": f"{pascal(name)}ArtifactKey"},
    }
    assert f"{pascal(name)}ArtifactKey" in templates(resource.platform)["root"]["Parameters"]


@pytest.mark.requirement("A-6")
@pytest.mark.parametrize("resource", FUNCTIONS, ids=str)
def test_one_role_per_function_that_decrypts_only_its_own_environment(resource: Resource) -> None:
    role = resource.properties["Role"]["Fn::GetAtt"][0]
    beside = [f for f in FUNCTIONS if (f.platform, f.tier) == (resource.platform, resource.tier)]
    assert [f for f in beside if f.properties["Role"]["Fn::GetAtt"][0] == role] == [resource]
    (decrypt,) = [s for s in permissions_of(resource.platform, role) if s["Sid"] == "DecryptEnvironment"]
    arn = text(decrypt["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:lambda:FunctionArn"])
    assert arn.endswith("function:" + text(resource.properties["FunctionName"]))


@pytest.mark.requirement("A-6")
@pytest.mark.parametrize("resource", FUNCTIONS, ids=str)
def test_a_functions_code_cannot_use_lambdas_own_network_rights(resource: Resource) -> None:
    role = resource.properties["Role"]["Fn::GetAtt"][0]
    (denial,) = [s for s in permissions_of(resource.platform, role) if s["Effect"] == "Deny"]
    assert "ec2:DeleteNetworkInterface" in denial["Action"]
    assert [
        text(arn).endswith(":function:" + text(resource.properties["FunctionName"]))
        for arn in denial["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
    ] == [True]
