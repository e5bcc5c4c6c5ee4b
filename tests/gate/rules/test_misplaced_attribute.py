from __future__ import annotations

import pytest

from gate.rules.misplaced_attribute import MisplacedAttribute
from tests.gate.support.rules import run_rule


@pytest.mark.parametrize("kind", ["Custom::DatabaseMigration", "AWS::CloudFormation::CustomResource"])
def test_dependency_among_the_properties_fails(kind: str) -> None:
    """A migration once listed its DependsOn as a property and could start before the database had an instance."""
    migration = f"""
  It:
    Type: {kind}
    Properties:
      ServiceToken: !Ref FunctionArn
      DependsOn: [Writer]
"""
    assert [path for path, _ in run_rule(MisplacedAttribute(), migration)] == ["Resources/It/Properties/DependsOn"]


def test_dependency_beside_the_properties_passes() -> None:
    migration = "  It: {Type: 'Custom::M', DependsOn: [Writer], Properties: {ServiceToken: !Ref FunctionArn}}"
    assert run_rule(MisplacedAttribute(), migration) == []


def test_types_of_aws_are_not_checked() -> None:
    assert run_rule(MisplacedAttribute(), "  It: {Type: 'AWS::SQS::Queue', Properties: {DependsOn: X}}") == []
