"""All commands of the deployer on the embedded AWS, with a small nested template set."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cfn.types import STACK
from deploy import cli
from deploy.planning.snapshot import describe_stack
from deploy.session import Aws
from deploy.settings import Project
from local.cloud import EmbeddedCloud
from review.plan.plan_file import load_plan
from tests.deploy.support.projects import SMALL

pytestmark = pytest.mark.emulator
BAD_KEY = "no/such/package.zip"


class Desk:
    """A person at the terminal: runs commands, reads their output, edits files."""

    def __init__(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        self.project, self.capsys = project, capsys

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command that must end with the code; gives everything it printed."""
        result = cli.main([*arguments, "--platform", "small"], project=self.project)
        printed = self.capsys.readouterr()
        assert result == code, f"{arguments} ended with {result}:\n{printed.out}\n{printed.err}"
        return printed.out + printed.err

    def deploy(self, code: int = 0) -> str:
        """Plan, review and execute; gives the output of review and execute."""
        self.run("plan", "--wheels", "host")
        return self.run("review") + self.run("execute", "--yes", code=code)

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        path = self.project.root / name
        path.write_text(change(path.read_text("utf-8")), "utf-8")

    def set(self, **parameters: str) -> None:
        path = self.project.parameters("small", "dev")
        document = json.loads(path.read_text("utf-8"))
        document["Parameters"] |= parameters
        path.write_text(json.dumps(document), "utf-8")


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as running:
        yield running


