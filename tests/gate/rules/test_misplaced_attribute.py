from __future__ import annotations

import pytest

from gate.rules.misplaced_attribute import MisplacedAttribute
from tests.gate.support.rules import judge


@pytest.mark.parametrize("kind", ["Custom::DatabaseMigration", "AWS::CloudFormation::CustomResource"])
def test_dependency_among_the_properties_is_found(kind: str) -> None:
    """A migration once listed its DependsOn as a property and could start before the database had an instance."""
    migration = f"""
  It:
    Type: {kind}
    Properties:
      ServiceToken: !Ref FunctionArn
      DependsOn: [Writer]
"""
    assert [path for path, _ in judge(MisplacedAttribute(), migration)] == ["Resources/It/Properties/DependsOn"]


def test_dependency_beside_the_properties_passes() -> None:
    migration = "  It: {Type: 'Custom::M', DependsOn: [Writer], Properties: {ServiceToken: !Ref FunctionArn}}"
    assert judge(MisplacedAttribute(), migration) == []


def test_types_of_aws_are_left_to_their_schemas() -> None:
    assert judge(MisplacedAttribute(), "  It: {Type: 'AWS::SQS::Queue', Properties: {DependsOn: X}}") == []
