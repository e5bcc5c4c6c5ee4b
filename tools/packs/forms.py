"""The templates in the forms in which packs read them: as committed, and with the parameters of each environment.

A pack does not know a parameter's value. As committed, a rule may miss a fault behind ``Fn::Sub`` or ``Fn::If``, or report
one where there is none. With the parameters, conditions are decided and texts are complete. What only CloudFormation knows
stays the function that it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfn.resolve import NO_VALUE, Scope, Unknown
from cfn.templates import CommittedTemplates, load_templates
from cfn.text import is_scalar
from gate.parameters import DEPLOYER_SETTINGS
from review.plan.model import Stack
from review.plan.offline import Side, assumed_stack

AS_COMMITTED = "as committed"
_PSEUDO = {
    "AWS::AccountId": "111122223333",  # the account of examples in AWS's documentation
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::URLSuffix": "amazonaws.com",
}
PACK_KEYS = ("checkov", "cdk_nag", "cfn_nag", "guard")
"""The keys of suppressions in a resource's metadata. Rules of Guard's registry read those of cfn_nag too."""


@dataclass(frozen=True)
class TemplateForm:
    """One template in one form.

    Attributes:
        template: ``trading/api``.
        form: ``as committed``, or the name of an environment.
        document: The template without suppressions, so that a pack reports all that it finds.
    """

    template: str
    form: str
    document: Mapping[str, Any]


def template_forms(root: Path) -> Iterator[TemplateForm]:
    """Every template of ``root``/templates in every form."""
    for folder in sorted(path for path in (root / "templates").iterdir() if path.is_dir()):
        committed = load_templates(folder)
        for template in committed.by_name.values():
            yield _form(folder.name, template.name, AS_COMMITTED, template.document)
        for file in _environments(root / "params" / folder.name):
            parameters = json.loads(file.read_text(encoding="utf-8"))["Parameters"]
            stack = assumed_stack(Side(committed, parameters), _PSEUDO)
            for name, document in _resolved(committed, committed.root.name, stack):
                yield _form(folder.name, name, file.stem, document)


def _environments(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.json") if file.name != DEPLOYER_SETTINGS)


def _form(platform: str, name: str, form: str, document: Mapping[str, Any]) -> TemplateForm:
    resources = {logical_id: _unsuppressed(entry) for logical_id, entry in document["Resources"].items()}
    return TemplateForm(f"{platform}/{Path(name).stem}", form, {**document, "Resources": resources})


def _unsuppressed(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = {key: value for key, value in resource.get("Metadata", {}).items() if key not in PACK_KEYS}
    rest = {key: value for key, value in resource.items() if key != "Metadata"}
    return {**rest, "Metadata": metadata} if metadata else rest


def _resolved(templates: CommittedTemplates, file: str, stack: Stack) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The template of a stack and those of its nested stacks, each with the values that it gets."""
    document = templates.by_name[file].document
    scope = Scope(document, _known(document, stack.parameters), _PSEUDO)
    resources = dict(_present(scope))
    for resource in resources.values():
        _drop_absent(resource, resources)
    yield file, {**_undecided(scope), "Resources": resources}
    for logical_id, child in stack.children.items():
        yield from _resolved(templates, templates.by_name[file].nested[logical_id], child)


def _known(document: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are complete; numbers as numbers, because a rule that compares does not take ``"30"`` for one."""
    numbers = {name for name, rules in document.get("Parameters", {}).items() if rules["Type"] == "Number"}
    complete = {name: value for name, value in values.items() if is_scalar(value)}
    return {name: json.loads(value) if name in numbers else value for name, value in complete.items()}


def _drop_absent(resource: dict[str, Any], present: Mapping[str, Any]) -> None:
    """A resource cannot depend on one that does not exist in this environment."""
    named = resource.pop("DependsOn", [])
    if depends_on := [name for name in ([named] if isinstance(named, str) else named) if name in present]:
        resource["DependsOn"] = depends_on


def _present(scope: Scope) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resources that exist, or may exist."""
    for logical_id, entry in scope.document["Resources"].items():
        truth = scope.present(entry)
        if truth is False:
            continue
        attributes = {key: value for key, value in entry.items() if key not in ("Condition", "Metadata", "Properties")}
        if isinstance(truth, Unknown):
            attributes["Condition"] = entry["Condition"]
        properties = scope.resolve(entry.get("Properties", {}))
        yield logical_id, {**attributes, "Properties": {} if properties is NO_VALUE else properties}


def _undecided(scope: Scope) -> dict[str, Any]:
    """What resources still refer to: parameters, mappings, and the conditions that nothing decides."""
    conditions = {
        name: scope.condition_expression(name)
        for name in scope.document.get("Conditions", {})
        if isinstance(scope.condition(name), Unknown)
    }
    kept = {
        key: scope.document[key]
        for key in ("AWSTemplateFormatVersion", "Parameters", "Mappings")
        if key in scope.document
    }
    return {**kept, "Conditions": conditions} if conditions else kept


def write_forms(forms: Iterator[TemplateForm], folder: Path) -> dict[Path, TemplateForm]:
    """Writes each form as a file of its own below the folder, where packs read it."""
    files = {}
    for form in forms:
        path = folder / form.form.replace(" ", "-") / f"{form.template}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(form.document), encoding="utf-8")
        files[path] = form
    return files
