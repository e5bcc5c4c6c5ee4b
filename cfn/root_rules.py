"""Checks the parameters of a root against its Rules, before anything is called.

CloudFormation checks them too, but only after everything was packaged and uploaded. A function that only CloudFormation
can evaluate (``Fn::ValueOf``, ``Fn::ValueOfAll`` and ``Fn::RefAll`` ask the account) leaves its rule undecided here.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cfn.resolve import Scope, Unknown

REGION = "AWS::Region"


@dataclass(frozen=True)
class BrokenRule:
    """An assertion that does not hold.

    Attributes:
        rule: The name of its rule.
        description: Its AssertDescription.
        parameters: The parameters that the assertion and the rule's condition refer to.
    """

    rule: str
    description: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class RuleResults:
    """The results of all rules.

    Attributes:
        broken: The assertions that do not hold.
        undecided: A sentence for each rule that only CloudFormation can decide.
    """

    broken: tuple[BrokenRule, ...]
    undecided: tuple[str, ...]


def check_rules(root: Mapping[str, Any], values: Mapping[str, Any], region: str | None) -> RuleResults:
    """Evaluate every rule of a root template.

    Args:
        root: The parsed template.
        values: The parameters as text. One that is missing, such as one that packaging fills in, leaves the assertions
            that need it undecided.
        region: The region of the deployment; None leaves the assertions that need it undecided.
    """
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    scope = Scope(root, texts, {} if region is None else {REGION: region})
    broken: dict[str, BrokenRule] = {}
    undecided: dict[str, None] = {}
    for name, rule in root.get("Rules", {}).items():
        for result in _evaluate(name, rule, scope):
            if isinstance(result, BrokenRule):
                broken.setdefault(result.description, result)  # several assertions may have one description
            else:
                undecided[f"The rule {name} is left to CloudFormation: {result.reason}."] = None
    return RuleResults(tuple(broken.values()), tuple(undecided))


def _evaluate(name: str, rule: Mapping[str, Any], scope: Scope) -> Iterator[BrokenRule | Unknown]:
    applies = scope.truth(rule["RuleCondition"]) if "RuleCondition" in rule else True
    if isinstance(applies, Unknown):
        yield applies
    elif applies:
        for assertion in rule.get("Assertions", ()):
            holds = scope.truth(assertion["Assert"])
            if isinstance(holds, Unknown):
                yield holds
            elif not holds:
                description = assertion.get("AssertDescription") or f"An assertion of the rule {name} does not hold."
                places = _references([assertion["Assert"], rule.get("RuleCondition")])
                yield BrokenRule(name, str(description), tuple(dict.fromkeys(places)))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield str(value)
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)
