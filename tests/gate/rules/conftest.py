"""One rule alone over a template: what it says, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cfnlint.decode.decode import decode_str
from cfnlint.rules import CloudFormationLintRule
from cfnlint.template import Template

Judge = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def judge() -> Judge:
    """Path and message of each finding of a rule in a template's resources, given as YAML."""

    def run(rule: CloudFormationLintRule, resources: str, **settings: Any) -> list[tuple[str, str]]:
        body, errors = decode_str(resources if "Resources:" in resources else f"Resources:\n{resources}")
        assert not errors
        assert body is not None
        rule.configure(settings)
        matches = rule.match(Template("template.yaml", body, ["us-east-1"]))
        return [("/".join(map(str, match.path)), match.message) for match in matches]

    return run
