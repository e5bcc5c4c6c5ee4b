"""Functions of every platform (T-FN-*)."""

from __future__ import annotations

import pytest

from builders.contract.names import pascal
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
    assert function["Runtime"] == "python3.14"
    assert function["VpcConfig"]["SubnetIds"] == [{"Ref": f"PrivateSubnet{zone}Id"} for zone in "ABC"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["KmsKeyArn"] == {"Ref": "FunctionsKeyArn"}
    assert function["DeadLetterConfig"]["TargetArn"]


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
