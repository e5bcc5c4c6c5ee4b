"""Orders of numbers, which CloudFormation cannot compare, so the deployer does, before anything is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cfn.errors import ParameterError
from cfn.parameters import find_faults, load_parameters
from cfn.templates import load_templates

PROJECT = Path(__file__).parents[2]
WEB = ("WebMinInstances", "WebBusinessHoursInstances", "WebMaxInstances")
CAPACITY = ("DatabaseMinCapacity", "DatabaseMaxCapacity")


def root(platform: str) -> dict[str, Any]:
    return dict(load_templates(PROJECT / "templates" / platform).root.document)


def parameters(platform: str, environment: str) -> Path:
    return PROJECT / "params" / platform / f"{environment}.json"


def write_parameters(tmp_path: Path, platform: str, **values: str | None) -> Path:
    """The committed file of dev with other values, or without a parameter where None is given."""
    document = json.loads(parameters(platform, "dev").read_text("utf-8"))
    document["Parameters"] |= values
    document["Parameters"] = {name: value for name, value in document["Parameters"].items() if value is not None}
    path = tmp_path / "dev.json"
    path.write_text(json.dumps(document, indent=2))
    return path


def line(path: Path, name: str) -> int:
    return next(n for n, text in enumerate(path.read_text().splitlines(), 1) if f'"{name}"' in text)


@pytest.mark.parametrize(
    ("numbers", "faulty_pairs"),
    [
        (("2", "9", "4"), [(1, 2)]),
        (("9", "9", "4"), [(1, 2)]),
        (("4", "2", "6"), [(0, 1)]),
        (("6", "4", "3"), [(0, 1), (1, 2)]),
        (("2", "2", "3"), []),
        (("2", "44", "44"), []),
    ],
)
def test_number_above_its_successor_is_a_fault_with_line_both_names_and_what_to_do(
    tmp_path: Path, numbers: tuple[str, str, str], faulty_pairs: list[tuple[int, int]]
) -> None:
    """All of these passed: the constraint's message promised the order, and nothing checked it before Auto Scaling."""
    path = write_parameters(tmp_path, "transactions", **dict(zip(WEB, numbers, strict=True)))
    faults = find_faults(path, root("transactions"), "params/transactions/dev.json", region="us-east-1")
    assert [(fault.name, fault.line) for fault in faults] == [(WEB[i], line(path, WEB[i])) for i, _ in faulty_pairs]
    for fault, (i, k) in zip(faults, faulty_pairs, strict=True):
        less, more = WEB[i], WEB[k]
        assert str(fault).startswith(
            f"params/transactions/dev.json:{line(path, less)}: {less}: {numbers[i]} (line {line(path, less)}) is above "
            f"{more}, which is {numbers[k]} (line {line(path, more)}). Lower {less} or raise {more}: "
        )


def test_least_equal_to_most_is_left_to_cloudformations_own_rule(tmp_path: Path) -> None:
    path = write_parameters(tmp_path, "transactions", **dict.fromkeys(WEB, "4"))
    (fault,) = find_faults(path, root("transactions"), region="us-east-1")
    assert fault.name == "rule RoomToReplaceInstances"


@pytest.mark.parametrize(("low", "high", "in_order"), [("8", "4", False), ("4.5", "4", False), ("4", "4.0", True)])
def test_capacity_of_the_database_is_in_order_too(tmp_path: Path, low: str, high: str, in_order: bool) -> None:
    path = write_parameters(tmp_path, "trading", **dict(zip(CAPACITY, (low, high), strict=True)))
    assert [fault.name for fault in find_faults(path, root("trading"))] == ([] if in_order else ["DatabaseMinCapacity"])


def test_default_counts_if_the_file_has_no_value(tmp_path: Path) -> None:
    path = write_parameters(
        tmp_path, "transactions", WebMinInstances=None, WebBusinessHoursInstances="2", WebMaxInstances=None
    )
    assert find_faults(path, root("transactions"), region="us-east-1") == []
    path = write_parameters(tmp_path, "trading", DatabaseMinCapacity="6", DatabaseMaxCapacity=None)
    (fault,) = find_faults(path, root("trading"))
    assert "6 (line" in fault.what
    assert "DatabaseMaxCapacity, which is 4 (the template's default)" in fault.what
    path = write_parameters(tmp_path, "transactions", WebBusinessHoursInstances=None, WebMaxInstances="2")
    (_, fault) = find_faults(path, root("transactions"), region="us-east-1")
    assert (fault.name, fault.line) == ("WebBusinessHoursInstances", line(path, "WebMaxInstances"))


def test_value_that_is_not_a_number_has_one_fault(tmp_path: Path) -> None:
    path = write_parameters(tmp_path, "transactions", WebBusinessHoursInstances="many")
    (fault,) = find_faults(path, root("transactions"), region="us-east-1")
    assert fault.what == "'many' is not a number."
    path = write_parameters(
        tmp_path, "transactions", WebMinInstances="6", WebBusinessHoursInstances="many", WebMaxInstances="4"
    )
    names = [fault.name for fault in find_faults(path, root("transactions"), region="us-east-1")]
    assert names == ["WebMinInstances", "WebBusinessHoursInstances"], "the neighbours of the fault are still compared"


def test_deployment_stops_before_anything_is_called(tmp_path: Path) -> None:
    path = write_parameters(tmp_path, "transactions", WebBusinessHoursInstances="9")
    with pytest.raises(ParameterError, match="nothing was called"):
        load_parameters(path, root("transactions"), region="us-east-1")


@pytest.mark.parametrize("platform", ["trading", "transactions"])
@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_committed_files_are_in_order(platform: str, environment: str) -> None:
    assert find_faults(parameters(platform, environment), root(platform), region="us-east-1") == []


def test_root_without_orders_or_with_one_of_absent_parameters_has_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text('{"Parameters": {"A": "3"}}')
    declared = {"A": {"Type": "Number"}}
    assert find_faults(path, {"Parameters": declared}) == []
    order = {"Ascending": ["A", "Gone"], "Reason": "Because."}
    assert find_faults(path, {"Parameters": declared, "Metadata": {"ParameterOrder": [order]}}) == []
