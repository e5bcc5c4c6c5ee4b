"""Who may execute what: approvals, names of blocked changes, and what happens without a terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import cli
from deploy.settings import Project
from review.plan.approval import Approval, load_approval, save_approval
from review.plan.model import Plan
from review.plan.plan_file import load_plan, plan_digest, save_plan
from tests.deploy.support.aws import ACCOUNT
from tests.review.support.plans import change_set, claim, deployed, make_plan

pytestmark = pytest.mark.requirement("REV-2")
TEMPLATE = "Resources: {X: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: a}}}"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/me"


class Terminal(io.StringIO):
    """A terminal at which a person has typed something."""

    def isatty(self) -> bool:
        return True


class FakeAws:
    """An account with the artifact bucket, which counts what is executed."""

    def __init__(self) -> None:
        self.region, self.account, self.identity = "us-east-1", ACCOUNT, {"Arn": CALLER}
        self.shared: dict[str, Approval] = {}
        self.executed: list[Approval | None] = []

    def share(self, aws: Any, plan: Plan, approval: Approval) -> None:
        self.shared[plan.stack] = approval

    def fetch(self, aws: Any, plan: Plan) -> Approval | None:
        return self.shared.get(plan.stack)

    def execute(self, aws: Any, plan: Plan, approval: Approval | None, say: Any) -> None:
        self.executed.append(approval)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """The commands with a fake account, in which no change set was executed yet, and without a terminal."""
    fake = FakeAws()
    for command in ("approve", "execute"):
        monkeypatch.setattr(f"deploy.commands.{command}.Aws", lambda region, profile: fake)
    monkeypatch.setattr("deploy.commands.approving.share_approval", fake.share)
    monkeypatch.setattr("deploy.commands.approving.fetch_approval", fake.fetch)
    monkeypatch.setattr("deploy.commands.execute.execute_plan", fake.execute)
    monkeypatch.setattr("deploy.execution.staleness._change_set_status", lambda cloudformation, plan: ("AVAILABLE", []))
    monkeypatch.setattr(FakeAws, "client", lambda self, service: None, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    return fake


def adding() -> Plan:
    """A plan with the verdict fine."""
    return make_plan({"root.yaml": TEMPLATE}, claims=change_set(claim("X", "AWS::DynamoDB::Table", "Add")))


def blocked() -> Plan:
    """A plan that replaces a table."""
    before = deployed("small-dev", TEMPLATE)
    claims = change_set(claim("X", "AWS::DynamoDB::Table", replacement="True"))
    return make_plan({"root.yaml": TEMPLATE.replace("TableName: a", "TableName: b")}, before, claims=claims)


def save(project: Project, plan: Plan) -> Path:
    path = project.plan("small", "dev")
    save_plan(plan, path)
    return path


def run(project: Project, *arguments: str) -> int:
    return cli.main([*arguments, "--platform", "small"], project=project)


# ---- review and approve ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_review_records_nothing(project: Project, aws: FakeAws, form: str) -> None:
    """``review --json > file`` was the approval that ``execute`` asked for, though no person had read it."""
    path = save(project, adding())
    before = {*path.parent.iterdir()}
    assert run(project, "review", "--format", form) == 0
    assert {file.name for file in {*path.parent.iterdir()} - before} <= {"small-dev.review.html"}
    assert run(project, "execute") == 2
    assert aws.executed == []


def test_approval_says_who_when_what_and_lies_in_both_places(
    project: Project, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(project, adding())
    assert run(project, "approve", "--yes") == 0
    approval = load_approval(path)
    assert approval is not None
    assert approval.plan == plan_digest(load_plan(path))
    assert approval.caller == CALLER
    assert approval.by
    assert approval.at.endswith("+00:00")
    assert aws.shared == {"small-dev": approval}
    assert "Verdict: fine." in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "code"), [("small-dev\n", 0), ("yes\n", 1), ("", 1)])
def test_approving_at_a_terminal_takes_the_name_of_the_stack(
    project: Project, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    path = save(project, adding())
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert run(project, "approve") == code
    assert (load_approval(path) is not None) is (code == 0)


def test_approving_without_a_terminal_needs_yes(
    project: Project, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    save(project, adding())
    assert run(project, "approve") == 2
    assert "Give --yes to confirm." in capsys.readouterr().err
    assert aws.shared == {}


@pytest.mark.parametrize("command", ["approve", "execute"])
def test_name_that_is_not_blocked_is_an_error_that_names_what_is(
    project: Project, aws: FakeAws, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    save(project, blocked())
    assert run(project, command, "--yes", "--allow", "X", "--allow", "Y") == 2
    message = capsys.readouterr().err
    assert "--allow Y: the review has no blocked change of this name. Blocked are: X." in message
    save(project, adding())
    assert run(project, command, "--yes", "--allow", "X") == 2
    assert "Nothing is blocked." in capsys.readouterr().err
    assert (aws.executed, aws.shared) == ([], {})


# ---- execute --------------------------------------------------------------------------------------------------------


def test_approved_plan_is_executed_without_a_question(
    project: Project, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(project, adding())
    assert run(project, "approve", "--yes") == 0
    assert run(project, "execute") == 0
    assert aws.executed == [load_approval(path)]
    assert f"Approved by {aws.shared['small-dev'].by} ({CALLER})" in capsys.readouterr().err


def test_approval_from_another_machine_counts(project: Project, aws: FakeAws) -> None:
    plan = load_plan(save(project, adding()))
    aws.shared["small-dev"] = Approval(plan_digest(plan), "2026-01-01", "other", "arn:other")
    assert run(project, "execute") == 0
    assert aws.executed == [aws.shared["small-dev"]]


def test_approval_of_another_plan_counts_for_nothing(
    project: Project, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    save(project, adding())
    assert run(project, "approve", "--yes") == 0
    save(project, make_plan({"root.yaml": TEMPLATE.replace("TableName: a", "TableName: b")}))
    assert run(project, "execute") == 2
    assert "is not approved" in capsys.readouterr().err
    assert aws.executed == []


def test_plan_that_is_not_approved_says_what_to_do(
    project: Project, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    save(project, adding())
    assert run(project, "execute") == 2
    message = capsys.readouterr().err
    assert "The plan for small-dev is not approved. Verdict: fine." in message
    assert "There is no terminal to ask at. Run `deploy review`, then `deploy approve`; or give --yes." in message


def test_yes_approves_what_is_not_blocked(project: Project, aws: FakeAws) -> None:
    path = save(project, adding())
    assert run(project, "execute", "--yes") == 0
    assert aws.executed == [load_approval(path)] == [aws.shared["small-dev"]]


@pytest.mark.parametrize(("typed", "code"), [("small-dev\n", 0), ("yes\n", 1)])
def test_answer_at_the_terminal_approves(
    project: Project, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    path = save(project, adding())
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert run(project, "execute") == code
    assert aws.executed == ([load_approval(path)] if code == 0 else [])
    assert (load_approval(path) is not None) is (code == 0)


def test_interruption_at_the_question_says_that_nothing_was_started(
    project: Project, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    save(project, adding())
    monkeypatch.setattr("deploy.commands.execute.confirm", interrupt)
    monkeypatch.setattr("deploy.execution.interruption.describe_stack", lambda client, name: None)
    assert run(project, "execute") == 130
    assert "Interrupted. small-dev does not exist. The change set was not started." in capsys.readouterr().err
    assert aws.executed == []


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("command", ["execute", "approve"])
def test_blocked_plan_needs_the_names_of_all_that_is_blocked(
    project: Project,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    terminal: bool,
) -> None:
    save(project, blocked())
    monkeypatch.setattr(sys, "stdin", Terminal("small-dev\n") if terminal else io.StringIO(""))
    assert run(project, command, "--yes") == 5
    message = capsys.readouterr().err
    assert "Changes of small-dev are blocked:\n  X\n" in message
    assert message.endswith("To allow them all, give --allow X\n")
    assert (aws.executed, aws.shared) == ([], {})


def test_blocked_plan_is_executed_if_execute_allows_it(project: Project, aws: FakeAws) -> None:
    path = save(project, blocked())
    assert run(project, "execute", "--allow", "X") == 2, "a name is no confirmation"
    assert run(project, "execute", "--allow", "X", "--yes") == 0
    approval = load_approval(path)
    assert approval is not None
    assert approval.allowed == ("X",)


def test_blocked_plan_is_executed_if_its_approval_allows_it(project: Project, aws: FakeAws) -> None:
    save(project, blocked())
    assert run(project, "approve", "--yes", "--allow", "X") == 0
    assert run(project, "execute") == 0
    assert aws.executed == [aws.shared["small-dev"]]


def test_approval_that_does_not_allow_what_is_blocked_is_not_enough(project: Project, aws: FakeAws) -> None:
    path = save(project, blocked())
    save_approval(path, Approval(plan_digest(load_plan(path)), "2026-01-01", "me", CALLER))
    assert run(project, "execute", "--yes") == 5
    assert aws.executed == []


def test_plan_that_changes_nothing_needs_no_approval(project: Project, aws: FakeAws) -> None:
    nothing = change_set(status="FAILED", reason="The submitted information didn't contain changes.")
    save(project, make_plan({"root.yaml": TEMPLATE}, deployed("small-dev", TEMPLATE), claims=nothing))
    assert run(project, "execute") == 0
    assert aws.executed == [None]


def test_setting_that_changes_needs_an_approval(project: Project, aws: FakeAws) -> None:
    """A plan without changes of resources can end the termination protection."""
    nothing = change_set(status="FAILED", reason="The submitted information didn't contain changes.")
    before = deployed("small-dev", TEMPLATE, termination_protection=True)
    save(project, make_plan({"root.yaml": TEMPLATE}, before, claims=nothing))
    assert run(project, "execute") == 2
    assert run(project, "execute", "--yes") == 0
