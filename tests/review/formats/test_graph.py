"""The graph of causes: from left to right, beside its cause, and no more than a person can read."""

from __future__ import annotations

import pytest

from review.formats.page.graph import MAX_BOXES, Box, Drawing, Node, draw

pytestmark = pytest.mark.requirement("REV-4")


def drawn(causes: dict[str, list[str]]) -> Drawing | None:
    keys = {*causes, *(cause for its_causes in causes.values() for cause in its_causes)}
    return draw({key: Node(key, key, "", key, "change") for key in keys}, causes)


def boxes(causes: dict[str, list[str]]) -> dict[str, Box]:
    drawing = drawn(causes)
    assert drawing is not None
    return {box.node.name: box for box in drawing.boxes}


def test_an_effect_is_right_of_its_cause_and_beside_it() -> None:
    placed = boxes({"subnet": ["vpc"], "instance": ["subnet"]})
    assert placed["vpc"].x < placed["subnet"].x < placed["instance"].x
    assert placed["vpc"].y == placed["subnet"].y == placed["instance"].y


def test_no_two_boxes_are_in_one_place() -> None:
    causes = {"b": ["a"], "c": ["a"], "d": ["b", "c"], "e": ["c", "x"], "f": ["d", "x"], "g": ["x"]}
    placed = boxes(causes)
    assert len({(box.x, box.y) for box in placed.values()}) == len(placed) == 8


def test_a_line_that_follows_from_others_is_left_out() -> None:
    drawing = drawn({"subnet": ["vpc"], "instance": ["subnet", "vpc"]})
    assert drawing is not None
    assert len(drawing.lines) == 2


def test_many_changes_with_the_same_causes_are_one_box() -> None:
    placed = boxes({f"log{number}": ["days"] for number in range(9)})
    assert sorted(placed) == ["9 changes", "days"]
    assert placed["9 changes"].node.subtitle.startswith("log0, log1")


def test_a_change_that_causes_others_keeps_a_box_of_its_own() -> None:
    causes = {f"log{number}": ["days"] for number in range(9)} | {"alarm": ["log3"]}
    assert sorted(boxes(causes)) == ["8 changes", "alarm", "days", "log3"]


def test_the_drawing_has_room_for_all_boxes() -> None:
    drawing = drawn({"b": ["a"], "c": ["b"], "d": ["a"]})
    assert drawing is not None
    for box in drawing.boxes:
        assert box.x + drawing.box_width <= drawing.width
        assert box.y + drawing.box_height <= drawing.height


@pytest.mark.parametrize("causes", [{}, {f"b{n}": [f"a{n}"] for n in range(MAX_BOXES)}])
def test_nothing_and_too_much_are_not_drawn(causes: dict[str, list[str]]) -> None:
    assert drawn(causes) is None