@pytest.fixture
def desk(
    cloud: EmbeddedCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    """A desk with an artifact bucket; afterwards its stack is destroyed."""
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    shutil.copytree(SMALL, tmp_path / "project")
    sitting = Desk(Project(tmp_path / "project"), capsys)
    sitting.run("bootstrap", "--yes")
    yield sitting
    sitting.run("destroy", "--yes")


@pytest.fixture
def aws(desk: Desk) -> Aws:
    return Aws("us-east-1")


def test_bootstrap_twice_changes_nothing_the_second_time(desk: Desk, aws: Aws) -> None:
    assert "No changes" in desk.run("bootstrap", "--yes")
    bucket = f"platform-artifacts-{aws.account}-us-east-1"
    assert aws.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    stack = describe_stack(aws.client("cloudformation"), "platform-artifacts")
    assert stack is not None
    assert stack["EnableTerminationProtection"]


def test_whole_life_of_a_platform(desk: Desk, aws: Aws) -> None:
    """Create, no changes, update by parameter and code, outputs, destroy."""
    desk.run("plan", "--wheels", "host")
    review = desk.run("review")
    assert "6 to add" in review
    assert [line for line in review.splitlines() if line.startswith("note: ") and "ago." not in line] == []
    assert "is not approved" in desk.run("execute", code=2)
    assert "Approved by" in desk.run("approve", "--yes")
    assert "[8/8] CREATE_COMPLETE" in desk.run("execute")

    again = desk.run("plan", "--wheels", "host")
    assert "No changes" in again
    assert "0 objects uploaded" in again
    assert "nothing was executed" in desk.run("execute")

    desk.set(Message="bye", WithArchive="true")
    desk.edit("lambda_src/hello/handler.py", lambda text: text + "\n# changed\n")
    notes = desk.run("review")
    assert "note: params/small/dev.json differs from the plan's: Message, WithArchive;" in notes
    assert "note: sources here differ from the plan's: hello;" in notes
    output = desk.deploy()
    assert "1 to add, 1 to change" in output
    assert "Environment/Variables/MESSAGE: hello -> bye" in output
    assert "+ ArchiveBucket AWS::S3::Bucket" in output
    configuration = aws.client("lambda").get_function_configuration(FunctionName="small-hello-dev")
    assert configuration["Environment"]["Variables"]["MESSAGE"] == "bye"

    assert desk.run("outputs", "RawBucketName").strip() == f"small-raw-dev-{aws.account}"
    assert json.loads(desk.run("outputs", "--json"))["FunctionName"] == "small-hello-dev"
    for stack in ("small-dev", *nested(aws)):
        assert aws.client("cloudformation").get_stack_policy(StackName=stack)["StackPolicyBody"]

    assert "nothing is left" in desk.run("destroy", "--yes")
    assert "Nothing to destroy" in desk.run("destroy", "--yes")


def nested(aws: Aws) -> list[str]:
    resources = aws.client("cloudformation").list_stack_resources(StackName="small-dev")["StackResourceSummaries"]
    return [resource["PhysicalResourceId"] for resource in resources if resource["ResourceType"] == STACK]


def test_failed_creation_has_a_reason_and_is_destroyed(desk: Desk) -> None:
    desk.edit("templates/small/functions.yaml", lambda text: text.replace("!Ref ArtifactKey", BAD_KEY))
    output = desk.deploy(code=1)
    assert (
        "small-dev ended in ROLLBACK_COMPLETE. First failure:\n  Functions/Function (AWS::Lambda::Function)" in output
    )
    assert "does not exist" in output
    assert "Run `deploy destroy`" in desk.run("plan", "--wheels", "host", code=1)
    assert "nothing is left" in desk.run("destroy", "--yes")


def test_failed_update_rolls_back_and_the_plan_cannot_be_reused(desk: Desk) -> None:
    desk.deploy()
    desk.edit("templates/small/functions.yaml", lambda text: text.replace("!Ref ArtifactKey", BAD_KEY))
    output = desk.deploy(code=1)
    assert "UPDATE_ROLLBACK_COMPLETE. First failure:\n  Functions/Function" in output
    assert "The stack is as it was before" in output
    again = desk.run("execute", code=1)
    assert "This change set was executed already." in again
    assert "UPDATE_ROLLBACK_COMPLETE. First failure:\n  Functions/Function" in again


def test_execute_again_after_its_end_completes_the_settings(
    desk: Desk, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first command was killed while AWS created the stack, which then had no stack policy."""

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    desk.run("plan", "--wheels", "host")
    with monkeypatch.context() as patch:
        patch.setattr("deploy.execution.execute.Watch.follow", killed)
        output = desk.run("execute", "--yes", code=130)
    assert "Interrupted. small-dev is in CREATE_" in output
    assert "The change set was" in output
    again = desk.run("execute")
    assert "CREATE_COMPLETE" in again
    assert "FunctionName" in again, "the outputs"
    assert aws.client("cloudformation").get_stack_policy(StackName="small-dev")["StackPolicyBody"]
    assert "This change set was executed already." in desk.run("execute")


def test_interruption_before_the_start_says_that_nothing_was_started(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    desk.run("plan", "--wheels", "host")
    with monkeypatch.context() as patch:
        patch.setattr("deploy.execution.execute.require_fitting", killed)
        output = desk.run("execute", "--yes", code=130)
    assert "Interrupted. small-dev is in REVIEW_IN_PROGRESS. The change set was not started." in output


def test_stack_that_changed_since_the_plan_is_rejected(desk: Desk) -> None:
    desk.deploy()
    desk.set(Message="one")
    desk.run("plan", "--wheels", "host", "--out", str(desk.project.root / "old.json"))
    desk.run("approve", "--yes", "--plan", str(desk.project.root / "old.json"))
    desk.set(Message="two")
    desk.deploy()
    assert "The plan for small-dev is rejected" in desk.run(
        "execute", "--plan", str(desk.project.root / "old.json"), code=3
    )


@pytest.mark.requirement("REV-2")
def test_replaced_table_is_executed_only_if_it_is_allowed_by_its_name(desk: Desk) -> None:
    desk.deploy()
    desk.edit("templates/small/storage.yaml", lambda text: text.replace("small-sessions-", "small-visits-"))
    desk.edit(
        "params/small/dev.json", lambda text: text.replace('"Update:Replace", ', "")
    )  # or CloudFormation denies it
    desk.run("plan", "--wheels", "host")
    output = desk.run("review")
    assert "DATA IS LOST" in output
    assert "Storage/Sessions AWS::DynamoDB::Table is replaced by an empty one: small-sessions-dev" in output
    assert "give --allow Storage/Sessions" in desk.run("execute", "--yes", code=5)
    assert "give --allow Storage/Sessions" in desk.run("approve", "--yes", code=5)
    desk.run("approve", "--yes", "--allow", "Storage/Sessions")
    assert "UPDATE_COMPLETE" in desk.run("execute")


def test_replaced_table_fails_at_the_stack_policy(desk: Desk) -> None:
    """The emulator only stored stack policies, so that an allowed replacement seemed to pass where AWS denies it."""
    desk.deploy()
    desk.edit("templates/small/storage.yaml", lambda text: text.replace("small-sessions-", "small-visits-"))
    desk.run("plan", "--wheels", "host")
    assert "the stack policy denies" in desk.run("review")
    desk.run("approve", "--yes", "--allow", "Storage/Sessions")
    output = desk.run("execute", code=1)
    assert "Action denied by stack policy" in output
    assert "The stack is as it was before" in output


@pytest.mark.requirement("REV-2")
def test_one_machine_plans_another_approves_and_a_third_executes(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They share nothing but the artifact bucket."""
    desk.run("plan", "--wheels", "host")
    shutil.copytree(SMALL, tmp_path / "reviewer")
    shutil.copytree(SMALL, tmp_path / "pipeline")
    reviewer, pipeline = (Desk(Project(tmp_path / name), capsys) for name in ("reviewer", "pipeline"))
    assert "There is no plan" in pipeline.run("execute", code=2)
    assert "is not approved" in pipeline.run("execute", "--from-bucket", code=2)
    assert "6 to add" in reviewer.run("review", "--from-bucket")
    reviewer.run("approve", "--from-bucket", "--yes")
    output = pipeline.run("execute", "--from-bucket")
    assert "Approved by" in output
    assert "CREATE_COMPLETE" in output
    desk.set(Message="another")
    desk.run("plan", "--wheels", "host")
    assert "is not approved" in pipeline.run("execute", "--from-bucket", code=2), "the approval is of the first plan"


def test_bucket_with_objects_is_emptied(desk: Desk, aws: Aws) -> None:
    """A client wrote to a bucket that no custom resource empties."""
    desk.deploy()
    aws.client("s3").put_object(Bucket=f"small-raw-dev-{aws.account}", Key="late", Body=b"x")
    output = desk.run("destroy", "--yes")
    assert "1 object versions deleted from" in output
    assert "nothing is left" in output


def test_plan_that_was_never_executed_is_destroyed(desk: Desk) -> None:
    desk.run("plan", "--wheels", "host")
    assert "nothing is left" in desk.run("destroy", "--yes")


def test_plan_after_an_unexecuted_plan_still_creates(desk: Desk) -> None:
    desk.run("plan", "--wheels", "host")
    desk.run("plan", "--wheels", "host")
    assert load_plan(desk.project.plan("small", "dev")).kind == "CREATE"
