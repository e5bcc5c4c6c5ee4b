"""Runs cloudformation-validate, AWS's own validator (Rust, offline, all rules and schemas built in).

It has most of cfn-lint's rules under the same ids, and some of its own. Warnings and worse levels count. Its
informational rules are hints to an author and not faults (a missing architecture description, a create-only property).
cfn-lint reports those of its own informational rules that matter.

It also evaluates the project's rules in the language of CloudFormation Guard (``gate.guard``).
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from gate.errors import ConfigurationError, WorkerError
from gate.findings import Finding, Level, Tool
from gate.guard import OWN_WORDS, guard_rules, guard_source
from gate.templates import TemplateFile, suppressions

if TYPE_CHECKING:
    from cloudformation_validate import Diagnostic

# Rules that are wrong for every template set of this project, with the reason. An exception for a single resource is in
# that resource's Metadata. A rule that cfn-lint reports as well is in .cfnlintrc.
EXCLUDED: Mapping[str, str] = {
    "W2512": (
        "It reports NotAction in any statement. The deny of other regions (requirement A-3) is a Deny with NotAction "
        "on purpose."
    ),
}

# A rule that is wrong for some parameters, with the reason.
PASSWORD_BY_NAME = "W2509"
NAMES_A_SECRET = re.compile(r"(Arn|Id|Name|ArtifactKey)$")
PASSWORD_BY_NAME_EXCEPTION = (
    "It decides by a parameter's name that the value is a password. A parameter whose name ends in Arn, Id, Name or "
    "ArtifactKey holds the name of a secret and not the secret (SecretsKeyArn, RotateSecretArtifactKey)."
)


def version() -> str:
    """Returns the installed version without loading the native library."""
    return importlib.metadata.version(Tool.CLOUDFORMATION_VALIDATE)


def validate_templates(templates: Sequence[TemplateFile], configuration: bytes) -> dict[str, tuple[Finding, ...]]:
    """Returns the findings by template name. Building the engine takes most of a second, a template milliseconds.

    Args:
        templates: what to check.
        configuration: content of ``.cfnlintrc``, whose ignored checks and region apply here too.

    Raises:
        ConfigurationError: ``configuration`` is not YAML.
        WorkerError: the native library failed.
    """
    # Not at the top, because a run that finds everything in the cache must not load the native library.
    from cloudformation_validate import (
        CompositeEngine,
        CompositeEngineConfig,
        ExternalRuleSource,
        TemplateContent,
        ValidationError,
    )

    try:
        guard = ExternalRuleSource(name="gate/rules", content=guard_source())
        engine = CompositeEngine(CompositeEngineConfig(guard_rules=[guard]))
        config = _config(configuration)
        findings: dict[str, tuple[Finding, ...]] = {}
        for template in templates:
            report = engine.validate_template(TemplateContent(template.content, template.name), config)
            findings[template.name] = tuple(_findings(template, report.diagnostics))
        return findings
    except ValidationError as error:
        raise WorkerError(Tool.CLOUDFORMATION_VALIDATE, str(error)) from error


def _config(configuration: bytes) -> Any:
    from cloudformation_validate import PseudoParameterOverrides, RuleFilterConfig, Severity, ValidateConfig

    try:
        settings = yaml.safe_load(configuration) or {}
    except yaml.YAMLError as error:
        raise ConfigurationError(".cfnlintrc", f"is not YAML: {error}") from error
    regions = settings.get("regions") or [None]
    return ValidateConfig(
        exclude=RuleFilterConfig(ids=[*settings.get("ignore_checks", []), *EXCLUDED]),
        severity_level=Severity.WARN,
        pseudo_parameter_overrides=PseudoParameterOverrides(region=regions[0]),
    )


def _findings(template: TemplateFile, diagnostics: Sequence[Diagnostic]) -> Iterator[Finding]:
    if not diagnostics:
        return
    suppressed = suppressions(template)
    for diagnostic in diagnostics:
        resource = diagnostic.entity.logical_id if diagnostic.entity else ""
        logical_ids = suppressed.get(diagnostic.rule_id)
        if logical_ids is not None and (not logical_ids or resource in logical_ids):
            continue
        if diagnostic.rule_id == PASSWORD_BY_NAME and NAMES_A_SECRET.search(resource):
            continue
        yield _finding(template, diagnostic, resource)


def _finding(template: TemplateFile, diagnostic: Diagnostic, resource: str) -> Finding:
    line = diagnostic.start_line or 1
    column = diagnostic.start_column or 1
    own = guard_rules().get(diagnostic.rule_id)
    message = diagnostic.message
    if own is not None and message.startswith(OWN_WORDS):
        message = f"not so: {own.shortdesc}"
    return Finding(
        file=template.name,
        line=line,
        column=column,
        end_line=diagnostic.end_line or line,
        end_column=diagnostic.end_column or column + 1,
        rule=diagnostic.rule_id,
        message=message,
        level=_level(diagnostic.severity.name),
        tool=Tool.CLOUDFORMATION_VALIDATE,
        resource=resource,
        title=own.shortdesc if own else diagnostic.rule_description or "",
        help_uri=own.source_url if own else diagnostic.documentation_url or "",
    )


def _level(severity: str) -> Level:
    if severity in ("FATAL", "ERROR"):
        return Level.ERROR
    return Level.WARNING if severity == "WARN" else Level.NOTE
