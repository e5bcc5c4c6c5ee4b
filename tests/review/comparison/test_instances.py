"""What an update of a group does to its instances: input and output."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.marks import State
from review.comparison.difference import Difference
from review.comparison.instances import consequence, replaces_group

GROUP, LAUNCH = "AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::LaunchTemplate"


def difference(path: str, state: State = State.CHANGED) -> Difference:
    return Difference(path, "a", "b", state, flows=False)


LAUNCHES = difference("Properties/LaunchTemplate/Version")


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (None, "it has no UpdatePolicy: running instances stay as they are, only new ones get the change (R207)"),
        (
            {"AutoScalingRollingUpdate": {}},
            "its instances will be replaced, 1 at a time, 0 kept in service, without waiting for signals (R206)",
        ),
        (
            {"AutoScalingRollingUpdate": {"MaxBatchSize": {"Ref": "Size"}, "WaitOnResourceSignals": "true"}},
            "its instances will be replaced, ${Size} at a time, 0 kept in service, "
            "waiting up to PT5M for the signal of each (R205)",
        ),
        ({"AutoScalingInstanceRefresh": {}}, "an instance refresh will replace its instances (R204)"),
        (
            {"AutoScalingReplacingUpdate": {"WillReplace": True}},
            "a new group with new instances takes its place; the old one is deleted when the new one is healthy (R203)",
        ),
    ],
)
def test_consequence(policy: Any, text: str) -> None:
    assert str(consequence(GROUP, policy, [LAUNCHES])) == text


@pytest.mark.parametrize(
    ("resource_type", "path", "state", "text"),
    [
        (GROUP, "Properties/MaxSize", State.CHANGED, None),
        (GROUP, "UpdatePolicy", State.CHANGED, None),
        (LAUNCH, "Properties/LaunchTemplate", State.CHANGED, None),
        (
            GROUP,
            "Properties/VPCZoneIdentifier/0",
            State.POSSIBLE,
            "an instance refresh may replace its instances (R204)",
        ),
    ],
)
def test_consequence_needs_a_trigger(resource_type: str, path: str, state: State, text: str | None) -> None:
    policy: dict[str, Any] = {"AutoScalingInstanceRefresh": {}}
    remark = consequence(resource_type, policy, [difference(path, state)])
    assert (None if remark is None else str(remark)) == text


@pytest.mark.parametrize(
    ("policy", "replaces"),
    [
        ({"AutoScalingReplacingUpdate": {"WillReplace": "true"}}, True),
        ({"AutoScalingReplacingUpdate": {"WillReplace": False}}, False),
        ({"AutoScalingReplacingUpdate": {}}, False),
        ({"AutoScalingRollingUpdate": {}}, False),
        (None, False),
    ],
)
def test_replaces_group(policy: Any, replaces: bool) -> None:
    assert replaces_group(policy) is replaces
