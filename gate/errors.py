"""What can stop the gate itself, as opposed to what it finds in a template."""

from __future__ import annotations


class GateError(Exception):
    """Base of all faults of the gate; the command line turns them into one sentence and exit code 2."""


class UsageError(GateError):
    """The command was given something it cannot work on."""


class NoTemplatesError(UsageError):
    """Nothing to check was found under the given paths."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.paths = paths
        super().__init__(f"no template found under {', '.join(paths)}: run `python generate.py` or name another path")


class OutsideRootError(UsageError):
    """A path lies outside the repository, where .cfnlintrc and relative TemplateURLs have no meaning."""

    def __init__(self, path: str, root: str) -> None:
        self.path = path
        self.root = root
        super().__init__(f"{path} is not below {root}: give --root the folder that holds the templates and .cfnlintrc")


class ConfigurationError(UsageError):
    """The cfn-lint configuration is missing or cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class WorkerError(GateError):
    """A checking process ended without an answer (killed, out of memory, crashed in native code)."""

    def __init__(self, tool: str, detail: str) -> None:
        self.tool = tool
        self.detail = detail
        super().__init__(f"{tool} ended without an answer: {detail}")
