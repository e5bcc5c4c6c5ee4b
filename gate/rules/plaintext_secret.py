"""E9821: no secret is in a template or in an environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
values = import_filename("_values", _FOLDER).values  # by path, as cfn-lint loads this file

# Names of values that are secrets, and the endings of names that only lead to one (PASSWORD_PARAMETER_NAME, SecretArn).
SECRET_NAME = re.compile(
    r"(?i)pass(word|wd|phrase)|(^|[_-])(pwd|pass)$|secret|(api|access|private|auth|encryption|signing|secret)[_-]?key|token|credential"
)
LEADS_TO_SECRET = re.compile(
    r"(?i)(arn|arns|id|ids|name|names|path|prefix|url|uri|endpoint|file|seconds|minutes|hours|days|ttl|length|version|count|"
    r"region|artifactkey|algorithm|enabled|required|policy|usage|type|bucket|table)$|^(no|is|has|with)_|tokeni[sz]"
)
# Properties that hold a secret, in any type of resource.
SECRET_PROPERTY = re.compile(
    r"(Master(User)?|Admin|Db|DB|Ftp|Redis)?Pass(word|phrase)s?|AuthToken|OAuthToken|AccessToken|SecretString|SecretKey|"
    r"ClientSecret|SharedSecret|PrivateKey|SecretAccessKey|PreSharedKey|ApiKeyValue"
)
SECRET_TEXT = re.compile(
    r"\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abp]-[\w-]{10,}"
    r"|\bsk_live_\w{10,}|;\s*(?i:password|pwd)\s*=\s*[^;\s${}]+|://[^\s:/@${}]+:[^\s@/${}]+@"
)
# An assignment in a script: `DB_PASSWORD=hunter2`, `--password hunter2`. `$(…)` and `${…}` are no literals.
ASSIGNMENT = re.compile(
    r"""(?i)(?<![\w$])(?:--?)?[\w-]*(?:password|passwd|secret|api_?key|access_key|auth_?token)(?:\s*[=:]\s*|\s+)"""
    r"""["']?(?P<value>[^\s"'$<>(){}\[\]\\|;,&]{4,})"""
)
NOT_LITERAL = re.compile(r"(?i)\{\{resolve:secretsmanager:|^(arn:|/|\$|none|null|true|false|changed|required|file)")
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "AWS::AppRunner::Service": (
        "SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentVariables.*",
        "SourceConfiguration.CodeRepository.CodeConfiguration.CodeConfigurationValues.RuntimeEnvironmentVariables.*",
    ),
    "AWS::Batch::JobDefinition": ("ContainerProperties.Environment.*",),
    "AWS::CodeBuild::Project": ("Environment.EnvironmentVariables.*",),
    "AWS::ECS::TaskDefinition": ("ContainerDefinitions.*.Environment.*",),
    "AWS::ElasticBeanstalk::Environment": ("OptionSettings.*",),
    "AWS::Glue::Job": ("DefaultArguments",),
    "AWS::Lambda::Function": ("Environment.Variables",),
    "AWS::Serverless::Function": ("Environment.Variables",),
    "AWS::SageMaker::Model": ("PrimaryContainer.Environment",),
}
# The last three are of cfn-init, in the metadata.
SCRIPTS = frozenset(
    {"UserData", "BuildSpec", "Command", "EntryPoint", "LifecycleConfigContent", "content", "command", "env"}
)
SECRET_TYPES = ("SECRETS_MANAGER", "PARAMETER_STORE")


