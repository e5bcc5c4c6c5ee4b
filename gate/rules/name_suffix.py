"""E9804: every explicit name ends in the environment's suffix."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

values = import_filename("_values", str(Path(__file__).parent)).values  # by path, as cfn-lint loads this file

# The table of cfn/names.py. A data file and not an import, because the project's packages may be missing in an editor.
_TABLE: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "cfn" / "name_properties.json").read_text("utf-8")
)
# By type. A name that is unique only inside another resource is absent, because it cannot collide with other environments.
NAMES: dict[str, list[str]] = {
    kind: [path.replace("/", ".") for path in row["paths"]] for kind, row in _TABLE.items() if "within" not in row
}


class NameSuffix(CloudFormationLintRule):
    """Checks the properties that name a resource, in every arm of Fn::If.

    A name that contains the id of a resource of the same template is unique by that id.
    """

    id = "E9804"
    shortdesc = "Names carry the environment's suffix"
    description = (
        "An explicit name ends in the parameter EnvironmentSuffix. The account, the region, .fifo or the path that a "
        "service appends to a name (/aws/rds/cluster/NAME/postgresql) may follow. A name with the id of a resource of the "
        "same template needs no suffix, nor does a name inside another resource, such as a stage of an API."
    )
    reason = "A name without the suffix collides with the name in a second environment in the same account."
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html"
    tags = ["resources", "naming"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          Alias:
            Type: AWS::KMS::Alias
            Properties:
              AliasName: alias/orders
              TargetKeyId: 1234abcd-12ab-34cd-56ef-1234567890ab
    """
    passing_example = """
        Parameters:
          EnvironmentSuffix: {Type: String}
        Resources:
          Alias:
            Type: AWS::KMS::Alias
            Properties:
              AliasName: !Sub alias/orders-${EnvironmentSuffix}
              TargetKeyId: 1234abcd-12ab-34cd-56ef-1234567890ab
    """

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {"parameter": {"default": "EnvironmentSuffix", "type": "string"}}

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each name without the suffix."""
        suffix = re.escape(f"${{{self.config['parameter']}}}")
        ending = re.compile(rf"[-_/]{suffix}(-\$\{{AWS::(AccountId|Region)\}})*(\.fifo)?(/.*)?$")
        resources = cfn.get_resources()
        return [
            RuleMatch(
                ["Resources", logical_id, "Properties", *path.split(".")],
                f"name {text!r} does not end in ${{{self.config['parameter']}}}",
            )
            for logical_id, resource in resources.items()
            for path in NAMES.get(resource.get("Type", ""), ())
            for value in values(resource.get("Properties"), path)
            if value is not None and not ending.search(text := _text(value)) and not _refers_to(text, resources)
        ]


def _text(value: Any) -> str:
    """Returns a name as text with ``${…}`` for references."""
    if not isinstance(value, dict):
        return str(value)
    function, argument = next(iter(value.items()))
    if function == "Ref":
        return f"${{{argument}}}"
    if function == "Fn::GetAtt":
        return f"${{{argument if isinstance(argument, str) else '.'.join(map(str, argument))}}}"
    if function == "Fn::Sub":
        text, values = (argument, {}) if isinstance(argument, str) else argument
        for name, replacement in values.items():
            text = text.replace(f"${{{name}}}", _text(replacement))
        return str(text)
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(_text(part) for part in parts) if isinstance(parts, list) else _text(parts)
    return f"{function}(…)"


def _refers_to(text: str, resources: dict[str, Any]) -> bool:
    return any(name.split(".")[0] in resources for name in re.findall(r"\$\{([^!}]+)\}", text))
