"""The command line: exit codes, one message for each error, and the boundary of imports."""

from __future__ import annotations

import importlib
import io
import json
import re
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy import cli
from deploy.arguments import build_parser
from deploy.settings import Project
from review.plan.model import Plan
from review.plan.plan_file import save_plan
from tests.deploy.support.aws import Scripted, refusal
from tests.review.support.plans import change_set, claim, deployed, make_plan

TEMPLATE = "Resources: {X: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: a}}}"


def run(project: Project, *arguments: str) -> int:
    return cli.main([*arguments, "--platform", "small"], project=project)


@pytest.fixture(autouse=True)
def no_credentials_and_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials and no terminal."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))


class Terminal(io.StringIO):
    """Standard input with a person before it."""

    def isatty(self) -> bool:
        return True


def save(project: Project, plan: Plan) -> Path:
    path = project.plan("small", "dev")
    save_plan(plan, path)
    return path


@pytest.mark.parametrize(
    "command",
    [
        "package",
        "plan",
        "review --from-bucket",
        "approve --yes",
        "execute",
        "outputs",
        "destroy",
        "bootstrap",
        "replay",
    ],
)
def test_missing_credentials_are_one_sentence(
    project: Project, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    save(project, make_plan({"root.yaml": TEMPLATE}))
    assert run(project, *command.split()) == 1
    (message,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("note: ")]
    assert message.startswith("error: No AWS credentials were found")


def test_unknown_profile_is_one_sentence(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "outputs", "--profile", "desk") == 1
    assert "profile (desk) could not be found. List the profiles" in capsys.readouterr().err


def test_bad_parameters_end_before_any_call(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """There are no credentials, so a call would fail with another message."""
    path = project.parameters("small", "dev")
    document = json.loads(path.read_text())
    document["Parameters"] |= {"Retention": "31", "Mesage": "x"}
    path.write_text(json.dumps(document, indent=2))
    assert run(project, "plan") == 2
    message = capsys.readouterr().err
    assert "2 faults; nothing was called" in message
    assert "params/small/dev.json:5: Retention: '31' is not allowed" in message
    assert "Mesage: the root template has no such parameter. Did you mean Message?" in message


def test_unknown_environment_is_named(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "plan", "--environment", "prod") == 2
    assert "has no environment 'prod'" in capsys.readouterr().err


def test_unknown_platform_is_named_with_the_known_ones(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["outputs", "--platform", "smal"], project=project) == 2
    message = capsys.readouterr().err
    assert "no platform 'smal', because params/smal/deployment.json does not exist (there are: small)." in message
    assert "docs/third-platform.md says how to add one" in message
    assert message.count("\n") == 1


def test_missing_credentials_name_the_embedded_aws_of_the_project(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        (project.root / ".local").mkdir()
        state = {"settings": {"port": server.getsockname()[1]}}
        (project.root / ".local" / "state.json").write_text(json.dumps(state))
        assert run(project, "outputs") == 1
    message = capsys.readouterr().err
    assert 'The embedded AWS runs beside this shell: eval "$(.venv/bin/python -m local env)"' in message
    assert message.count("\n") == 1


@pytest.mark.requirement("REV-1")
def test_review_says_that_a_later_plan_did_not_finish(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """There are no credentials, so the later plan fails; a plan that is killed leaves the same."""
    save(project, make_plan({"root.yaml": TEMPLATE}))
    assert run(project, "plan") == 1
    capsys.readouterr()
    assert run(project, "review") == 0
    printed = capsys.readouterr()
    assert "note: this is the plan of 2026-01-01T00:00:00+00:00; a later `deploy plan`, begun 2" in printed.err
    assert "did not finish" not in printed.out


def test_review_needs_no_credentials(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    save(project, make_plan({"root.yaml": TEMPLATE}, claims=change_set(claim("X", "AWS::DynamoDB::Table", "Add"))))
    assert run(project, "review") == 0
    assert "1 to add" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "begins"),
    [("text", "small dev: "), ("markdown", "small dev: "), ("json", "{"), ("html", ".deploy/"), ("sarif", "{")],
)
def test_review_has_a_form_for_each_reader(
    project: Project, capsys: pytest.CaptureFixture[str], option: str, begins: str
) -> None:
    save(project, make_plan({"root.yaml": TEMPLATE}))
    assert run(project, "review", "--format", option) == 0
    assert capsys.readouterr().out.startswith(begins)


@pytest.mark.requirement("REV-4")
@pytest.mark.parametrize("option", ["text", "html"])
def test_review_for_people_is_a_page_too(project: Project, capsys: pytest.CaptureFixture[str], option: str) -> None:
    save(project, make_plan({"root.yaml": TEMPLATE}))
    assert run(project, "review", "--format", option) == 0
    assert ".deploy/small-dev.review.html\n" in "".join(capsys.readouterr())
    page = project.root / ".deploy" / "small-dev.review.html"
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert page.stat().st_mode & 0o777 == 0o600


NAME = "\x1b[2A\x1b[2K` **no findings**"


@pytest.mark.requirement("REV-1")
def test_no_text_of_a_template_controls_the_terminal(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    after = f"Resources: {{X: {{Type: 'AWS::DynamoDB::Table', Properties: {{TableName: {json.dumps(NAME)}}}}}}}"
    before = deployed("small-dev", TEMPLATE)
    before = replace(before, resources={"X": replace(before.resources["X"], physical_id=f"{NAME}\nX")})
    claims = change_set(claim("X", "AWS::DynamoDB::Table", replacement="True"))
    save(project, make_plan({"root.yaml": after}, before, claims=claims))
    run(project, "review")
    output = "".join(capsys.readouterr())
    assert r"\x1b[2A\x1b[2K` **no findings**" in output
    assert all(line.isprintable() for line in output.split("\n"))
    assert "\nX" not in output


@pytest.mark.parametrize(("terminal", "shown"), [(False, "a\x1b[2K\nb\n"), (True, "a\\x1b[2K\\nb\n")])
def test_value_of_an_output_is_exact_for_programs_and_visible_for_people(
    project: Project,
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: bool,
    shown: str,
) -> None:
    stack = {
        "StackName": "small-dev",
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "Outputs": [{"OutputKey": "Name", "OutputValue": "a\x1b[2K\nb"}],
    }
    for _ in range(2):
        scripted["cloudformation"].add_response("describe_stacks", {"Stacks": [stack]})
    monkeypatch.setattr("deploy.commands.outputs.Aws", lambda region, profile: scripted.aws)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert run(project, "outputs", "Name") == 0
    assert run(project, "outputs") == 0
    assert capsys.readouterr().out == f"{shown}Name  a\\x1b[2K\\nb\n"


def test_missing_plan_says_what_to_do(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "review") == 2
    assert "Run `deploy plan` first, or give --from-bucket" in capsys.readouterr().err


def losing() -> Plan:
    """A plan that replaces a table."""
    before = deployed("small-dev", TEMPLATE)
    claims = change_set(claim("X", "AWS::DynamoDB::Table", replacement="True"))
    return make_plan({"root.yaml": TEMPLATE.replace("TableName: a", "TableName: b")}, before, claims=claims)


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(("option", "code"), [("blocked", 5), ("look", 5), ("R202,R101", 5), ("R201", 0)])
def test_review_ends_with_the_exit_code_of_its_findings(
    project: Project, capsys: pytest.CaptureFixture[str], option: str, code: int
) -> None:
    """A pipeline stops without reading the review."""
    save(project, losing())
    assert run(project, "review", "--json", "--fail-on", option) == code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["summary"]["loses_data"] == 1
    assert ("the review has R202" in printed.err) is bool(code)


@pytest.mark.requirement("REV-2")
def test_execute_with_a_finding_that_fails_executes_nothing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """There are no credentials, so a call would fail with another exit code."""
    save(project, losing())
    assert run(project, "execute", "--yes", "--fail-on", "look") == 5
    assert "--fail-on look: the review has R202 (exit code 5)." in capsys.readouterr().err


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("command", ["review", "execute"])
def test_unknown_code_to_fail_on_is_rejected_before_anything(
    project: Project, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run(project, command, "--fail-on", "R201,R999") == 2
    message = capsys.readouterr().err
    assert "R999 is no verdict and no code of a finding." in message
    assert "docs/rules.md has all codes" in message


def test_interruption_says_that_operations_in_aws_continue(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deploy.commands.plan_files.load_plan", interrupt)
    assert run(project, "review") == 130
    assert "Operations that started in AWS continue" in capsys.readouterr().err


def test_unexpected_rejection_by_aws_is_no_traceback(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = refusal("AccessDenied", "no right")

    def raise_access_denied(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("deploy.commands.plan_files.load_plan", raise_access_denied)
    assert run(project, "review") == 1
    assert "These credentials may not call DescribeStacks: no right." in capsys.readouterr().err


def test_folders_are_checked_before_any_call(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """There are no credentials, so a call would fail with another message."""
    (project.lambda_src / "hello" / "handler.py").unlink()
    assert run(project, "package") == 2
    assert "small root: HelloArtifactKey has no folder: make lambda_src/hello/" in capsys.readouterr().err


def test_rules_of_the_root_are_reported_with_the_other_faults_before_any_call(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project.templates("small") / "root.yaml"
    rule = "Rules: {Home: {Assertions: [{Assert: {'Fn::Equals': [{Ref: 'AWS::Region'}, us-east-1]},"
    root.write_text(f"{rule} AssertDescription: Only in us-east-1.}}]}}}}\n{root.read_text()}")
    path = project.parameters("small", "dev")
    document = json.loads(path.read_text())
    document["Parameters"]["Retention"] = "31"
    path.write_text(json.dumps(document, indent=2))
    assert run(project, "plan", "--region", "eu-west-1") == 2
    message = capsys.readouterr().err
    assert "2 faults; nothing was called" in message
    assert "rule Home: Only in us-east-1." in message


def test_rule_that_only_cloudformation_can_decide_is_noted(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project.templates("small") / "root.yaml"
    rule = "Rules: {Known: {Assertions: [{Assert: {'Fn::EachMemberEquals': [{'Fn::ValueOfAll': [X, y]}, z]}}]}}"
    root.write_text(f"{rule}\n{root.read_text()}")
    assert run(project, "plan") == 1  # no credentials: it went on to the first call
    message = capsys.readouterr().err
    assert "note: The rule Known is left to CloudFormation: Fn::ValueOfAll is not evaluated here." in message


@pytest.mark.parametrize(
    "options",
    [("--environment", "prod"), ("--stack-name", "small-prod"), ("--environment", "prod", "--region", "eu-west-1")],
)
def test_destroying_a_protected_stack_is_rejected_before_the_confirmation(
    project: Project,
    scripted: Scripted,
    options: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The stack itself has no protection, because its first `execute` was killed or the row was added later."""
    rows = json.loads(project.deployments("small").read_text())
    rows["prod"] = {"StackName": "small-prod", "Region": "us-east-1", "TerminationProtection": True}
    project.deployments("small").write_text(json.dumps(rows))
    stack = {
        "StackName": "small-prod",
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
    }
    scripted["cloudformation"].add_response("describe_stacks", {"Stacks": [stack]})
    monkeypatch.setattr("deploy.commands.destroy.Aws", lambda region, profile: scripted.aws)
    assert run(project, "destroy", "--yes", *options) == 1
    assert "termination protection in params/small/deployment.json (prod)" in capsys.readouterr().err


def test_deployer_imports_neither_troposphere_nor_builders() -> None:
    """One question separates builders/ from deploy/: does it talk to AWS?"""
    code = (
        "import importlib, pkgutil, sys, deploy\n"
        "for module in pkgutil.walk_packages(deploy.__path__, 'deploy.'):\n"
        "    module.name == 'deploy.__main__' or importlib.import_module(module.name)\n"
        "from review.resource_types.schema_facts import facts_of\n"
        "facts_of('AWS::S3::Bucket')\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('troposphere', 'awacs', 'builders', 'cfnlint')])"
    )
    root = Path(cli.__file__).parents[1]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert run.stdout.strip() == "[]"


def test_review_loads_nothing_that_talks_to_aws(project: Project) -> None:
    """Loading botocore takes half a second, and a review needs none of it."""
    save(project, make_plan({"root.yaml": TEMPLATE}))
    code = (
        "import sys, pathlib\n"
        "from deploy import cli\n"
        "from deploy.settings import Project\n"
        "exit_code = cli.main(['review', '--json', '--platform', 'small'], project=Project(pathlib.Path(sys.argv[1])))\n"
        "print(exit_code, sorted({'boto3', 'botocore', 'urllib3'} & set(sys.modules)), file=sys.stderr)"
    )
    root = Path(cli.__file__).parents[1]
    command = [sys.executable, "-c", code, str(project.root)]
    loaded = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert loaded.stderr.splitlines()[-1] == "0 []"


def test_every_command_is_in_the_help_and_has_a_module() -> None:
    words = build_parser().format_help()
    for command, module in cli.COMMANDS.items():
        assert re.search(rf"^ +{command}\b", words, re.MULTILINE)
        assert callable(importlib.import_module(module).run)
