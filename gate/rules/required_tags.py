"""E9806: what can be tagged is tagged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError
from cfnlint.template import Template

LAUNCH_TEMPLATE = "AWS::EC2::LaunchTemplate"
LAUNCHED = ("instance", "volume")


class RequiredTags(CloudFormationLintRule):
    """Every taggable resource carries the tags that cost reports and auditors ask for.

    What is taggable, and where its tags stand, is read from the resource's schema. A launch template also says the tags
    of what it launches: a volume gets none from its Auto Scaling group.
    """

    id = "E9806"
    shortdesc = "Taggable resources carry the required tags"
    description = "Cost allocation and the PCI DSS inventory (requirement 12.5.1) rest on tags on every resource."
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html"
    )
    tags = ["resources", "tags"]  # noqa: RUF012 - cfn-lint's own declaration

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
        """One finding for each resource that lacks tags, naming them."""
        return [
            RuleMatch(["Resources", logical_id], f"{where} lacks {', '.join(missing)}")
            for logical_id, resource in cfn.get_resources().items()
            for where, tags in _tags(resource, cfn.regions[0])
            if (missing := [tag for tag in self.config["tags"] if tag not in _keys(tags)])
        ]


def _tags(resource: dict[str, Any], region: str) -> Iterator[tuple[str, Any]]:
    """Where a resource's tags stand, and what is there."""
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
    """The tags that a list of TagSpecifications gives to one kind of resource."""
    specifications = properties.get("TagSpecifications")
    listed = specifications if isinstance(specifications, list) else []
    return next((one.get("Tags") for one in listed if one.get("ResourceType") == kind), None)


def _tag_property(kind: str, region: str) -> list[str]:
    """The path of the property that holds a type's tags; empty where it cannot be tagged or is not known."""
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
    """Tag keys of either form: a list of Key and Value, or a map."""
    if isinstance(tags, list):
        return {tag["Key"] for tag in tags if isinstance(tag, dict) and isinstance(tag.get("Key"), str)}
    return set(tags) if isinstance(tags, dict) else set()
