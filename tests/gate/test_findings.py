from __future__ import annotations

from gate.findings import Finding, merge
from tests.gate.support.findings import finding


def test_finding_survives_the_way_through_json() -> None:
    assert Finding.from_dict(finding().to_dict()) == finding()


def test_one_fault_told_by_two_tools_is_told_once_in_the_first_ones_words() -> None:
    ours = finding(message="ours")
    theirs = finding(message="theirs", tool="cloudformation-validate", line=2)
    assert merge([ours, theirs]) == (ours,)
    assert merge([theirs, ours]) == (theirs,)


def test_one_fault_outside_of_resources_is_one_by_its_line() -> None:
    ours = finding(resource="")
    assert merge([ours, finding(resource="", tool="cloudformation-validate")]) == (ours,)
    other = finding(resource="", tool="cloudformation-validate", line=30)
    assert merge([ours, other]) == (ours, other)


def test_two_faults_of_one_rule_on_one_line_stay_two() -> None:
    both = [finding(message="a"), finding(message="b")]
    assert merge(both) == tuple(both)


def test_repeats_are_dropped_and_the_rest_is_sorted() -> None:
    first, second = finding(line=1), finding(line=9)
    assert merge([second, first, second]) == (first, second)
