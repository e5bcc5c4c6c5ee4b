"""E9807: resource attributes of a custom resource are outside its properties."""

from __future__ import annotations

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

ATTRIBUTES = ("CreationPolicy", "DeletionPolicy", "DependsOn", "UpdatePolicy", "UpdateReplacePolicy")


class MisplacedAttribute(CloudFormationLintRule):
    """Checks custom resources only. For a type of AWS, cfn-lint reports an unknown property (E3002)."""

    id = "E9807"
    shortdesc = "Resource attributes of a custom resource are outside its properties"
    description = "DependsOn and the policies of a custom resource are beside Properties, not inside."
    reason = (
        "A custom resource accepts any property. CloudFormation hands a DependsOn among the properties to the function, "
        "and the order has no effect."
    )
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-product-attribute-reference.html"
    )
    tags = ["resources", "custom"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          FunctionArn: {Type: String}
        Resources:
          Ready:
            Type: AWS::CloudFormation::WaitConditionHandle
          Migration:
            Type: Custom::Migration
            Properties:
              ServiceToken: !Ref FunctionArn
              DependsOn: Ready
    """
    passing_example = """
        Parameters:
          FunctionArn: {Type: String}
        Resources:
          Ready:
            Type: AWS::CloudFormation::WaitConditionHandle
          Migration:
            Type: Custom::Migration
            DependsOn: Ready
            Properties:
              ServiceToken: !Ref FunctionArn
    """

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each attribute among the properties of a custom resource."""
        return [
            RuleMatch(
                ["Resources", name, "Properties", attribute],
                f"{attribute} is a property here and has no effect. Write it beside Properties",
            )
            for name, resource in cfn.get_resources().items()
            if str(resource.get("Type")).startswith(("Custom::", "AWS::CloudFormation::CustomResource"))
            for attribute in ATTRIBUTES
            if attribute in (resource.get("Properties") or {})
        ]
