from __future__ import annotations

import pytest

from gate.rules.suppression_reason import SuppressionReason
from tests.gate.support.rules import run_rule

TOPIC = """
  Topic:
    Type: AWS::SNS::Topic
    Metadata:
      cfn-lint:
        config: {ignore_checks: [E9802, I3011]}
        reasons: REASONS
"""


def test_suppression_with_reasons_passes() -> None:
    reasons = "{E9802: carries no data of ours, I3011: its subscriptions are in code}"
    assert run_rule(SuppressionReason(), TOPIC.replace("REASONS", reasons)) == []


@pytest.mark.parametrize("reason", ["''", "because", "7", "'          '"])
def test_missing_or_empty_reason_fails(reason: str) -> None:
    matches = run_rule(
        SuppressionReason(), TOPIC.replace("REASONS", f"{{E9802: {reason}, I3011: its consumers are in code}}")
    )
    assert [path for path, _ in matches] == ["Resources/Topic/Metadata/cfn-lint"]
    assert "E9802 is ignored without a reason" in matches[0][1]


def test_reason_without_a_suppression_fails() -> None:
    reasons = "{E9802: carries no data of ours, I3011: its consumers are in code, W1001: was once needed here}"
    matches = run_rule(SuppressionReason(), TOPIC.replace("REASONS", reasons))
    assert matches == [
        ("Resources/Topic/Metadata/cfn-lint/reasons/W1001", "W1001 has a reason but is not ignored. Delete the reason")
    ]


def test_suppression_for_a_whole_template_needs_a_reason_too() -> None:
    template = "Metadata:\n  cfn-lint: {config: {ignore_checks: [W2001]}}\nResources:\n  T: {Type: 'AWS::SNS::Topic'}\n"
    assert [path for path, _ in run_rule(SuppressionReason(), template)] == ["Metadata/cfn-lint"]
