from __future__ import annotations

from gate.findings import Finding, merge
from tests.gate.support.findings import finding


def test_finding_is_unchanged_after_a_round_trip_through_json() -> None:
    assert Finding.from_dict(finding().to_dict()) == finding()


def test_fault_that_two_tools_report_stays_once_as_the_first_tool_reports_it() -> None:
    ours = finding(message="ours")
    theirs = finding(message="theirs", tool="cloudformation-validate", line=2)
    assert merge([ours, theirs]) == (ours,)
    assert merge([theirs, ours]) == (theirs,)


def test_faults_outside_of_resources_are_compared_by_line() -> None:
    ours = finding(resource="")
    assert merge([ours, finding(resource="", tool="cloudformation-validate")]) == (ours,)
    other = finding(resource="", tool="cloudformation-validate", line=30)
    assert merge([ours, other]) == (ours, other)


def test_two_faults_of_a_rule_on_one_line_both_stay() -> None:
    both = [finding(message="a"), finding(message="b")]
    assert merge(both) == tuple(both)


def test_merge_drops_repeats_and_sorts() -> None:
    first, second = finding(line=1), finding(line=9)
    assert merge([second, first, second]) == (first, second)
