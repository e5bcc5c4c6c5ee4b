"""Resolves a template as far as its parameters go: the one evaluator of conditions, rules and intrinsic functions.

Parameters, conditions, mappings and the functions over plain text are resolved. What only CloudFormation can know (the
id of a resource, an attribute) stays as ``{"Ref": …}`` or ``{"Fn::GetAtt": …}``. ``Fn::Base64`` stays too, because
people read its content.

One convention for what is not known: a value stays the function that it is in the template, and a truth is ``Unknown``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NoReturn

from cfn.marks import State, marked, opened, state_of, unmarked
from cfn.text import Variable, is_function, is_scalar, joined, list_items, scalar_text, sub_parts


class _NoValue:
    """AWS::NoValue: the property does not exist."""


NO_VALUE = _NoValue()
_NO_VALUE_REFERENCE = {"Ref": "AWS::NoValue"}


@dataclass(frozen=True)
class Unknown:
    """A truth that cannot be decided before CloudFormation knows more.

    It is neither true nor false: ``if scope.condition(name)`` raises TypeError. Compare with ``is True``, ``is False``
    or ``isinstance``.

    Attributes:
        reason: Why it is unknown, as the end of a sentence.
        state: Whether it may change while CloudFormation deploys. An unknown truth of values that stay is the same before
            and after.
    """

    reason: str
    state: State = State.SAME

    def __bool__(self) -> NoReturn:
        raise TypeError(f"an unknown truth is neither true nor false: {self.reason}")


Truth = bool | Unknown
Attribute = Callable[[str, str], Any]


def _symbolic(logical_id: str, attribute: str) -> Any:
    return {"Fn::GetAtt": [logical_id, attribute]} if attribute else {"Ref": logical_id}


@dataclass
class Scope:
    """One template with the values of its parameters and references.

    Attributes:
        document: The parsed template.
        parameters: The value of each parameter that is known.
        pseudo: The values of pseudo parameters, such as ``AWS::Region``.
        attribute: ``attribute(logical_id, name)`` is the value of a reference (name "" for ``Ref``), with marks where
            the value may change.
    """

    document: Mapping[str, Any]
    parameters: Mapping[str, Any]
    pseudo: Mapping[str, str]
    attribute: Attribute = _symbolic
    _conditions: dict[str, Truth] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """The value of a parameter; a list for a list type."""
        value, state = opened(self.parameters[name])
        kind = str(self.document["Parameters"][name].get("Type", "String"))
        is_list = "List<" in kind or kind == "CommaDelimitedList"
        return marked(list_items(value) if is_list and isinstance(value, str) else value, state)

    # ---- truths -----------------------------------------------------------------------------------------------------

    def condition(self, name: str) -> Truth:
        """The truth of a condition of the template, evaluated once."""
        if name not in self._conditions:
            conditions = self.document.get("Conditions", {})
            missing = Unknown(f"the condition {name} does not exist")
            self._conditions[name] = self.truth(conditions[name]) if name in conditions else missing
        return self._conditions[name]

    def present(self, entry: Mapping[str, Any]) -> Truth:
        """Whether a resource or output exists, by its Condition."""
        return self.condition(str(entry["Condition"])) if "Condition" in entry else True

    def truth(self, node: Any) -> Truth:
        """The truth of a condition function or a rule function."""
        if not isinstance(node, dict) or len(node) != 1:
            return Unknown(f"{node!r} is not a function")
        function, argument = next(iter(node.items()))
        match function:
            case "Condition":
                return self.condition(str(argument))
            case "Fn::Not":
                truth = self.truth(argument[0])
                return truth if isinstance(truth, Unknown) else not truth
            case "Fn::And" | "Fn::Or":
                return self._some(argument, decisive=function == "Fn::Or")
        compare = _COMPARISONS.get(function)
        if compare is None:
            return Unknown(f"{function} is not evaluated here")
        sides = [_comparable(self.resolve(side)) for side in argument[:2]]
        unknown = [side for side in sides if isinstance(side, Unknown)]
        return _heaviest(unknown) if unknown else compare(*sides)

    def condition_expression(self, name: str) -> Any:
        """The resolved expression of a condition, with the conditions it names in place of their names."""
        return self._expanded(self.document.get("Conditions", {}).get(name))

    def _expanded(self, node: Any) -> Any:
        if isinstance(node, dict) and set(node) == {"Condition"}:
            return self.condition_expression(str(node["Condition"]))
        if isinstance(node, dict) and next(iter(node), "") in ("Fn::And", "Fn::Or", "Fn::Not"):
            return {function: [self._expanded(part) for part in parts] for function, parts in node.items()}
        return self.resolve(node)

    def _some(self, nodes: list[Any], *, decisive: bool) -> Truth:
        """And, Or: an unknown part does not matter where another part decides."""
        truths = [self.truth(node) for node in nodes]
        if any(truth is decisive for truth in truths):
            return decisive
        unknown = [truth for truth in truths if isinstance(truth, Unknown)]
        return _heaviest(unknown) if unknown else not decisive

    # ---- values -----------------------------------------------------------------------------------------------------

    def resolve(self, node: Any) -> Any:
        """The node with all functions resolved that can be; NO_VALUE if nothing remains of it."""
        if is_function(node):
            return self._function(*next(iter(node.items())))
        if isinstance(node, dict):
            resolved = {key: self.resolve(item) for key, item in node.items()}
            return {key: item for key, item in resolved.items() if item is not NO_VALUE}
        if isinstance(node, list):
            items = [self.resolve(item) for item in node]
            return [item for item in items if item is not NO_VALUE]
        return node

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._reference(str(argument))
            case "Fn::GetAtt":
                return self._get_att(argument)
            case "Fn::If":
                return self._if(argument)
            case "Fn::Sub":
                return self._sub(argument)
        resolved = self.resolve(argument)
        match name:
            case "Fn::FindInMap":
                return marked(self._find_in_map(unmarked(resolved)), state_of(resolved))
            case "Fn::Join":
                return _join(*resolved)
            case "Fn::Select":
                return _select(*resolved)
            case "Fn::Split":
                return marked(_split(*unmarked(resolved)), state_of(resolved))
        return {name: resolved}

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters and name in self.document.get("Parameters", {}):
            return self.parameter(name)
        if name.startswith("AWS::"):
            return self.pseudo.get(name, {"Ref": name})
        return self.attribute(name, "")

    def _get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if len(parts) == 2 and all(isinstance(part, str) for part in parts):
            return self.attribute(parts[0], parts[1])
        return {"Fn::GetAtt": self.resolve(argument)}

    def _if(self, argument: Any) -> Any:
        name, then, otherwise = argument
        truth = self.condition(str(name))
        if not isinstance(truth, Unknown):
            return self.resolve(then if truth else otherwise)
        branches = {True: self.resolve(then), False: self.resolve(otherwise)}
        today = truth if truth.state is State.SAME else self._today.condition(str(name))
        if isinstance(today, bool) and branches[today] is not NO_VALUE:
            return marked(branches[today], truth.state)
        undecided = [_NO_VALUE_REFERENCE if branch is NO_VALUE else branch for branch in branches.values()]
        return marked({"Fn::If": [name, *undecided]}, truth.state)

    @cached_property
    def _today(self) -> Scope:
        """The same template with today's values."""
        values = {name: unmarked(value) for name, value in self.parameters.items()}
        return Scope(self.document, values, self.pseudo, lambda *reference: unmarked(self.attribute(*reference)))

    def _sub(self, argument: Any) -> Any:
        parts, values = sub_parts(argument)
        return joined([part if isinstance(part, str) else self._variable(part, values) for part in parts])

    def _variable(self, variable: Variable, values: Mapping[str, Any]) -> Any:
        if variable.name in values:
            return self.resolve(values[variable.name])
        return self._get_att(variable.name) if "." in variable.name else self._reference(variable.name)

    def _find_in_map(self, argument: Any) -> Any:
        node: Any = self.document.get("Mappings", {})
        for key in argument[:3]:
            if not isinstance(key, (str, int)) or not isinstance(node, dict) or str(key) not in node:
                return {"Fn::FindInMap": argument}
            node = node[str(key)]
        return node


