"""E9806: every taggable resource carries the required tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError
from cfnlint.template import Template

LAUNCH_TEMPLATE = "AWS::EC2::LaunchTemplate"
LAUNCHED = ("instance", "volume")


class RequiredTags(CloudFormationLintRule):
    """Checks the tags of every resource. The resource's schema says whether and in which property it has tags."""

    id = "E9806"
    shortdesc = "Taggable resources carry the required tags"
    description = (
        "A resource whose type has tags carries Environment, CostCenter, Compliance and DataClassification. A launch "
        "template also sets them for the instances and volumes that it launches."
    )
    reason = (
        "Cost allocation and the PCI DSS inventory (requirement 12.5.1) need tags on every resource. A volume gets no tags "
        "from its Auto Scaling group."
    )
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html"
    )
    tags = ["resources", "tags"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          Limit:
            Type: AWS::SSM::Parameter
            Properties:
              Type: String
              Value: '30'
              Tags:
                Environment: dev
                CostCenter: orders
    """
    passing_example = """
        Resources:
          Limit:
            Type: AWS::SSM::Parameter
            Properties:
              Type: String
              Value: '30'
              Tags:
                Environment: dev
                CostCenter: orders
                Compliance: none
                DataClassification: Internal
    """

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {
            "tags": {
                "default": ["Environment", "CostCenter", "Compliance", "DataClassification"],
                "type": "list",
                "itemtype": "string",
            }
        }

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each resource that lacks tags."""
        return [
            RuleMatch(["Resources", logical_id], f"{place} lacks {', '.join(missing)}")
            for logical_id, resource in cfn.get_resources().items()
            for place, tags in _tags(resource, cfn.regions[0])
            if (missing := [tag for tag in self.config["tags"] if tag not in _keys(tags)])
        ]


def _tags(resource: dict[str, Any], region: str) -> Iterator[tuple[str, Any]]:
    """Yields the places of a resource's tags, each with the tags that it has there."""
    kind, properties = resource.get("Type", ""), resource.get("Properties") or {}
    if kind == LAUNCH_TEMPLATE:
        yield "TagSpecifications of launch-template", _specified(properties, "launch-template")
        for launched in LAUNCHED:
            data = properties.get("LaunchTemplateData") or {}
            yield f"LaunchTemplateData.TagSpecifications of {launched}", _specified(data, launched)
    elif steps := _tag_property(kind, region):
        value: Any = properties
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        yield ".".join(steps), value


def _specified(properties: dict[str, Any], kind: str) -> Any:
    """Returns the tags that a list of TagSpecifications sets for a kind of resource."""
    specifications = properties.get("TagSpecifications")
    for specification in specifications if isinstance(specifications, list) else []:
        if specification.get("ResourceType") == kind:
            return specification.get("Tags")
    return None


def _tag_property(kind: str, region: str) -> list[str]:
    """Returns the path of a type's tags. It is empty if the type has no tags or cfn-lint does not know the type."""
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    except ResourceNotFoundError:
        return []
    tagging = schema.get("tagging") or {}
    if not tagging.get("taggable", False):
        return []
    pointer: str = tagging.get("tagProperty", "/properties/Tags")
    steps = pointer.removeprefix("/properties/").split("/")
    return steps if steps[0] in schema.get("properties", {}) else []


def _keys(tags: Any) -> set[str]:
    """Returns the keys of tags in either form: a list of Key and Value, or a map."""
    if isinstance(tags, list):
        return {tag["Key"] for tag in tags if isinstance(tag, dict) and isinstance(tag.get("Key"), str)}
    return set(tags) if isinstance(tags, dict) else set()
