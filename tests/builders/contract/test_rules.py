"""The order between numbers of the root."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from builders.contract.rules import ORDERS, order_metadata
from builders.platforms import PLATFORMS
from tests.builders.support.resources import templates


@pytest.mark.requirement("A-9")
def test_every_order_that_a_constraint_promises_is_declared_where_the_deployer_looks() -> None:
    """Regression: a message promised "least <= business hours <= most", but nothing compared the numbers."""
    declared = {
        platform: [row["Ascending"] for row in templates(platform)["root"]["Metadata"]["ParameterOrder"]]
        for platform in PLATFORMS
    }
    assert declared == {
        "trading": [["DatabaseMinCapacity", "DatabaseMaxCapacity"]],
        "transactions": [["WebMinInstances", "WebBusinessHoursInstances", "WebMaxInstances"]],
    }
    for platform in PLATFORMS:
        shown = templates(platform)["root"]["Parameters"]
        ordered = {name for names in declared[platform] for name in names}
        promised = {
            name for name, rules in shown.items() if re.search("<=|not below", str(rules["ConstraintDescription"]))
        }
        assert promised <= ordered


@pytest.mark.requirement("A-9")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_orders_are_of_numbers_whose_defaults_keep_them(platform: str) -> None:
    root = templates(platform)["root"]
    for row in root["Metadata"]["ParameterOrder"]:
        assert len(row["Reason"]) > 20
        declared = [root["Parameters"][name] for name in row["Ascending"]]
        assert {each["Type"] for each in declared} == {"Number"}
        assert all(low["Default"] <= high["Default"] for low, high in pairwise(declared))


def test_a_platform_with_part_of_an_order_keeps_that_part() -> None:
    first, *_, last = ORDERS[0].ascending
    (row,) = order_metadata({first.name, last.name})["ParameterOrder"]
    assert row["Ascending"] == [first.name, last.name]
    assert order_metadata({first.name}) == {}
