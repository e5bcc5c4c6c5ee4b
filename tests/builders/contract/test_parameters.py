"""Bounds of root parameters that follow from other facts."""

from __future__ import annotations

import re

import pytest

from builders.contract.parameters import (
    CONNECTIONS_PER_INSTANCE,
    DATABASE_CONNECTIONS,
    DATABASE_INSTANCE_CLASS,
)
from builders.platforms import PLATFORMS
from tests.builders.support.paths import WEB_SRC
from tests.builders.support.resources import find_resource, templates


@pytest.mark.requirement("X-DB-1", "X-WEB-1")
def test_the_group_at_full_size_stays_below_the_alarm_of_the_smallest_database() -> None:
    """Regression: 60 instances were allowed, whose 1,080 connections exceed the 1,000 of a db.r6g.large."""
    assert DATABASE_INSTANCE_CLASS.allowed_values[0] == "db.r6g.large"
    most = templates("transactions")["root"]["Parameters"]["WebMaxInstances"]
    alarm = find_resource("transactions", "DatabaseConnectionsAlarm").properties
    assert most["MaxValue"] * CONNECTIONS_PER_INSTANCE < alarm["Threshold"] < DATABASE_CONNECTIONS
    assert (most["MaxValue"] + 1) * CONNECTIONS_PER_INSTANCE >= alarm["Threshold"], "no tighter than needed"
    assert f"{CONNECTIONS_PER_INSTANCE} database connections" in most["Description"], "it says why the bound exists"


@pytest.mark.requirement("X-WEB-1")
def test_an_instance_opens_as_many_connections_as_the_bound_takes_it_to() -> None:
    settings = (WEB_SRC / "payments" / "gunicorn_conf.py").read_text("utf-8")
    workers, threads = (
        int(re.search(rf'number\("{name}", (\d+)', settings)[1])  # type: ignore[index]
        for name in ("WEB_WORKERS", "WEB_THREADS")
    )
    assert workers * (threads + 1) == CONNECTIONS_PER_INSTANCE
    installed = "".join(path.read_text("utf-8") for path in (WEB_SRC / "payments" / "system").iterdir())
    assert "WEB_WORKERS" not in installed, "instances run with the defaults"
    assert "WEB_THREADS" not in installed, "instances run with the defaults"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_zone_parameters_say_what_their_list_holds(platform: str) -> None:
    """Regression: the text said "the account's zones", but Fn::GetAZs leaves out those without a default subnet."""
    for zone in "ABC":
        parameter = templates(platform)["root"]["Parameters"][f"ZoneIndex{zone}"]
        assert "zones with a default subnet, or all zones of the account if none has one" in parameter["Description"]
        assert "below the number of zones in the list" in parameter["ConstraintDescription"]


@pytest.mark.requirement("X-NET-1", "T-NET-2")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_reason_for_idle_nat_gateways_is_beside_their_parameter(platform: str) -> None:
    description = templates(platform)["root"]["Parameters"]["NatGatewayPerZone"]["Description"]
    assert "With InterfaceEndpoints they carry no traffic" in description
    assert "T-NET-2 and X-NET-1" in description
