"""The walk through both sides: which items belong together, and what stands on each side."""

from __future__ import annotations

from typing import Any

import pytest

from review.strength.tree import Place, places


def found(before: Any, after: Any) -> dict[str, tuple[Any, Any]]:
    return {place.label: (place.before, place.after) for place in places(before, after)}


def test_equal_sides_have_no_place() -> None:
    assert found({"A": [1, {"B": True}]}, {"A": ["1", {"B": "true"}]}) == {}


def test_named_items_belong_together_wherever_they_stand() -> None:
    before = {"Rules": [{"Name": "a", "Limit": 1}, {"Name": "b", "Limit": 2}]}
    after = {"Rules": [{"Name": "b", "Limit": 2}, {"Name": "a", "Limit": 3}]}
    assert found(before, after)["Rules/a/Limit"] == (1, 3)
    assert "Rules/b" not in found(before, after)


def test_items_without_names_are_matched_by_equality_and_then_by_place() -> None:
    before, after = {"L": [{"A": 1}, {"A": 2}]}, {"L": [{"A": 2}, {"A": 3}]}
    assert found(before, after)["L/0/A"] == (1, 3)


def test_pairs_are_a_mapping() -> None:
    before = {"Attributes": [{"Key": "access_logs.s3.enabled", "Value": "true"}]}
    assert found(before, {"Attributes": []})["Attributes/access_logs.s3.enabled"] == ("true", None)
    options = {"OptionSettings": [{"Namespace": "n", "OptionName": "o", "Value": "1"}]}
    assert found({}, options)["OptionSettings/n:o"] == (None, "1")


def test_path_has_no_positions_and_ends_with_a_star_at_an_item() -> None:
    listed = {place.label: place for place in places({"Rules": [{"Name": "a", "X": 1}]}, {"Rules": []})}
    assert listed["Rules/a"].path == ("Rules", "*")
    assert listed["Rules/a/X"].path == ("Rules", "X")


@pytest.mark.parametrize(
    ("before", "after", "existed", "exists", "is_item"),
    [
        (None, {"Rules": [{"Name": "a"}]}, False, True, False),
        ({"Rules": [{"Name": "a"}]}, None, True, False, False),
        ({"Rules": []}, {"Rules": [{"Name": "a"}]}, False, True, True),
        ({}, {"Rules": [{"Name": "a"}]}, False, True, True),
        ({"Rules": [{"Name": "a"}]}, {"Rules": [{"Name": "a", "X": 1}]}, True, True, False),
    ],
)
def test_place_knows_whether_the_resource_or_the_item_is_missing(
    before: Any, after: Any, existed: bool, exists: bool, is_item: bool
) -> None:
    place = next(place for place in places(before, after) if place.label == "Rules/a")
    assert (place.existed, place.exists, place.is_item) == (existed, exists, is_item)


def test_what_is_inside_of_a_function_is_the_function() -> None:
    function = {"Fn::If": ["A", {"B": 1}, {"B": 2}]}
    assert found({"A": {"B": 1}}, {"A": function})["A/B"] == (1, function)
    assert found({"L": [{"Name": "a", "B": 1}]}, {"L": function})["L/a/B"] == (1, function)


def test_place_that_lacks_a_side_differs_even_if_the_values_are_equal() -> None:
    assert Place((), "", None, None, existed=False).differs
