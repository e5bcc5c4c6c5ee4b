"""A cfn-lint process: loads the rules once and checks the templates that it receives.

Only worker processes import this module. cfn-lint takes seconds to load, and a run that finds everything in the cache
must not wait for that.
"""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Sequence

from cfnlint.config import ConfigMixIn
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.runner import Runner
from cfnlint.runner.template import run_template_by_file_path

from gate.configuration import NAME as CONFIGURATION
from gate.findings import Finding, Level, Tool

_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "informational": Level.NOTE}


def start(root: str) -> None:
    """Prepares the process. cfn-lint resolves its configuration and the project's rules in the current folder.

    Switches the cyclic garbage collector off. A worker lives for seconds, and the collector would take a tenth of that
    time to free almost nothing (some 4 MB a template).
    """
    gc.disable()
    os.chdir(root)
    _rules()


def lint_file(name: str) -> tuple[Finding, ...]:
    """Returns all findings of cfn-lint for a template, which is named relative to the root folder."""
    config = _configuration(name)
    return tuple(_finding(match, name) for match in run_template_by_file_path(name, config, _rules(), False))


def _configuration(template: str) -> ConfigMixIn:
    # Names the project's file, because cfn-lint would otherwise merge the user's ~/.cfnlintrc into it.
    return ConfigMixIn(["--config-file", CONFIGURATION, "--template", template])


@functools.cache
def _rules() -> Rules:
    # Any existing file will do as the template, because Runner does not read it here. Without one, cfn-lint would search
    # the files for the configuration's patterns.
    return Runner(_configuration(CONFIGURATION)).rules


def _finding(match: Match, name: str) -> Finding:
    return Finding(
        file=name,
        line=match.linenumber,
        column=match.columnnumber,
        end_line=match.linenumberend,
        end_column=match.columnnumberend,
        rule=match.rule.id,
        message=match.message,
        level=_LEVELS.get(match.rule.severity, Level.ERROR),
        tool=Tool.CFN_LINT,
        resource=_resource(list(getattr(match, "path", None) or [])),
        title=match.rule.shortdesc,
        help_uri=match.rule.source_url,
    )


def _resource(path: Sequence[str | int]) -> str:
    """Returns the logical id in a match's path, or an empty text outside of resources."""
    return str(path[1]) if len(path) > 1 and path[0] == "Resources" else ""
