"""Exit codes of errors, and the message of those that list several faults."""

from __future__ import annotations

import pytest

from cfn.errors import ActionableError, DocumentError, Fault, ParameterError, TemplateError
from deploy.errors import (
    AccessError,
    AccountError,
    ChangeSetError,
    DeployError,
    DestroyError,
    SettingsError,
    StalePlanError,
    UsageError,
)
from review.errors import PlanError, ReviewError

FAULT = Fault("dev.json", "Size", "it is missing.", "Add it.", 3)


@pytest.mark.parametrize(
    ("error", "root", "exit_code"),
    [
        (TemplateError("root.yaml", "not readable."), DocumentError, 2),
        (ParameterError([FAULT]), DocumentError, 2),
        (PlanError("There is no plan."), ReviewError, 2),
        (UsageError("No such output."), DeployError, 2),
        (SettingsError("No such row."), UsageError, 2),
        (AccountError([FAULT]), DeployError, 1),
        (AccessError("No credentials."), DeployError, 1),
        (StalePlanError("s", ["it was not reviewed"]), DeployError, 3),
    ],
)
def test_error_has_the_exit_code_of_its_branch(error: ActionableError, root: type, exit_code: int) -> None:
    assert isinstance(error, root)
    assert isinstance(error, ActionableError)
    assert error.exit_code == exit_code


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ActionableError("It failed.", "Repeat."), "It failed. Repeat."),
        (ActionableError("It failed."), "It failed."),
        (TemplateError("a.yaml", "not readable.", "Correct it.", line=7), "a.yaml:7: not readable. Correct it."),
        (
            ParameterError([FAULT, FAULT]),
            "The parameters have 2 faults; nothing was called:\n"
            "  dev.json:3: Size: it is missing. Add it.\n  dev.json:3: Size: it is missing. Add it.",
        ),
        (
            ChangeSetError("s", ["s > N: no"], "Correct that."),
            "The change set for s could not be created:\n  s > N: no\nCorrect that.",
        ),
        (StalePlanError("s", ["a", "b"], "Plan again."), "The plan for s is rejected:\n  a\n  b\nPlan again."),
        (DestroyError("s", "It is protected.", do="Wait."), "It is protected. Wait."),
        (DestroyError("s", "These remain:", ["a", "b"], "Delete them."), "These remain:\n  a\n  b\nDelete them."),
        (DestroyError("s", "These remain:", ["a\n  b\x1b"], "Delete it."), "These remain:\n  a\\n  b\\x1b\nDelete it."),
        (
            ParameterError([Fault("dev.json", "Size\n", "'\u202ex' is no size.", "Correct it.")]),
            "The parameters have one fault; nothing was called:\n"
            "  dev.json: Size\\n: '\\u202ex' is no size. Correct it.",
        ),
    ],
)
def test_message_has_what_is_wrong_and_what_to_do(error: ActionableError, message: str) -> None:
    assert str(error) == message
