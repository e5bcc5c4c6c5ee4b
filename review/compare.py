"""Compares what is deployed with what is planned, resource by resource through the whole tree.

The service compares expressions, and takes a value that comes from another nested stack for one that changes. Here the
value is followed: from the resource through its stack's output and the parent into the other stack's parameter, with
what becomes of the resource. A value changes only if the resource that gives it is replaced, or its expression
changes; anything else about it is noise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cfn.marks import State, marked, state_of, unmarked
from cfn.resolve import Scope, Truth, Unknown
from cfn.templates import parse
from cfn.text import parameter_text, scalar_text
from cfn.types import AUTO_SCALING_GROUP, STACK, is_custom
from review import instances
from review.difference import Difference, differences
from review.model import HIDDEN, Stack
from review.names import fixed_name, name_of
from review.replacement import Replacement

Path = tuple[str, ...]
Replaces = Callable[[str, Iterable[str]], Replacement]

# Attributes that an update in place may give another value: LaunchTemplate LatestVersionNumber, what a custom
# resource answers, a parameter's Value.
VOLATILE = re.compile(r"Version|Latest|^Value$|^Data|Serial|ETag")
OTHER_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy", "Metadata")


@dataclass(frozen=True)
class Fate:
    """What becomes of one resource by the templates and parameters alone.

    ``action`` is Add, Modify, Remove or None; ``state`` says whether it surely happens. ``replaced_by`` holds the
    properties that replace it; ``fixed_name`` the property that names it and stays, when it is to be replaced;
    ``taken_from`` the deployed resource that has the name of one to be added; ``consequence`` what else will happen.
    """

    path: Path
    logical_id: str
    type: str
    physical_id: str
    action: str | None
    state: State
    replacement: Replacement
    differences: tuple[Difference, ...]
    replaced_by: tuple[str, ...] = ()
    fixed_name: str | None = None
    taken_from: str | None = None
    consequence: str | None = None


@dataclass
class Comparison:
    """The walk through both trees; ``fates`` collects what becomes of every resource.

    ``held`` is who has a name today, by type and name, and ``wanted`` the names of what is to be added, by place.
    """

    documents: Mapping[str, Mapping[str, Any]]
    pseudo: Mapping[str, str]
    replaces: Replaces
    fates: list[Fate] = field(default_factory=list)
    held: dict[tuple[str, str], str] = field(default_factory=dict)
    wanted: dict[Path, str] = field(default_factory=dict)

    def compare(self, root: str, parameters: Mapping[str, str], deployed: Stack | None) -> list[Fate]:
        """The fates of all resources of the tree, in the order of the templates, parents before children."""
        document = self.documents[root]
        values: dict[str, Any] = {}
        for name, value in parameters.items():
            hidden = document.get("Parameters", {}).get(name, {}).get("NoEcho") and deployed is not None
            values[name] = marked(HIDDEN, State.POSSIBLE) if hidden else value
        _Pair(self, (), deployed, document, values).run()
        found = [replace(fate, taken_from=self._holder(fate)) for fate in self.fates]
        return sorted(found, key=lambda fate: len(fate.path))

    def _holder(self, fate: Fate) -> str | None:
        """Who has the name of a resource to be added: one that moves or gets another logical id keeps its name."""
        name = self.wanted.get((*fate.path, fate.logical_id))
        return self.held.get((fate.type, name)) if name is not None else None

    def removed(self, path: Path, stack: Stack) -> None:
        """Everything of a stack that is no longer nested."""
        for logical_id, resource in stack.resources.items():
            self.held.setdefault((resource.type, resource.physical_id), "/".join((*path, logical_id)))
            self.fates.append(
                Fate(path, logical_id, resource.type, resource.physical_id, "Remove", State.CHANGED, Replacement.NO, ())
            )
            if logical_id in stack.children:
                self.removed((*path, logical_id), stack.children[logical_id])


class _Pair:
    """One stack, deployed (or None) and planned. Fates are worked out on demand, so dependencies come first."""

    def __init__(
        self, whole: Comparison, path: Path, old: Stack | None, document: Mapping[str, Any], values: Mapping[str, Any]
    ) -> None:
        self.whole, self.path, self.old, self.document = whole, path, old, document
        self.fates: dict[str, Fate] = {}
        self.child_outputs: dict[str, Mapping[str, Any]] = {}
        own = {"AWS::StackName": old.name, "AWS::StackId": old.id} if old else {}
        pseudo = {**whole.pseudo, **own}
        self.old_document = parse(old.template, "/".join(path) or "root") if old else {"Resources": {}}
        self.new = Scope(document, values, pseudo, self._new_attribute)
        self.before = Scope(self.old_document, self._old_parameters(), pseudo, self._old_attribute)

    def _old_parameters(self) -> dict[str, Any]:
        declared = self.old_document.get("Parameters", {})
        known = self.old.parameters if self.old else {}
        return {name: known.get(name, scalar_text(rules.get("Default", ""))) for name, rules in declared.items()}

    def run(self) -> Mapping[str, Any]:
        """Work out every resource; gives the outputs with marks where they may change."""
        for logical_id in self.document["Resources"]:
            self.fate(logical_id)
        for logical_id, resource in (self.old.resources if self.old else {}).items():
            if logical_id not in self.document["Resources"]:
                self._keep(logical_id, resource.type, "Remove", State.CHANGED, Replacement.NO)
                if self.old and logical_id in self.old.children:
                    self.whole.removed((*self.path, logical_id), self.old.children[logical_id])
        outputs = self.document.get("Outputs", {})
        return {
            name: self._output(name, entry) for name, entry in outputs.items() if self.new.present(entry) is not False
        }

    def _output(self, name: str, entry: Mapping[str, Any]) -> Any:
        value = self.new.resolve(entry["Value"])
        known = self.old.outputs.get(name) if self.old else None
        old_entry = self.old_document.get("Outputs", {}).get(name)
        if known is None or old_entry is None:
            return value if isinstance(value, str) else None
        if unmarked(value) == self.before.resolve(old_entry["Value"]):
            return marked(known, state_of(value))
        return value if isinstance(value, str) else marked(known, State.CHANGED)

    def fate(self, logical_id: str) -> Fate:
        """What becomes of the resource; worked out once."""
        if logical_id in self.fates:
            return self.fates[logical_id]
        resource = self.document["Resources"][logical_id]
        kind = str(resource["Type"])
        present = self.new.present(resource)
        deployed = self.old.resources.get(logical_id) if self.old else None
        if deployed is None:
            action = None if present is False else "Add"
            state = State.POSSIBLE if isinstance(present, Unknown) else State.CHANGED
            name = name_of(kind, self.new.resolve(resource.get("Properties") or {})) if present is True else None
            if isinstance(name, str):
                self.whole.wanted[(*self.path, logical_id)] = name
            fate = self._keep(logical_id, kind, action, state, Replacement.NO)
        elif present is False:
            fate = self._keep(logical_id, deployed.type, "Remove", State.CHANGED, Replacement.NO)
        else:
            fate = self._modified(logical_id, kind, resource, deployed.type, present)
        if kind == STACK and present is not False:
            self._nested(logical_id, resource)
        elif self.old and logical_id in self.old.children:
            self.whole.removed((*self.path, logical_id), self.old.children[logical_id])
        return fate

    def _keep(
        self,
        logical_id: str,
        kind: str,
        action: str | None,
        state: State,
        replacement: Replacement,
        found: tuple[Difference, ...] = (),
        replaced_by: tuple[str, ...] = (),
        fixed_name: str | None = None,
        consequence: str | None = None,
    ) -> Fate:
        deployed = self.old.resources.get(logical_id) if self.old else None
        physical_id = deployed.physical_id if deployed else ""
        if deployed is not None:
            self._note_names(logical_id, deployed.type, physical_id)
        fate = Fate(
            path=self.path,
            logical_id=logical_id,
            type=kind,
            physical_id=physical_id,
            action=action,
            state=state,
            replacement=replacement,
            differences=found,
            replaced_by=replaced_by,
            fixed_name=fixed_name,
            consequence=consequence,
        )
        self.fates[logical_id] = fate
        self.whole.fates.append(fate)
        return fate

    def _note_names(self, logical_id: str, kind: str, physical_id: str) -> None:
        properties = self.old_document["Resources"].get(logical_id, {}).get("Properties") or {}
        for name in (physical_id, name_of(kind, self.before.resolve(properties))):
            if isinstance(name, str) and name:
                self.whole.held.setdefault((kind, name), "/".join((*self.path, logical_id)))

    def _modified(self, logical_id: str, kind: str, resource: Mapping[str, Any], old_kind: str, present: Truth) -> Fate:
        if kind != old_kind:
            retyped = Difference("Type", old_kind, kind, State.CHANGED, flows=False)
            return self._keep(logical_id, kind, "Modify", State.CHANGED, Replacement.CERTAIN, (retyped,))
        old_resource = self.old_document["Resources"].get(logical_id, {})
        before, after = (
            self.before.resolve(self._properties(old_resource)),
            self.new.resolve(self._properties(resource)),
        )
        found = tuple(differences(before, after, "Properties"))
        for attribute in OTHER_ATTRIBUTES:
            one, other = old_resource.get(attribute), resource.get(attribute)
            found += tuple(differences(self.before.resolve(one), self.new.resolve(other), attribute))
        state = max((difference.state for difference in found), default=State.SAME)
        if isinstance(present, Unknown):
            state = max(state, State.POSSIBLE)
        action = "Modify" if found or isinstance(present, Unknown) else None
        policy = self.new.resolve(resource.get("UpdatePolicy"))
        replacement, causes = self._replacement(kind, found, policy)
        return self._keep(
            logical_id,
            kind,
            action,
            state,
            replacement,
            found,
            causes,
            fixed_name(kind, after, found) if replacement is not Replacement.NO else None,
            instances.consequence(kind, policy, found),
        )

    def _properties(self, resource: Mapping[str, Any]) -> Any:
        properties = resource.get("Properties") or {}
        if resource.get("Type") != STACK:
            return properties
        # The URL changes whenever any byte of the child does; the child is compared itself.
        return {key: value for key, value in properties.items() if key not in ("TemplateURL", "Parameters")}

    def _replacement(
        self, kind: str, found: tuple[Difference, ...], policy: Any
    ) -> tuple[Replacement, tuple[str, ...]]:
        """The heaviest replacement that the differences bring, and the properties that bring it."""
        judged: dict[str, Replacement] = {}
        for one in found:
            if one.path.startswith("Properties/"):
                path = one.path.removeprefix("Properties/")
                # what may change can only perhaps replace
                heaviest = Replacement.CERTAIN if one.state is State.CHANGED else Replacement.POSSIBLE
                own = self.whole.replaces(kind, [path])
                if kind == AUTO_SCALING_GROUP and own is Replacement.POSSIBLE:
                    # what its schema calls conditional is decided by the policy
                    own = Replacement.CERTAIN if instances.replaces_group(policy) else Replacement.NO
                judged[path] = min(own, heaviest)
        replacement = max(judged.values(), default=Replacement.NO)
        causes = () if replacement is Replacement.NO else tuple(path for path in judged if judged[path] is replacement)
        return replacement, causes

    def _nested(self, logical_id: str, resource: Mapping[str, Any]) -> None:
        properties = resource.get("Properties") or {}
        document = self.whole.documents.get(str(properties.get("TemplateURL")))
        if document is None:
            return  # a template from outside the set: only its parameters could be compared
        old = self.old.children.get(logical_id) if self.old else None
        planned = self.new.resolve(properties.get("Parameters") or {})
        old_properties = self.old_document["Resources"].get(logical_id, {}).get("Properties") or {}
        deployed = self.before.resolve(old_properties.get("Parameters") or {})
        values: dict[str, Any] = {}
        for name, rules in document.get("Parameters", {}).items():
            value = planned[name] if name in planned else rules.get("Default", "")
            same = old is not None and name in deployed and name in old.parameters and unmarked(value) == deployed[name]
            if same and old is not None:
                values[name] = marked(old.parameters[name], state_of(value))
            else:
                values[name] = parameter_text(value)
        pair = _Pair(self.whole, (*self.path, logical_id), old, document, values)
        self.child_outputs[logical_id] = pair.run()

    def _new_attribute(self, logical_id: str, name: str) -> Any:
        symbol: Any = {"Fn::GetAtt": [logical_id, name]} if name else {"Ref": logical_id}
        if logical_id not in self.document["Resources"]:
            return symbol  # a broken reference; cfn-lint's finding, not ours
        fate = self.fate(logical_id)
        if name.startswith("Outputs.") and logical_id in self.child_outputs:
            value = self.child_outputs[logical_id].get(name.removeprefix("Outputs."))
            return symbol if value is None else value
        if fate.action == "Add":
            return symbol
        if fate.replacement is not Replacement.NO:
            certain = fate.replacement is Replacement.CERTAIN
            return marked(symbol, State.CHANGED if certain else State.POSSIBLE)
        if name == "LatestVersionNumber" and instances.changes_version(fate.type, fate.differences):
            return marked(symbol, State.CHANGED)
        if fate.action == "Modify" and name and (is_custom(fate.type) or VOLATILE.search(name)):
            return marked(symbol, State.POSSIBLE)
        return symbol

    def _old_attribute(self, logical_id: str, name: str) -> Any:
        child = self.old.children.get(logical_id) if self.old else None
        if child is not None and name.startswith("Outputs."):
            known = child.outputs.get(name.removeprefix("Outputs."))
            if known is not None:
                return known
        return {"Fn::GetAtt": [logical_id, name]} if name else {"Ref": logical_id}
