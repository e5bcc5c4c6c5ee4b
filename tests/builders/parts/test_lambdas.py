"""Functions of every platform (T-FN-*)."""

from __future__ import annotations

import pytest

from builders.contract.names import pascal
from tests.builders.support.paths import LAMBDA_SRC
from tests.builders.support.policies import permissions_of
from tests.builders.support.resources import Found, every_resource, templates, text

FUNCTIONS = list(every_resource("AWS::Lambda::Function"))


@pytest.mark.requirement("T-FN-2")
def test_every_folder_of_functions_is_deployed_and_every_function_has_its_folder() -> None:
    folders = {path.parent.name for path in LAMBDA_SRC.glob("*/handler.py")}
    assert {found.properties["Handler"].split(".")[0] for found in FUNCTIONS} == folders
    of_trading = {found.properties["Handler"].split(".")[0] for found in FUNCTIONS if found.platform == "trading"}
    assert of_trading == {"housekeeping", "ingest", "log_alerts", "migrate", "process", "query", "sessions"}


@pytest.mark.requirement("T-FN-1")
@pytest.mark.parametrize("found", FUNCTIONS, ids=str)
def test_functions_run_on_arm_in_private_subnets_with_tracing(found: Found) -> None:
    function = found.properties
    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == "python3.14"
    assert function["VpcConfig"]["SubnetIds"] == [{"Ref": f"PrivateSubnet{zone}Id"} for zone in "ABC"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["KmsKeyArn"] == {"Ref": "FunctionsKeyArn"}
    assert function["DeadLetterConfig"]["TargetArn"]


@pytest.mark.requirement("T-FN-1")
@pytest.mark.parametrize("found", FUNCTIONS, ids=str)
def test_code_comes_from_content_addressed_artifacts(found: Found) -> None:
    name = found.properties["Handler"].split(".")[0]
    assert found.properties["Code"] == {
        "S3Bucket": {"Ref": "ArtifactBucket"},
        "S3Key": {"Ref": f"{pascal(name)}ArtifactKey"},
    }
    assert f"{pascal(name)}ArtifactKey" in templates(found.platform)["root"]["Parameters"]


@pytest.mark.requirement("A-6")
@pytest.mark.parametrize("found", FUNCTIONS, ids=str)
def test_one_role_per_function_that_decrypts_only_its_own_environment(found: Found) -> None:
    role = found.properties["Role"]["Fn::GetAtt"][0]
    beside = [f for f in FUNCTIONS if (f.platform, f.tier) == (found.platform, found.tier)]
    assert [f for f in beside if f.properties["Role"]["Fn::GetAtt"][0] == role] == [found]
    (decrypt,) = [s for s in permissions_of(found.platform, role) if s["Sid"] == "DecryptEnvironment"]
    arn = text(decrypt["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:lambda:FunctionArn"])
    assert arn.endswith("function:" + text(found.properties["FunctionName"]))


@pytest.mark.requirement("A-6")
@pytest.mark.parametrize("found", FUNCTIONS, ids=str)
def test_a_functions_code_cannot_use_lambdas_own_network_rights(found: Found) -> None:
    role = found.properties["Role"]["Fn::GetAtt"][0]
    (denial,) = [s for s in permissions_of(found.platform, role) if s["Effect"] == "Deny"]
    assert "ec2:DeleteNetworkInterface" in denial["Action"]
    assert [
        text(arn).endswith(":function:" + text(found.properties["FunctionName"]))
        for arn in denial["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
    ] == [True]
