"""Names: what the builders reject."""

from __future__ import annotations

import pytest
from troposphere import Sub
from troposphere.glue import Database, DatabaseInput
from troposphere.iam import Role

from builders.assembly import naming
from builders.contract.errors import NamingError
from builders.contract.template import TierTemplate


@pytest.mark.requirement("A-1")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("alerts", "must end in"),
        (Sub("alerts-${AWS::Region}"), "must end in"),
        (Sub("x" * 60 + "-${EnvironmentSuffix}"), "can become 73 characters long"),
    ],
)
def test_a_name_without_suffix_or_beyond_the_limit_fails(name: object, fault: str) -> None:
    template = TierTemplate("trading", "A tier.")
    template.add(Role("Role", RoleName=name, AssumeRolePolicyDocument={}))
    with pytest.raises(NamingError, match=fault):
        naming.check_names(template)


@pytest.mark.requirement("A-1")
def test_a_name_inside_another_property_is_checked() -> None:
    template = TierTemplate("trading", "A tier.")
    named = Sub("lake_${EnvironmentSuffix}")
    template.add(Database("Lake", CatalogId="1", DatabaseName=named, DatabaseInput=DatabaseInput(Name="lake")))
    with pytest.raises(NamingError, match=r"The name 'lake' of Lake .* must end in"):
        naming.check_names(template)
