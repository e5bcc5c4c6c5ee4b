"""Compares the deployed templates with the planned ones, resource by resource through the whole tree.

CloudFormation compares expressions, and expects a value that comes from another nested stack to change. Here the value is
followed: from the resource through its stack's output and the parent into the other stack's parameter, together with
what happens to the resource. A value changes if its expression changes, if its resource is replaced, or if its resource
changes in place and the value depends on what changes (``attributes``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cfn.mangled import parse_answer, restored
from cfn.marks import State, marked, state_of, unmarked
from cfn.resolve import Scope, Truth, Unknown
from cfn.text import parameter_text, scalar_text
from cfn.types import AUTO_SCALING_GROUP, STACK
from review.comparison import instances
from review.comparison.attributes import attribute_state, property_of
from review.comparison.difference import Difference
from review.comparison.entries import content_differences, entry_differences, resolved_entry
from review.comparison.names import fixed_name, name_of
from review.comparison.replacement import Replacement
from review.comparison.sections import SectionChange, section_changes
from review.findings.finding import Remark
from review.plan.model import HIDDEN, Resource, Stack, StackPath
from review.resource_types.schema_facts import Pointer

Replaces = Callable[[str, Iterable[Difference]], Replacement]
"""(resource type, changes) -> whether the changes replace the resource."""

_NOT_COMPARED = ("TemplateURL", "Parameters")  # of a nested stack: its template is compared, and so are its parameters


@dataclass(frozen=True)
class Fate:
    """What happens to one resource by the templates and parameters alone.

    Attributes:
        action: Add, Modify, Remove, or None if nothing happens.
        state: Whether it surely happens.
        before: The deployed resource: its entry in the template, resolved; None if it does not exist.
        after: The planned resource, resolved and with marks; None if it does not exist.
        replaced_by: The properties whose change replaces the resource.
        fixed_name: The property that names the resource and stays, if the resource is to be replaced.
        taken_from: The deployed resource that has the name of a resource to be added.
        consequence: What else happens.
        type_before: The deployed type, if the planned one is another.
    """

    path: StackPath
    logical_id: str
    type: str
    physical_id: str
    action: str | None
    state: State
    replacement: Replacement
    differences: tuple[Difference, ...]
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    replaced_by: tuple[str, ...] = ()
    fixed_name: str | None = None
    taken_from: str | None = None
    consequence: Remark | None = None
    type_before: str | None = None


@dataclass
class TreeComparison:
    """The walk through both trees.

    Attributes:
        documents: The planned templates by file name.
        pseudo: The pseudo parameters.
        replaces: Whether changes replace a resource.
        is_ascii: Whether all planned templates are ASCII, so that CloudFormation's answers show each character.
        settled: The replacements that CloudFormation knows better, by the place of the resource. Values follow them.
        fates: What happens to every resource, in the order in which the walk decides it.
        sections: What changes in the other sections of the templates.
        names: Which deployed resource has a name today, by type and name.
        new_names: The names of the resources to be added, by their place.
    """

    documents: Mapping[str, Mapping[str, Any]]
    pseudo: Mapping[str, str]
    replaces: Replaces
    is_ascii: bool = True
    settled: Mapping[StackPath, Replacement] = field(default_factory=dict)
    fates: list[Fate] = field(default_factory=list)
    sections: list[SectionChange] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    new_names: dict[StackPath, str] = field(default_factory=dict)

    def compare(self, root: str, parameters: Mapping[str, str], deployed: Stack | None) -> list[Fate]:
        """The fates of all resources of the tree, in the order of the templates, parents before children."""
        document = self.documents[root]
        values: dict[str, Any] = {}
        for name, value in parameters.items():
            hidden = document.get("Parameters", {}).get(name, {}).get("NoEcho") and deployed is not None
            values[name] = marked(HIDDEN, State.POSSIBLE) if hidden else value
        StackComparison(self, (), deployed, document, values).compare()
        fates = [replace(fate, taken_from=self._holder(fate)) for fate in self.fates]
        return sorted(fates, key=lambda fate: len(fate.path))

    def _holder(self, fate: Fate) -> str | None:
        """The resource that has the name of a resource to be added, which moves or gets another logical id."""
        name = self.new_names.get((*fate.path, fate.logical_id))
        return self.names.get((fate.type, name)) if name is not None else None

    def remove(self, path: StackPath, stack: Stack) -> None:
        """Record that everything of a stack is removed, because nothing nests it any more."""
        StackComparison(self, path, stack, {"Resources": {}}, {}).compare()


class StackComparison:
    """One stack, deployed (or None) and planned. Fates are decided on demand, so a dependency comes first."""

    def __init__(
        self,
        tree: TreeComparison,
        path: StackPath,
        deployed: Stack | None,
        document: Mapping[str, Any],
        values: Mapping[str, Any],
    ) -> None:
        self.tree, self.path, self.deployed, self.document = tree, path, deployed, document
        self.fates: dict[str, Fate] = {}
        self.child_outputs: dict[str, Mapping[str, Any]] = {}
        own = {"AWS::StackName": deployed.name, "AWS::StackId": deployed.id} if deployed else {}
        pseudo = {**tree.pseudo, **own}
        self.old_document = self._deployed_document()
        self.new = Scope(document, values, pseudo, self._new_attribute)
        self.old = Scope(self.old_document, self._old_parameters(), pseudo, self._old_attribute)

    def _deployed_document(self) -> Mapping[str, Any]:
        """The deployed template, in which CloudFormation's answer has a "?" for each character that is not ASCII."""
        if self.deployed is None:
            return {"Resources": {}}
        answer = parse_answer(self.deployed.template, "/".join(self.path) or "root")
        return answer if self.tree.is_ascii else restored(answer, self.document)

    def _old_parameters(self) -> dict[str, Any]:
        declared = self.old_document.get("Parameters", {})
        deployed_values = self.deployed.parameters if self.deployed else {}
        defaults = {name: scalar_text(rules["Default"]) for name, rules in declared.items() if "Default" in rules}
        known = {name: value for name, value in deployed_values.items() if name in declared}
        return {**defaults, **known}

    def compare(self) -> Mapping[str, Any]:
        """Decide the fate of every resource; gives the outputs, marked where they may change."""
        for logical_id in self.document["Resources"]:
            self.fate(logical_id)
        for logical_id, resource in (self.deployed.resources if self.deployed else {}).items():
            if logical_id not in self.document["Resources"]:
                self._record(self._removed(logical_id, resource.type))
                self._remove_child(logical_id)
        self.tree.sections += section_changes(self.path, self.old, self.new, is_new=self.deployed is None)
        outputs = self.document.get("Outputs", {})
        return {
            name: self._output(name, entry) for name, entry in outputs.items() if self.new.present(entry) is not False
        }

    def _output(self, name: str, entry: Mapping[str, Any]) -> Any:
        value = parameter_text(self.new.resolve(entry["Value"]))
        deployed_value = self.deployed.outputs.get(name) if self.deployed else None
        old_entry = self.old_document.get("Outputs", {}).get(name)
        if deployed_value is None or old_entry is None:
            return value if isinstance(value, str) else None
        if unmarked(value) == parameter_text(self.old.resolve(old_entry["Value"])):
            return marked(deployed_value, state_of(value))
        return value if isinstance(value, str) else marked(deployed_value, State.CHANGED)

    # ---- one resource -----------------------------------------------------------------------------------------------

    def fate(self, logical_id: str) -> Fate:
        """The fate of a resource of the planned template, decided once."""
        if logical_id in self.fates:
            return self.fates[logical_id]
        resource = self.document["Resources"][logical_id]
        present = self.new.present(resource)
        deployed = self._resource(logical_id)
        if deployed is None:
            fate = self._added(logical_id, resource, present)
        elif present is False:
            fate = self._removed(logical_id, deployed.type)
        else:
            fate = self._modified(logical_id, resource, present)
        self._record(fate)
        if resource["Type"] == STACK and present is not False:
            self._compare_child(logical_id, resource)
        else:
            self._remove_child(logical_id)
        return fate

    def _record(self, fate: Fate) -> None:
        self._note_names(fate.logical_id)
        self.fates[fate.logical_id] = fate
        self.tree.fates.append(fate)

    def _resource(self, logical_id: str) -> Resource | None:
        return self.deployed.resources.get(logical_id) if self.deployed else None

    def _unchanged(self, logical_id: str, kind: str) -> Fate:
        deployed = self._resource(logical_id)
        physical_id = deployed.physical_id if deployed else ""
        return Fate(self.path, logical_id, kind, physical_id, None, State.SAME, Replacement.NO, ())

    def _removed(self, logical_id: str, kind: str) -> Fate:
        before = self._deployed_entry(logical_id)
        gone = tuple(content_differences(before, {}))
        unchanged = self._unchanged(logical_id, kind)
        return replace(unchanged, action="Remove", state=State.CHANGED, differences=gone, before=before)

    def _deployed_entry(self, logical_id: str) -> dict[str, Any]:
        """The resource's entry in the deployed template, resolved; empty if a module or a transform made it."""
        return self._entry(self.old, logical_id, self.old_document["Resources"].get(logical_id, {}))

    def _entry(self, scope: Scope, logical_id: str, resource: Mapping[str, Any]) -> dict[str, Any]:
        """A resource's entry in the template, resolved.

        The URL of a nested stack changes with any byte of its template, which is compared itself. Of a template from
        outside of the set only the URL and the parameters can be compared.
        """
        entry = resolved_entry(scope, resource)
        if entry.get("Type") == STACK and not self._is_from_outside(logical_id):
            properties = (entry.get("Properties") or {}).items()
            entry["Properties"] = {key: value for key, value in properties if key not in _NOT_COMPARED}
        return entry

    def _is_from_outside(self, logical_id: str) -> bool:
        """Whether the planned template does not nest a template of the set there."""
        properties = self.document["Resources"].get(logical_id, {}).get("Properties") or {}
        return str(properties.get("TemplateURL")) not in self.tree.documents

    def _added(self, logical_id: str, resource: Mapping[str, Any], present: Truth) -> Fate:
        kind = str(resource["Type"])
        unchanged = self._unchanged(logical_id, kind)
        if present is False:
            return replace(unchanged, state=State.CHANGED)
        after = self._entry(self.new, logical_id, resource)
        name = name_of(kind, after.get("Properties") or {}) if present is True else None
        if name is not None:
            self.tree.new_names[(*self.path, logical_id)] = name
        state = State.POSSIBLE if isinstance(present, Unknown) else State.CHANGED
        return replace(
            unchanged, action="Add", state=state, differences=tuple(content_differences({}, after)), after=after
        )

    def _note_names(self, logical_id: str) -> None:
        """Note the names that a deployed resource has today."""
        deployed = self._resource(logical_id)
        if deployed is None:
            return
        properties = self.old_document["Resources"].get(logical_id, {}).get("Properties") or {}
        for name in (deployed.physical_id, name_of(deployed.type, self.old.resolve(properties))):
            if name:
                self.tree.names.setdefault((deployed.type, name), "/".join((*self.path, logical_id)))

    def _modified(self, logical_id: str, resource: Mapping[str, Any], present: Truth) -> Fate:
        kind = str(resource["Type"])
        unchanged = self._unchanged(logical_id, kind)
        before, after = self._deployed_entry(logical_id), self._entry(self.new, logical_id, resource)
        unchanged = replace(unchanged, before=before, after=after)
        deployed = self._resource(logical_id)
        changes = tuple(entry_differences(before, after))
        if deployed is not None and deployed.type != kind:
            return self._retyped(unchanged, deployed.type, changes)
        undecided = self._is_undecided(logical_id, resource, present)
        states = [difference.state for difference in changes] + ([State.POSSIBLE] if undecided else [])
        policy = after.get("UpdatePolicy")
        replacement, causes = self._replacement(kind, changes, policy)
        fixed = None
        if replacement is not Replacement.NO:
            fixed = fixed_name(kind, after.get("Properties") or {}, changes)
        return replace(
            unchanged,
            action="Modify" if changes or undecided else None,
            state=max(states, default=State.SAME),
            replacement=replacement,
            differences=changes,
            replaced_by=causes,
            fixed_name=fixed,
            consequence=instances.consequence(kind, policy, changes),
        )

    def _retyped(self, unchanged: Fate, type_before: str, changes: tuple[Difference, ...]) -> Fate:
        """Another type under the same logical id, which CloudFormation rejects."""
        retyped = Difference("Type", type_before, unchanged.type, State.CHANGED, flows=False)
        return replace(
            unchanged,
            action="Modify",
            state=State.CHANGED,
            replacement=Replacement.CERTAIN,
            differences=(retyped, *changes),
            type_before=type_before,
        )

    def _is_undecided(self, logical_id: str, resource: Mapping[str, Any], present: Truth) -> bool:
        """Whether the deployment decides if the resource stays: its condition is unknown, and may not be as before."""
        if not isinstance(present, Unknown):
            return False
        old = self.old_document["Resources"].get(logical_id, {})
        if present.state is not State.SAME or "Condition" not in old:
            return True
        before = self.old.condition_expression(str(old["Condition"]))
        return bool(before != self.new.condition_expression(str(resource["Condition"])))

    def _replacement(
        self, kind: str, changes: Iterable[Difference], policy: Any
    ) -> tuple[Replacement, tuple[str, ...]]:
        """The heaviest replacement that the differences cause, and the properties that cause it."""
        by_property: dict[str, Replacement] = {}
        for difference in changes:
            if difference.path.startswith("Properties/"):
                name = difference.path.removeprefix("Properties/")
                caused = self._replacement_by(kind, difference, policy)
                # A property can have two differences: its expression changes, and the new one flows.
                by_property[name] = max(caused, by_property.get(name, Replacement.NO))
        replacement = max(by_property.values(), default=Replacement.NO)
        if replacement is Replacement.NO:
            return replacement, ()
        return replacement, tuple(path for path, caused in by_property.items() if caused is replacement)

    def _replacement_by(self, kind: str, difference: Difference, policy: Any) -> Replacement:
        caused = self.tree.replaces(kind, [difference])
        if kind == AUTO_SCALING_GROUP and caused is Replacement.POSSIBLE:
            # Its schema calls these properties conditional; the update policy decides.
            caused = Replacement.CERTAIN if instances.replaces_group(policy) else Replacement.NO
        # A change that is only possible can only possibly replace.
        return caused if difference.state is State.CHANGED else min(caused, Replacement.POSSIBLE)

    # ---- nested stacks ----------------------------------------------------------------------------------------------

    def _remove_child(self, logical_id: str) -> None:
        if self.deployed and logical_id in self.deployed.children:
            self.tree.remove((*self.path, logical_id), self.deployed.children[logical_id])

    def _compare_child(self, logical_id: str, resource: Mapping[str, Any]) -> None:
        properties = resource.get("Properties") or {}
        document = self.tree.documents.get(str(properties.get("TemplateURL")))
        if document is None:
            return  # a template from outside of the set
        child = self.deployed.children.get(logical_id) if self.deployed else None
        values = self._child_parameters(logical_id, properties, document, child)
        comparison = StackComparison(self.tree, (*self.path, logical_id), child, document, values)
        self.child_outputs[logical_id] = comparison.compare()

    def _child_parameters(
        self, logical_id: str, properties: Mapping[str, Any], document: Mapping[str, Any], child: Stack | None
    ) -> dict[str, Any]:
        """The parameters of a nested stack: the deployed value where the expression stays, so that marks travel on."""
        planned = self.new.resolve(properties.get("Parameters") or {})
        old_properties = self.old_document["Resources"].get(logical_id, {}).get("Properties") or {}
        before = self.old.resolve(old_properties.get("Parameters") or {})
        deployed = child.parameters if child is not None else {}
        values: dict[str, Any] = {}
        for name, rules in document.get("Parameters", {}).items():
            if name not in planned and "Default" not in rules:
                continue  # stays unresolved; CloudFormation rejects it
            value = planned[name] if name in planned else rules["Default"]
            if name in before and name in deployed and unmarked(value) == before[name]:
                values[name] = marked(deployed[name], state_of(value))
            else:
                values[name] = parameter_text(value)
        return values

    # ---- references -------------------------------------------------------------------------------------------------

    def _new_attribute(self, logical_id: str, name: str) -> Any:
        symbol = _symbol(logical_id, name)
        if logical_id not in self.document["Resources"]:
            return symbol  # a broken reference; cfn-lint reports it
        fate = self.fate(logical_id)
        if name.startswith("Outputs.") and logical_id in self.child_outputs:
            value = self.child_outputs[logical_id].get(name.removeprefix("Outputs."))
            return symbol if value is None else value
        stated = self._stated_property(logical_id, name)
        return marked(symbol, self._attribute_state(fate, name)) if stated is None else self.new.resolve(stated[1])

    def _old_attribute(self, logical_id: str, name: str) -> Any:
        child = self.deployed.children.get(logical_id) if self.deployed else None
        if child is not None and name.startswith("Outputs."):
            deployed_value = child.outputs.get(name.removeprefix("Outputs."))
            if deployed_value is not None:
                return deployed_value
        stated = self._stated_property(logical_id, name)
        return _symbol(logical_id, name) if stated is None else self.old.resolve(stated[0])

    def _attribute_state(self, fate: Fate, name: str) -> State:
        """Whether an attribute of a resource changes (name "" for its id)."""
        if fate.action == "Add":
            return State.SAME
        replacement = self.tree.settled.get((*fate.path, fate.logical_id), fate.replacement)
        if replacement is not Replacement.NO:
            return State.CHANGED if replacement is Replacement.CERTAIN else State.POSSIBLE
        return attribute_state(fate.type, name, fate.differences)

    def _stated_property(self, logical_id: str, name: str) -> tuple[Any, Any] | None:
        """The deployed and the planned expression of the property whose value an attribute has.

        None unless both templates state the property, so that either both sides have a value or neither has.
        """
        old, new = (document["Resources"].get(logical_id, {}) for document in (self.old_document, self.document))
        if self._resource(logical_id) is None or old.get("Type") != new.get("Type"):
            return None
        pointer = property_of(str(new["Type"]), name)
        if pointer is None:
            return None
        expressions = (_stated(old.get("Properties"), pointer), _stated(new.get("Properties"), pointer))
        return None if None in expressions else expressions


def _symbol(logical_id: str, name: str) -> Any:
    return {"Fn::GetAtt": [logical_id, name]} if name else {"Ref": logical_id}


def _stated(properties: Any, pointer: Pointer) -> Any:
    """The expression of a property; None if the template does not state it, or only under a condition."""
    for part in pointer:
        if not isinstance(properties, Mapping):
            return None
        properties = properties.get(part)
    return None if _may_vanish(properties) else properties


def _may_vanish(expression: Any) -> bool:
    if not isinstance(expression, Mapping):
        return False
    return expression == {"Ref": "AWS::NoValue"} or any(map(_may_vanish, expression.get("Fn::If", ())))
