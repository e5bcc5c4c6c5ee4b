from __future__ import annotations

from pathlib import Path

import pytest

from gate.configuration import read_configuration
from gate.errors import ConfigurationError
from gate.findings import Level
from gate.templates import TemplateFile
from gate.validate import validate_templates

CONFIGURATION = b"regions: [us-east-1]\nignore_checks:\n  - W3002 # by design\n"


def template(text: str) -> TemplateFile:
    return TemplateFile("templates/single.yaml", Path("templates/single.yaml"), text.encode())


def test_unknown_property_is_reported_at_its_line() -> None:
    text = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n      Colour: red\n"
    (finding,) = validate_templates([template(text)], CONFIGURATION)["templates/single.yaml"]
    assert (finding.line, finding.rule, finding.resource, finding.level) == (5, "F3002", "Queue", Level.ERROR)
    assert "Colour" in finding.message


def test_informational_diagnostics_do_not_count() -> None:
    assert validate_templates([template("Resources:\n  T:\n    Type: AWS::SNS::Topic\n")], CONFIGURATION) == {
        "templates/single.yaml": ()
    }


def test_unreadable_template_is_a_finding() -> None:
    (finding,) = validate_templates([template("Resources: [")], CONFIGURATION)["templates/single.yaml"]
    assert finding.rule == "F1101"


def test_check_that_the_configuration_ignores_is_not_reported() -> None:
    text = "Resources:\n  S:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: child.yaml\n"
    assert validate_templates([template(text)], CONFIGURATION) == {"templates/single.yaml": ()}
    (finding,) = validate_templates([template(text)], b"")["templates/single.yaml"]
    assert finding.rule == "W3002"


def test_check_that_a_resource_suppresses_is_reported_for_the_others() -> None:
    topic = "    Type: AWS::SNS::Topic\n    DependsOn: Key\n    Properties: {KmsMasterKeyId: !Ref Key}\n"
    ignoring = "    Metadata: {cfn-lint: {config: {ignore_checks: [W3005]}}}\n"
    text = f"Resources:\n  Key:\n    Type: AWS::KMS::Key\n  Loud:\n{topic}  Quiet:\n{topic}{ignoring}"
    findings = validate_templates([template(text)], b"")["templates/single.yaml"]
    assert [(finding.rule, finding.resource) for finding in findings] == [("W3005", "Loud")]


def test_parameter_with_the_name_of_a_secret_is_not_reported_as_a_password() -> None:
    names = ("SecretsKeyArn", "RotateSecretArtifactKey", "RotateSecretFunctionName", "DatabasePassword", "SecretValue")
    parameters = "".join(f"  {name}: {{Type: String}}\n" for name in names)
    text = f"Parameters:\n{parameters}Resources: {{T: {{Type: 'AWS::SNS::Topic'}}}}\n"
    findings = validate_templates([template(text)], b"")["templates/single.yaml"]
    assert [finding.line for finding in findings if finding.rule == "W2509"] == [5, 6]


def test_unreadable_configuration_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="is not YAML"):
        validate_templates([template("Resources: {}")], b"regions: [")


def test_small_project_passes(demo: Path) -> None:
    name = "templates/demo/logs.yaml"
    content = (demo / name).read_bytes()
    assert validate_templates([TemplateFile(name, demo / name, content)], read_configuration(demo)) == {name: ()}
