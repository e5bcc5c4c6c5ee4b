"""The hand table of the traps of AWS's semantics."""

from __future__ import annotations

import pytest

from review.access.causes import Cause
from tests.review.access.support.checks import trap_fault
from tests.review.access.support.traps import TRAPS, Trap


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("trap", TRAPS, ids=str)
def test_the_engine_knows_the_trap(trap: Trap) -> None:
    assert trap_fault(trap) is None


def test_the_table_has_every_cause_that_one_pair_can_show() -> None:
    elsewhere = {Cause.OTHER_POLICY, Cause.DEFAULT_POLICY, Cause.BUDGET}
    assert {trap.cause for trap in TRAPS} - {None} == set(Cause) - elsewhere


def test_each_row_has_its_page_and_its_name() -> None:
    assert all(trap.page.startswith("https://docs.aws.amazon.com/") for trap in TRAPS)
    assert len({trap.name for trap in TRAPS}) == len(TRAPS)