def _join(delimiter: str, value: Any) -> Any:
    items, state = opened(value)
    if not isinstance(items, list):
        return marked({"Fn::Join": [delimiter, items]}, state)
    parts: list[Any] = []
    for number, item in enumerate(items):
        parts += [delimiter, item] if number else [item]
    return marked(joined(parts), state)


def _select(position: Any, value: Any) -> Any:
    items, state = opened(value)
    index = scalar_text(unmarked(position))
    state = max(state, state_of(position))
    if isinstance(items, list) and index.isdigit() and int(index) < len(items):
        return marked(items[int(index)], state)
    return marked({"Fn::Select": [unmarked(position), items]}, state)


def _split(delimiter: str, text: Any) -> Any:
    return text.split(delimiter) if isinstance(text, str) else {"Fn::Split": [delimiter, text]}


# ---- comparisons of known values ------------------------------------------------------------------------------------

_Comparable = str | list[str]


def _comparable(value: Any) -> _Comparable | Unknown:
    """A resolved value as text or texts; Unknown where it, or an item of it, is not resolved."""
    if is_scalar(value):
        return scalar_text(value)
    items = value if isinstance(value, list) else [value]
    unresolved = next((item for item in items if not is_scalar(item)), None)
    if unresolved is None:
        return [scalar_text(item) for item in items]
    return Unknown(_reason(unmarked(unresolved)), state_of(value))


def _reason(value: Any) -> str:
    if not isinstance(value, dict) or len(value) != 1:
        return f"{value!r} is not a text"
    function, argument = next(iter(value.items()))
    return f"{argument} is not known yet" if function == "Ref" else f"{function} is not evaluated here"


def _heaviest(unknown: list[Unknown]) -> Unknown:
    """The last of several unknown truths, with the heaviest of their states."""
    return replace(unknown[-1], state=max(truth.state for truth in unknown))


def _items(value: _Comparable) -> list[str]:
    return value if isinstance(value, list) else [value]


# The functions of rules: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Fn::Equals": lambda left, right: bool(left == right),
    "Fn::Contains": lambda items, value: value in _items(items),
    "Fn::EachMemberIn": lambda items, allowed: set(_items(items)) <= set(_items(allowed)),
    "Fn::EachMemberEquals": lambda items, value: all(item == value for item in _items(items)),
}
