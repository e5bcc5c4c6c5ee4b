"""What the root's numbers promise about each other."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from builders.contract.parameters import (
    CONNECTIONS_PER_INSTANCE,
    DATABASE_CONNECTIONS,
    DATABASE_INSTANCE_CLASS,
)
from builders.contract.rules import ORDERS, order_metadata
from builders.platforms import PLATFORMS
from tests.builders.support import one, templates

SERVICE = Path(__file__).parents[2] / "web_src" / "payments"


@pytest.mark.requirement("A-9")
def test_every_order_that_a_constraint_promises_is_declared_where_the_deployer_looks() -> None:
    """A message promised "least <= business hours <= most" for numbers that nothing compared."""
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


@pytest.mark.requirement("X-DB-1", "X-WEB-1")
def test_the_group_at_full_size_stays_below_the_alarm_of_the_smallest_database() -> None:
    """60 instances could be asked for, whose 1,080 connections pass the 1,000 of a db.r6g.large."""
    assert DATABASE_INSTANCE_CLASS.allowed_values[0] == "db.r6g.large"
    most = templates("transactions")["root"]["Parameters"]["WebMaxInstances"]
    alarm = one("transactions", "DatabaseConnectionsAlarm").properties
    assert most["MaxValue"] * CONNECTIONS_PER_INSTANCE < alarm["Threshold"] < DATABASE_CONNECTIONS
    assert (most["MaxValue"] + 1) * CONNECTIONS_PER_INSTANCE >= alarm["Threshold"], "no tighter than needed"
    assert f"{CONNECTIONS_PER_INSTANCE} database connections" in most["Description"], "it says why"


@pytest.mark.requirement("X-WEB-1")
def test_an_instance_opens_as_many_connections_as_the_bound_takes_it_to() -> None:
    settings = (SERVICE / "gunicorn_conf.py").read_text("utf-8")
    workers, threads = (
        int(re.search(rf'number\("{name}", (\d+)', settings)[1])  # type: ignore[index]
        for name in ("WEB_WORKERS", "WEB_THREADS")
    )
    assert workers * (threads + 1) == CONNECTIONS_PER_INSTANCE
    installed = "".join(path.read_text("utf-8") for path in (SERVICE / "system").iterdir())
    assert "WEB_WORKERS" not in installed, "instances run with the defaults"
    assert "WEB_THREADS" not in installed, "instances run with the defaults"
