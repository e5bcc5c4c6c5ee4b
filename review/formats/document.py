"""The review as data: the JSON that programs read. Its schema is ``docs/review.schema.json``.

The document is stable: an incompatible change raises ``format``. A path in ``properties`` leads through the entry of the
template: ``Properties/Tags/0/Value``, ``DeletionPolicy``; it is empty for a whole entry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cfn.marks import State
from review.comparison.difference import Difference
from review.comparison.replacement import Replacement
from review.comparison.sections import SectionChange
from review.findings.finding import Remark, Verdict
from review.judgement.causes import AllCauses, Causes, find_causes
from review.judgement.counts import count_changes
from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review, ReviewedResource, ValueChange

FORMAT = 1
REPLACEMENTS: Mapping[Replacement, str] = {
    Replacement.NO: "no",
    Replacement.POSSIBLE: "possible",
    Replacement.CERTAIN: "yes",
}


def review_json(review: Review) -> str:
    """The document as text."""
    return json.dumps(review_document(review), indent=2) + "\n"


def review_document(review: Review) -> dict[str, Any]:
    """The review as plain data, in the order in which people read it."""
    plan = review.plan
    causes = find_causes(review)
    resources = (_resource(change, causes.resources.get(change.name, {})) for change in review.changes)
    sections = (_section(change, _causes_of_section(change, causes)) for change in review.sections)
    return {
        "format": FORMAT,
        "title": review.title,
        "kind": plan.kind,
        "platform": plan.platform,
        "environment": plan.environment,
        "stack": plan.stack,
        "account": "" if plan.is_offline else plan.account,
        "region": plan.region,
        "created": plan.created,
        "changeSet": plan.change_set.id,
        "verdict": review.verdict.word,
        "summary": count_changes(review),
        "changes": [*resources, *sections],
        "parameters": [*map(_value, review.parameters)],
        "artifacts": [*map(_value, review.artifacts)],
        "settings": [*map(_value, review.settings)],
        "findings": [*map(_finding, review.remarks)],
    }


def section_path(change: SectionChange) -> str:
    """The path of an entry of another section: ``Network/VpcId``."""
    return "/".join((*change.path, change.name or change.section))


def _resource(change: ReviewedResource, causes: Causes) -> dict[str, Any]:
    return {
        "path": change.name,
        "logicalId": change.logical_id,
        "type": change.type,
        "physicalId": change.physical_id,
        "action": change.action,
        "replacement": REPLACEMENTS[change.replacement],
        "replacedBy": list(change.replaced_by),
        "certainty": str(change.certainty),
        "verdict": change.verdict.word,
        "areas": [area for area, is_in in (("iam", change.iam), ("network", change.network)) if is_in],
        "causes": _all(causes),
        "properties": [_property(difference, causes) for difference in change.differences],
        "findings": [*map(_finding, change.findings)],
    }


def _section(change: SectionChange, causes: Causes) -> dict[str, Any]:
    """An entry of another section has the word for it as type: ``Output``, ``Condition``."""
    certainty = Certainty.CERTAIN if change.state is State.CHANGED else Certainty.POSSIBLE
    return {
        "path": section_path(change),
        "logicalId": change.name or change.section,
        "type": change.section,
        "physicalId": "",
        "action": change.action,
        "replacement": REPLACEMENTS[Replacement.NO],
        "replacedBy": [],
        "certainty": str(certainty),
        "verdict": _heaviest(change.findings).word,
        "areas": [],
        "causes": _all(causes),
        "properties": [_property(difference, causes) for difference in change.differences],
        "findings": [*map(_finding, change.findings)],
    }


def _causes_of_section(change: SectionChange, causes: AllCauses) -> Causes:
    return causes.outputs.get(section_path(change), {}) if change.section == "Output" else {}


def _property(difference: Difference, causes: Causes) -> dict[str, Any]:
    return {
        "path": difference.path,
        "before": difference.before,
        "after": difference.after,
        "kind": str(difference.kind),
        "orderMatters": difference.order_matters,
        "certainty": str(Certainty.CERTAIN if difference.state is State.CHANGED else Certainty.POSSIBLE),
        "flows": difference.flows,
        "causes": list(causes.get(difference.path, ())),
    }


def _finding(remark: Remark) -> dict[str, Any]:
    return {
        "code": remark.code,
        "label": None if remark.label is None else str(remark.label),
        "direction": None if remark.label is None else str(remark.label.direction),
        "verdict": remark.verdict.word,
        "message": remark.sentence,
    }


def _value(change: ValueChange) -> dict[str, Any]:
    return {
        "name": change.name,
        "before": change.before,
        "after": change.after,
        "findings": [*map(_finding, change.findings)],
    }


def _all(causes: Causes) -> list[str]:
    return sorted({name for names in causes.values() for name in names})


def _heaviest(findings: Iterable[Remark]) -> Verdict:
    return max((finding.verdict for finding in findings), default=Verdict.FINE)
