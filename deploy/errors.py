"""Errors of the deployer, as data. ``cli`` turns each into one message and an exit code."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from cfn.errors import ActionableError, Fault
from cfn.text import visible


class DeployError(ActionableError):
    """The deployer cannot do what the command asks for."""


class UsageError(DeployError):
    """The command line or a file that it names is wrong; nothing was called."""

    exit_code = 2


class SettingsError(UsageError):
    """params/<platform>/deployment.json lacks a key or has an invalid value."""


class AccountError(DeployError):
    """AWS would refuse the deployment in this account; the message lists all faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = _indented(self.faults)
        super().__init__(f"AWS would refuse this deployment in this account; nothing was changed:\n{lines}\n")


class ArtifactError(DeployError):
    """A function or service cannot be packaged."""

    def __init__(self, name: str, what: str, do: str = "") -> None:
        super().__init__(f"{name}: {what}", do)
        self.name = name


class AccessError(DeployError):
    """AWS cannot be reached or rejects the caller: credentials, region, permission, network."""

    def __init__(self, what: str, do: str = "", *, operation: str = "", code: str = "") -> None:
        super().__init__(what, do)
        self.operation = operation
        self.code = code


class BootstrapError(DeployError):
    """The artifact bucket is missing or belongs to another account."""

    def __init__(self, bucket: str, what: str, do: str = "") -> None:
        super().__init__(what, do)
        self.bucket = bucket


class StackStateError(DeployError):
    """The stack is in a state that the command cannot start from."""

    def __init__(self, stack: str, status: str, what: str, do: str = "") -> None:
        super().__init__(what, do)
        self.stack = stack
        self.status = status


class ChangeSetError(DeployError):
    """CloudFormation could not create the change set.

    Attributes:
        reasons: The reasons of the deepest failed change sets, each with the path of its stack.
    """

    def __init__(self, stack: str, reasons: Sequence[str], do: str = "") -> None:
        self.stack = stack
        self.reasons = tuple(reasons)
        super().__init__(f"The change set for {stack} could not be created:\n{_indented(self.reasons)}\n", do)


class StalePlanError(DeployError):
    """The plan is rejected because the stack, the change set or an artifact changed after it, or it was not approved."""

    exit_code = 3

    def __init__(self, stack: str, reasons: Sequence[str], do: str = "") -> None:
        self.stack = stack
        self.reasons = tuple(reasons)
        super().__init__(f"The plan for {stack} is rejected:\n{_indented(self.reasons)}\n", do)


class BlockedError(DeployError):
    """Changes of the plan are blocked, and nobody allowed them by name.

    Attributes:
        names: The names to allow.
    """

    exit_code = 5

    def __init__(self, stack: str, names: Sequence[str]) -> None:
        self.stack = stack
        self.names = tuple(names)
        options = " ".join(f"--allow {shlex.quote(name)}" for name in self.names)
        what = f"Changes of {stack} are blocked:\n{_indented(self.names)}\n"
        super().__init__(what, f"`deploy review` says why. To allow them all, give {options}")


class ExecutionError(DeployError):
    """The deployment failed.

    Attributes:
        root_cause: The first resource that failed on its own, with CloudFormation's reason.
    """

    def __init__(self, stack: str, status: str, root_cause: str, do: str = "") -> None:
        super().__init__(f"{stack} ended in {status}. First failure:\n  {root_cause}\n", do)
        self.stack = stack
        self.status = status
        self.root_cause = root_cause


class DestroyError(DeployError):
    """The stack could not be deleted, or resources of it remain.

    Attributes:
        remaining: The resources that still exist.
    """

    def __init__(self, stack: str, what: str, remaining: Sequence[str] = (), do: str = "") -> None:
        self.stack = stack
        self.remaining = tuple(remaining)
        super().__init__(f"{what}\n{_indented(self.remaining)}\n" if self.remaining else what, do)


class ReplayError(DeployError):
    """Quarantined data or dead letters cannot be replayed; they stay where they are."""


def _indented(items: Iterable[object]) -> str:
    """A line for each item, whatever AWS or a template put into it."""
    return "\n".join(f"  {visible(str(item))}" for item in items)
