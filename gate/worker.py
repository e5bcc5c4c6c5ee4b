"""One cfn-lint process: loads the rules once and checks the templates it is handed.

Only worker processes import this module. Loading cfn-lint takes seconds, and a run that finds everything in the
cache has none to spare.
"""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Iterator
from pathlib import Path

from cfnlint.config import ConfigMixIn
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.runner import Runner
from cfnlint.runner.template import run_template_by_file_path

from gate.configuration import NAME as CONFIGURATION
from gate.findings import Finding, Level

TOOL = "cfn-lint"
_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "informational": Level.NOTE}


def start(root: str) -> None:
    """Prepare the process: cfn-lint resolves its configuration and own rules against the current folder.

    The cyclic collector is off: it finds nothing worth a tenth of the time in a process that lives for seconds (some
    4 MB a template).
    """
    gc.disable()
    os.chdir(root)
    _rules()


def lint_file(name: str) -> tuple[Finding, ...]:
    """All findings of cfn-lint in one template, named relative to the root."""
    config = _configuration(name)
    return tuple(_finding(match, name) for match in run_template_by_file_path(name, config, _rules(), False))


def _configuration(*templates: str) -> ConfigMixIn:
    # The project's file is named, or cfn-lint would merge the user's own ~/.cfnlintrc into it.
    return ConfigMixIn(["--config-file", CONFIGURATION, "--template", *templates])


@functools.cache
def _rules() -> Rules:
    # Any template will do: none is read, and reading the paths of the configuration's own patterns would be wasted.
    return Runner(_configuration(str(Path(CONFIGURATION)))).rules


def _finding(match: Match, name: str) -> Finding:
    path: list[str | int] = list(getattr(match, "path", None) or [])
    return Finding(
        file=name,
        line=match.linenumber,
        column=match.columnnumber,
        end_line=match.linenumberend,
        end_column=match.columnnumberend,
        rule=match.rule.id,
        message=match.message,
        level=_LEVELS.get(match.rule.severity, Level.ERROR),
        tool=TOOL,
        resource=_resource(iter(path)),
        title=match.rule.shortdesc,
        help_uri=match.rule.source_url,
    )


def _resource(path: Iterator[str | int]) -> str:
    return str(next(path, "")) if next(path, None) == "Resources" else ""