class PlaintextSecret(CloudFormationLintRule):
    """Checks environments, scripts, properties for passwords and parameters.

    A dynamic reference is no way out in an environment: CloudFormation writes the resolved value there. In a property for
    a password it is the right way.
    """

    id = "E9821"
    shortdesc = "No secret is in a template, an environment or a script"
    description = (
        "The environment of a function, container or build has no variable for a secret, only the name or the ARN of one. "
        "A property for a password has a dynamic reference to Secrets Manager, or the service manages the password. A "
        "script contains no password. A parameter for a secret has NoEcho and no default. No text looks like a key. There "
        "is no AWS::IAM::AccessKey, whose secret is an attribute in plaintext."
    )
    reason = (
        "PCI DSS 8.3.2 and 8.6.2 forbid readable passwords in scripts and configurations. Everyone who may describe a "
        "function reads its environment, and a template is in the history of a repository."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security-best-practices.html#creds"
    tags = ["resources", "secrets"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          OrdersLogin:
            Type: AWS::SSM::Parameter
            Properties:
              Type: String
              Value: postgresql://orders:correct-horse@orders.internal/orders
              Tags: {Environment: dev, CostCenter: orders, Compliance: none, DataClassification: Internal}
    """
    passing_example = failing_example.replace("orders:correct-horse@", "")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each secret."""
        matches = [RuleMatch(path, message) for path, message in _parameters(cfn.template.get("Parameters") or {})]
        for name, resource in cfn.get_resources().items():
            path: list[str | int] = ["Resources", name, "Properties"]
            if resource.get("Type") == "AWS::IAM::AccessKey":
                matches.append(
                    RuleMatch(["Resources", name], "the secret of an access key is an attribute in plaintext")
                )
            found = [*_environment(resource, path), *_properties(resource.get("Properties"), path)]
            found += _properties(resource.get("Metadata"), ["Resources", name, "Metadata"])
            matches += [
                RuleMatch(list(place), message) for place, message in dict.fromkeys((tuple(p), m) for p, m in found)
            ]
        return matches


def _parameters(parameters: dict[str, Any]) -> Iterator[tuple[list[str | int], str]]:
    for name, parameter in parameters.items():
        is_text = isinstance(parameter, dict) and "AWS::SSM" not in str(parameter.get("Type"))
        if not is_text or not SECRET_NAME.search(name) or LEADS_TO_SECRET.search(name) or _is_choice(parameter):
            continue
        if parameter.get("NoEcho") not in (True, "true"):
            yield ["Parameters", name], f"{name} is a secret by its name, and NoEcho is not true"
        elif parameter.get("Default"):
            yield ["Parameters", name, "Default"], f"the default of {name} is a secret in the template"


def _is_choice(parameter: dict[str, Any]) -> bool:
    return "AllowedValues" in parameter or parameter.get("Type") in ("Number", "CommaDelimitedList")


def _environment(resource: dict[str, Any], path: list[str | int]) -> Iterator[tuple[list[str | int], str]]:
    for keys in ENVIRONMENTS.get(resource.get("Type", ""), ()):
        for variables in values(resource.get("Properties"), keys):
            for name, value in _variables(variables):
                if _is_secret_name(name) and value not in (None, "") and not _leads_to_secret(value):
                    yield [*path, keys.split(".")[0]], f"the variable {name} holds a secret. Pass the ARN of the secret"


def _variables(node: Any) -> Iterator[tuple[str, Any]]:
    """Yields name and value of an entry of a list (Name and Value), or of all entries of a map."""
    if not isinstance(node, dict):
        return
    name = node.get("Name") or node.get("OptionName")
    if isinstance(name, str) and "Value" in node:
        if node.get("Type") not in SECRET_TYPES:
            yield name, node["Value"]
        return
    yield from ((str(key), value) for key, value in node.items())


def _is_secret_name(name: str) -> bool:
    return bool(SECRET_NAME.search(name)) and not LEADS_TO_SECRET.search(name)


def _leads_to_secret(value: Any) -> bool:
    """Whether a value leads to a secret: an ARN, or a reference to a resource's ARN."""
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        return True
    text = value.get("Ref", value.get("Fn::Sub", "")) if isinstance(value, dict) else value
    return isinstance(text, str) and (text.startswith("arn:") or bool(re.search(r"(Arn|Name|Secret|Id)$", text)))


def _properties(node: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], str]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _properties(item, [*path, index])
    elif isinstance(node, dict):
        for key, value in node.items():
            place = [*path, key]
            if isinstance(key, str) and SECRET_PROPERTY.fullmatch(key):
                yield from ((place, f"{key} is a literal") for text in values(value) if _is_literal(text))
            yield from _properties(value, place)
    elif isinstance(node, str) and (SECRET_TEXT.search(node) or (SCRIPTS & set(path) and _assigns(node))):
        yield path, "the text contains a secret"


def _is_literal(value: Any) -> bool:
    text = value.get("Fn::Sub") if isinstance(value, dict) else value
    return isinstance(text, str) and bool(text) and "{{resolve:" not in text and not text.startswith("${")


def _assigns(script: str) -> bool:
    return any(not NOT_LITERAL.match(found["value"]) for found in ASSIGNMENT.finditer(script))
