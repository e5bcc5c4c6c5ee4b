"""What can go wrong, as data. ``cli`` turns each into one message and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

from cfn.errors import Fault, PlatformError, UsageError


class SettingsError(UsageError):
    """params/<platform>/deployment.json lacks something or says something impossible."""


class AccountError(PlatformError):
    """The account does not have what the parameters name. All faults are told together."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"The account does not have what the parameters name; nothing was changed:\n{lines}\n")


class ArtifactError(PlatformError):
    """A function or service cannot be packaged."""

    def __init__(self, name: str, what: str, do: str = "") -> None:
        super().__init__(f"{name}: {what}", do)
        self.name = name


class AccessError(PlatformError):
    """AWS cannot be reached or does not let us in: credentials, region, permission, network."""

    def __init__(self, what: str, do: str = "", *, operation: str = "", code: str = "") -> None:
        super().__init__(what, do)
        self.operation = operation
        self.code = code


class BootstrapError(PlatformError):
    """The artifact bucket is missing or is not ours."""

    def __init__(self, bucket: str, what: str, do: str = "") -> None:
        super().__init__(what, do)
        self.bucket = bucket


class StackStateError(PlatformError):
    """The stack is in a state that the command cannot start from."""

    def __init__(self, stack: str, status: str, what: str, do: str = "") -> None:
        super().__init__(what, do)
        self.stack = stack
        self.status = status


class ChangeSetError(PlatformError):
    """The service could not make the change set. ``reasons`` holds the deepest ones, path first."""

    def __init__(self, stack: str, reasons: Sequence[str], do: str = "") -> None:
        self.stack = stack
        self.reasons = tuple(reasons)
        lines = "\n".join(f"  {reason}" for reason in self.reasons)
        super().__init__(f"The change set for {stack} could not be made:\n{lines}\n", do)


class StalePlanError(PlatformError):
    """Something moved since the plan was made; it is refused."""

    exit_code = 3

    def __init__(self, stack: str, reasons: Sequence[str], do: str = "") -> None:
        self.stack = stack
        self.reasons = tuple(reasons)
        lines = "\n".join(f"  {reason}" for reason in self.reasons)
        super().__init__(f"The plan for {stack} is refused:\n{lines}\n", do)


class ExecutionError(PlatformError):
    """The deployment failed; ``root_cause`` is the first resource that failed by itself."""

    def __init__(self, stack: str, status: str, root_cause: str, do: str = "") -> None:
        super().__init__(f"{stack} ended in {status}. First failure:\n  {root_cause}\n", do)
        self.stack = stack
        self.status = status
        self.root_cause = root_cause


class DestroyError(PlatformError):
    """The stack could not be deleted, or something of it is left."""

    def __init__(self, stack: str, what: str, left: Sequence[str] = (), do: str = "") -> None:
        self.stack = stack
        self.left = tuple(left)
        lines = "".join(f"\n  {item}" for item in self.left)
        super().__init__(f"{what}{lines}\n" if lines else what, do)


class ReplayError(PlatformError):
    """Something cannot be brought back for processing; it stays where it is."""
