"""Plans of the examples in ``review.examples``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml

from cfn.parameters import with_defaults
from cfn.templates import parse
from review.examples.example import Example
from review.plan.model import Change, Detail, Plan, ValidationFinding
from tests.review.support.plans import change_set, claim, deployed, make_plan


def example_plan(example: Example) -> Plan:
    """The plan of an example: an update of the deployed template to the planned one."""
    more = yaml.safe_load(example.plan) or {}
    changes = (
        map(_listed, more["Changes"]) if "Changes" in more else _changes(parse(example.before), parse(example.after))
    )
    policy, deployed_policy = more.get("StackPolicy"), more.get("DeployedStackPolicy")
    protection = more.get("TerminationProtection", {"Deployed": False, "Planned": False})
    warnings = tuple(ValidationFinding(**finding) for finding in more.get("Validation", []))
    listed = change_set(*changes)
    return make_plan(
        {"root.yaml": example.after},
        deployed(
            "small-dev",
            example.before,
            with_defaults(parse(example.before), {}),
            policy=json.dumps(deployed_policy) if deployed_policy else None,
            termination_protection=protection["Deployed"],
        ),
        claims=replace(listed, warnings=warnings, incomplete=more.get("Incomplete", "")),
        stack_policy=json.dumps(policy) if policy else None,
        termination_protection=protection["Planned"],
        tags=more.get("Tags", {}),
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Each resource whose text differs, as CloudFormation lists it."""
    old, new = before["Resources"], after["Resources"]
    for logical_id, resource in {**old, **new}.items():
        action = "Add" if logical_id not in old else "Remove" if logical_id not in new else "Modify"
        if old.get(logical_id) != new.get(logical_id):
            yield claim(logical_id, resource["Type"], action, "")


def _listed(change: Mapping[str, Any]) -> Change:
    """One change with the names of DescribeChangeSet."""
    return claim(
        change["LogicalResourceId"],
        change["ResourceType"],
        change["Action"],
        change.get("Replacement", ""),
        [_detail(detail) for detail in change.get("Details", [])],
        change_set(*map(_listed, change["Changes"])) if "Changes" in change else None,
        scope=change.get("Scope", ["Properties"]),
    )


def _detail(detail: Mapping[str, Any]) -> Detail:
    target = detail["Target"]
    return Detail(
        attribute=target["Attribute"],
        name=target["Name"],
        path=f"/Properties/{target['Name']}",
        requires_recreation=target["RequiresRecreation"],
        evaluation=detail["Evaluation"],
        source=detail["ChangeSource"],
        cause="",
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
    )
