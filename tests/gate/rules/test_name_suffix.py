from __future__ import annotations

import pytest

from gate.rules.name_suffix import NameSuffix
from tests.gate.support.rules import run_rule

pytestmark = pytest.mark.requirement("A-1")


def role(name: str) -> str:
    return f"""
  It:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {name}
  Api: {{Type: 'AWS::ApiGateway::RestApi'}}
"""


@pytest.mark.parametrize(
    "name",
    [
        "!Sub trading-ingest-${EnvironmentSuffix}",
        "!Sub trading-raw-${EnvironmentSuffix}-${AWS::AccountId}",
        "!Sub jobs-${EnvironmentSuffix}.fifo",
        "!Sub /aws/rds/cluster/trading-${EnvironmentSuffix}/postgresql",
        "!Join ['-', [trading, ingest, !Ref EnvironmentSuffix]]",
        "!Sub ['${Name}-${EnvironmentSuffix}', {Name: trading}]",
        "!Sub API-Gateway-Execution-Logs_${Api}/live",
        "!If [Named, !Sub 'x-${EnvironmentSuffix}', !Ref 'AWS::NoValue']",
    ],
)
def test_suffixed_name_passes(name: str) -> None:
    assert run_rule(NameSuffix(), role(name)) == []


@pytest.mark.parametrize(
    "name",
    [
        "trading-ingest",
        "!Sub trading-ingest-${AWS::AccountId}",
        "!Sub ${EnvironmentSuffix}-trading",
        "!Sub trading${EnvironmentSuffix}",
        "!Sub trading-${EnvironmentSuffix}-ingest",
        "!Ref Name",
        "!If [Named, !Sub 'x-${EnvironmentSuffix}', fixed]",
    ],
)
def test_name_without_the_suffix_at_its_end_fails(name: str) -> None:
    assert [path for path, _ in run_rule(NameSuffix(), role(name))] == ["Resources/It/Properties/RoleName"]


def test_every_property_that_names_a_resource_is_checked() -> None:
    """A database of Glue has two, and one of them is inside another property."""
    database = "  It:\n    Type: AWS::Glue::Database\n    Properties: {DatabaseName: a, DatabaseInput: {Name: b}}\n"
    assert [path for path, _ in run_rule(NameSuffix(), database)] == [
        "Resources/It/Properties/DatabaseName",
        "Resources/It/Properties/DatabaseInput/Name",
    ]


def test_name_inside_another_resource_passes() -> None:
    """Each environment has its own API, so their stages may share a name."""
    stage = "  It:\n    Type: AWS::ApiGateway::Stage\n    Properties: {RestApiId: !Ref Api, StageName: live}\n"
    assert run_rule(NameSuffix(), stage) == []


def test_unnamed_resource_passes() -> None:
    assert run_rule(NameSuffix(), "  It: {Type: 'AWS::S3::Bucket'}") == []


def test_parameter_of_the_suffix_is_configurable() -> None:
    assert run_rule(NameSuffix(), role("!Sub trading-${Stage}"), parameter="Stage") == []
