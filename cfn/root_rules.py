"""The root's Rules: what its parameters must be together, evaluated here before anything is called.

CloudFormation evaluates them too, but only after everything was packaged and uploaded. A function that is not known
here (``Fn::ValueOf``, ``Fn::ValueOfAll`` and ``Fn::RefAll`` ask the account) is said and left to it.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

REGION = "AWS::Region"


@dataclass(frozen=True)
class Broken:
    """An assertion that does not hold: the rule, its AssertDescription, and the parameters that it looks at."""

    rule: str
    says: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What became of all rules. ``left`` says in a sentence each what only CloudFormation can decide."""

    broken: tuple[Broken, ...]
    left: tuple[str, ...]


class _UndecidedError(Exception):
    """A part of a rule whose value is not known here; the text says why."""


def judge(root: Mapping[str, Any], values: Mapping[str, Any], region: str | None) -> Verdict:
    """Evaluate every rule. ``values`` are the parameters as text; one that is missing, like one that packaging fills
    in, leaves the assertions that need it undecided. So does a region of None.
    """
    broken: dict[Broken, None] = {}  # in order, each once: several assertions may say the same
    left: dict[str, None] = {}
    known = _Values(root.get("Parameters", {}), values, region)
    for name, rule in root.get("Rules", {}).items():
        try:
            if "RuleCondition" in rule and not known.truth(rule["RuleCondition"]):
                continue
        except _UndecidedError as why:
            left[f"The rule {name} is left to CloudFormation: {why}."] = None
            continue
        for assertion in rule.get("Assertions", ()):
            try:
                holds = known.truth(assertion["Assert"])
            except _UndecidedError as why:
                left[f"The rule {name} is left to CloudFormation: {why}."] = None
                continue
            if not holds:
                places = tuple(dict.fromkeys(_references([assertion["Assert"], rule.get("RuleCondition")])))
                says = str(assertion.get("AssertDescription") or f"An assertion of the rule {name} does not hold.")
                if not any(one.says == says for one in broken):
                    broken[Broken(name, says, places)] = None
    return Verdict(tuple(broken), tuple(left))


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


@dataclass(frozen=True)
class _Values:
    """What a rule can refer to: ``declared`` parameters with their values, and the region."""

    declared: Mapping[str, Mapping[str, Any]]
    given: Mapping[str, Any]
    region: str | None

    def truth(self, node: Any) -> bool:
        """Whether a rule function holds. Raises _UndecidedError."""
        function, value = _function(node)
        if function in ("Fn::And", "Fn::Or"):
            return self._some(value, decisive=function == "Fn::Or")
        if function == "Fn::Not":
            return not self.truth(value[0])
        if function == "Fn::Equals":
            return bool(self._value(value[0]) == self._value(value[1]))
        if function == "Fn::Contains":
            return self._value(value[1]) in self._list(value[0])
        if function == "Fn::EachMemberIn":
            return set(self._list(value[0])) <= set(self._list(value[1]))
        if function == "Fn::EachMemberEquals":
            return all(one == self._value(value[1]) for one in self._list(value[0]))
        raise _UndecidedError(f"{function} is not evaluated here")

    def _some(self, nodes: list[Any], *, decisive: bool) -> bool:
        """And, Or: an undecided part does not matter where another one decides."""
        undecided: _UndecidedError | None = None
        for node in nodes:
            try:
                if self.truth(node) is decisive:
                    return decisive
            except _UndecidedError as why:
                undecided = why
        if undecided is not None:
            raise undecided
        return not decisive

    def _list(self, node: Any) -> list[str]:
        found = [self._value(item) for item in node] if isinstance(node, list) else self._value(node)
        return [str(one) for one in found] if isinstance(found, list) else [found]

    def _value(self, node: Any) -> Any:
        if isinstance(node, bool):
            return str(node).lower()
        if not isinstance(node, dict):
            return str(node)
        function, name = _function(node)
        if function != "Ref":
            raise _UndecidedError(f"{function} is not evaluated here")
        if name == REGION and self.region is not None:
            return self.region
        value = self.given.get(name)
        if not isinstance(value, str):
            raise _UndecidedError(f"{name} is not known yet")
        kind = str(self.declared.get(name, {}).get("Type", "String"))
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [part.strip() for part in value.split(",")]
        return value


def _function(node: Any) -> tuple[str, Any]:
    if isinstance(node, dict) and len(node) == 1:
        return next(iter(node.items()))
    raise _UndecidedError(f"{node!r} is not a rule function")
