"""E9807: what CloudFormation should obey stands beside the properties of a custom resource, not among them."""

from __future__ import annotations

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

ATTRIBUTES = ("CreationPolicy", "DeletionPolicy", "DependsOn", "UpdatePolicy", "UpdateReplacePolicy")


class MisplacedAttribute(CloudFormationLintRule):
    """A custom resource takes any property, so a `DependsOn` that slipped among them is handed to the function and
    orders nothing. On types of AWS the same slip is an unknown property (E3002).
    """

    id = "E9807"
    shortdesc = "Resource attributes of a custom resource stand outside its properties"
    description = "DependsOn and the policies are read by CloudFormation only beside Properties, never inside."
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-product-attribute-reference.html"
    )
    tags = ["resources", "custom"]  # noqa: RUF012 - cfn-lint's own declaration

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One finding for each attribute among the properties of a custom resource."""
        return [
            RuleMatch(
                ["Resources", name, "Properties", attribute],
                f"{attribute} is a property here and without effect: write it beside Properties",
            )
            for name, resource in cfn.get_resources().items()
            if str(resource.get("Type")).startswith(("Custom::", "AWS::CloudFormation::CustomResource"))
            for attribute in ATTRIBUTES
            if attribute in (resource.get("Properties") or {})
        ]
