"""Runs one of the project's cfn-lint rules alone over a template."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from cfnlint.decode.decode import decode_str
from cfnlint.helpers import create_rules
from cfnlint.rules import CloudFormationLintRule
from cfnlint.template import Template

import gate.rules


def run_rule(rule: CloudFormationLintRule, resources: str, **settings: Any) -> list[tuple[str, str]]:
    """Path and message of each match.

    Args:
        rule: the rule to run.
        resources: a whole template as YAML, or only the content of its ``Resources``.
        **settings: the rule's configuration.
    """
    body, errors = decode_str(resources if "Resources:" in resources else f"Resources:\n{resources}")
    assert not errors
    assert body is not None
    rule.configure(settings)
    matches = rule.match(Template("template.yaml", body, ["us-east-1"]))
    return [("/".join(map(str, match.path)), match.message) for match in matches]


def project_rules() -> dict[str, CloudFormationLintRule]:
    """The project's rules in Python, by code."""
    modules = [
        importlib.import_module(f"gate.rules.{module.name}") for module in pkgutil.iter_modules(gate.rules.__path__)
    ]
    return {rule.id: rule for module in modules for rule in create_rules(module)}
