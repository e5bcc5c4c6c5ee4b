"""Reasons why the gate cannot check. ``gate/__init__.py`` draws the tree."""

from __future__ import annotations


class GateError(Exception):
    """Base of all errors of the gate."""


class UsageError(GateError):
    """The command cannot work on its arguments."""


class NoTemplatesError(UsageError):
    """There is no template under the given paths."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.paths = paths
        super().__init__(f"no template found under {', '.join(paths)}. Run `python generate.py` or name another path")


class OutsideRootError(UsageError):
    """A path is outside the root folder, where .cfnlintrc and relative TemplateURLs have no meaning."""

    def __init__(self, path: str, root: str) -> None:
        self.path = path
        self.root = root
        super().__init__(f"{path} is not below {root}. Set --root to the folder of the templates and .cfnlintrc")


class ConfigurationError(UsageError):
    """The configuration of cfn-lint is missing or unreadable."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class WorkerError(GateError):
    """A checking process ended without a result (killed, out of memory, crashed in native code)."""

    def __init__(self, tool: str, detail: str) -> None:
        self.tool = tool
        self.detail = detail
        super().__init__(f"{tool} ended without a result: {detail}")
