"""deployment.json: every fault of a row is reported, and the command line overrides it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.errors import SettingsError
from deploy.settings import Project, load_deployment, protecting_rows

GOOD = {"StackName": "small-dev", "Region": "us-east-1", "TerminationProtection": False}


def write(project: Project, document: Any) -> None:
    project.deployments("small").write_text(document if isinstance(document, str) else json.dumps(document))


def test_row_is_read_with_the_overrides_of_the_command_line(project: Project) -> None:
    deployment = load_deployment(project, "small", "dev", region="eu-central-1", stack_name="mine")
    assert (deployment.stack_name, deployment.region) == ("mine", "eu-central-1")
    assert load_deployment(project, "small", "dev").stack_name == "small-dev"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "deployment.json:1: not JSON"),
        ([], "not an object of objects"),
        ({"prod": GOOD}, "has no environment 'dev' (it has: prod)"),
        ({"dev": {**GOOD, "StackName": "1-dev"}}, "StackName '1-dev' must be"),
        ({"dev": {**GOOD, "Region": "virginia"}}, "Region 'virginia' does not look like a region"),
        ({"dev": {**GOOD, "TerminationProtection": "no"}}, "TerminationProtection must be a boolean"),
        ({"dev": {**GOOD, "RoleArn": "deployer"}}, "RoleArn 'deployer' is not the ARN of a role"),
        ({"dev": {**GOOD, "Colour": "blue"}}, "unknown key Colour"),
        ({"dev": {}}, "StackName is missing; Region is missing; TerminationProtection is missing"),
    ],
)
def test_each_fault_is_named(project: Project, document: Any, message: str) -> None:
    write(project, document)
    with pytest.raises(SettingsError) as caught:
        load_deployment(project, "small", "dev")
    assert message in str(caught.value)


def test_missing_file_is_named(project: Project) -> None:
    with pytest.raises(SettingsError, match=r"params/other/deployment\.json does not exist"):
        load_deployment(project, "other", "dev")


def test_every_row_of_every_platform_that_names_a_stack_protects_it(project: Project) -> None:
    """A command for dev could name prod's stack, by dev's own row or by --stack-name."""
    protected = {**GOOD, "TerminationProtection": True}
    write(project, {"dev": GOOD, "prod": protected, "abroad": {**protected, "Region": "eu-west-1"}})
    other = project.deployments("other")
    other.parent.mkdir()
    other.write_text(json.dumps({"live": protected, "own": {**protected, "StackName": "other-own"}}))
    rows = ("params/other/deployment.json (live)", "params/small/deployment.json (prod)")
    assert protecting_rows(project, "small-dev", "us-east-1") == rows
    assert protecting_rows(project, "small-dev", "eu-west-1") == ("params/small/deployment.json (abroad)",)
    assert protecting_rows(project, "other-own", "us-east-1") == ("params/other/deployment.json (own)",)
    assert protecting_rows(project, "another", "us-east-1") == ()


@pytest.mark.parametrize("document", ["{", {"prod": {**GOOD, "TerminationProtection": "yes"}}])
def test_unreadable_row_protects(project: Project, document: Any) -> None:
    write(project, document)
    with pytest.raises(SettingsError):
        protecting_rows(project, "small-dev", "us-east-1")
