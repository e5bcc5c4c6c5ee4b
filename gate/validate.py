"""The fast check: cloudformation-validate, AWS's own validator (Rust, offline, all rules and schemas built in).

It knows most of cfn-lint's rules under the same ids and adds some of its own. Warnings and worse count. Its
informational rules are hints to an author, not faults (a missing architecture description, a create-only property),
and the informational rules of cfn-lint that matter are counted by cfn-lint itself.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from gate.errors import ConfigurationError, WorkerError
from gate.findings import Finding, Level
from gate.templates import TemplateFile, suppressions

if TYPE_CHECKING:
    from cloudformation_validate import Diagnostic

TOOL = "cloudformation-validate"
DISTRIBUTION = "cloudformation-validate"

# Rules that are wrong for every template set of this project, with the reason. What a single resource must be allowed
# belongs into that resource's Metadata, what cfn-lint reports as well into .cfnlintrc.
EXCLUDED: Mapping[str, str] = {
    "W2512": "flags NotAction in any statement; the region deny (requirement A-3) is a Deny with NotAction on purpose",
}

# A rule that is wrong of some parameters: "appears to be a password" is judged by the parameter's name, and where the
# name ends so, the value is what something secret is called, not the secret (SecretsKeyArn, RotateSecretArtifactKey).
PASSWORD_BY_NAME = "W2509"
NAMES_A_SECRET = re.compile(r"(Arn|Id|Name|ArtifactKey)$")


def version() -> str:
    """The installed version, without loading the native library."""
    return importlib.metadata.version(DISTRIBUTION)


def validate(templates: Sequence[TemplateFile], configuration: bytes) -> dict[str, tuple[Finding, ...]]:
    """Findings by template name. The engine takes most of a second to build and milliseconds a template.

    Raises:
        ConfigurationError: `.cfnlintrc`, whose ignored checks and region hold here too, is not YAML.
        WorkerError: the native library failed.
    """
    # Loaded here: a run that finds everything in the cache must not pay for the native library.
    from cloudformation_validate import CompositeEngine, TemplateContent, ValidationError

    try:
        engine = CompositeEngine()
        config = _config(configuration)
        return {
            template.name: tuple(
                _findings(
                    template,
                    engine.validate_template(TemplateContent(template.content, template.name), config).diagnostics,
                )
            )
            for template in templates
        }
    except ValidationError as error:
        raise WorkerError(TOOL, str(error)) from error


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
    ignored = suppressions(template)
    for diagnostic in diagnostics:
        resource = diagnostic.entity.logical_id if diagnostic.entity else ""
        places = ignored.get(diagnostic.rule_id)
        if places is not None and (not places or resource in places):
            continue
        if diagnostic.rule_id == PASSWORD_BY_NAME and NAMES_A_SECRET.search(resource):
            continue
        line = diagnostic.start_line or 1
        column = diagnostic.start_column or 1
        yield Finding(
            file=template.name,
            line=line,
            column=column,
            end_line=diagnostic.end_line or line,
            end_column=diagnostic.end_column or column + 1,
            rule=diagnostic.rule_id,
            message=diagnostic.message,
            level=_level(diagnostic.severity.name),
            tool=TOOL,
            resource=resource,
            title=diagnostic.rule_description or "",
            help_uri=diagnostic.documentation_url or "",
        )


def _level(severity: str) -> Level:
    if severity in ("FATAL", "ERROR"):
        return Level.ERROR
    return Level.WARNING if severity == "WARN" else Level.NOTE
