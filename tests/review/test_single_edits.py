"""Every edit of one property of every stateful, IAM and network resource of both platforms is judged right.

Its replacement is the one of the schema files, read by ``support/schema_files.py`` and not by the review. Its verdict follows
from its findings. Its reversal has the opposite labels. Its differences are of the edited place, and give the edited resource.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

import pytest

from review.judgement.chapters import IAM, NETWORK
from review.resource_types.holds import HOLDS
from tests.review.strength.support.platforms import Resource, resources
from tests.review.support.edit_checks import faults, removal_faults
from tests.review.support.schema_files import replacement
from tests.review.support.single_edits import Edit, edits

pytestmark = pytest.mark.requirement("REV-2")

PREFIXES = ("AWS::IAM::", "AWS::KMS::", *IAM.types, *NETWORK.types)
TARGETS = [resource for resource in resources() if resource.type in HOLDS or resource.type.startswith(PREFIXES)]
SAMPLE = 3  # edits of each type
LEAST_EDITS = 20_000


@cache
def by_type() -> Mapping[str, Sequence[Edit]]:
    found: defaultdict[str, list[Edit]] = defaultdict(list)
    for resource in TARGETS:
        found[resource.type] += edits(resource)
    return found


def check(some: Sequence[Edit]) -> None:
    wrong = [f"{edit}: {fault}" for edit in some for fault in faults(edit)]
    assert wrong == []


@pytest.mark.parametrize("kind", sorted({resource.type for resource in TARGETS}))
def test_some_edits_of_each_type_are_judged_right(kind: str) -> None:
    check(random.Random(kind).sample(by_type()[kind], SAMPLE))


@pytest.mark.matrix
@pytest.mark.parametrize("resource", TARGETS, ids=lambda resource: resource.name)
def test_every_edit_is_judged_right(resource: Resource) -> None:
    check([*edits(resource)])


def test_edits_cover_every_kind_and_every_answer_of_the_schema() -> None:
    """A change of the platforms must not leave the matrix empty."""
    everything = [edit for some in by_type().values() for edit in some]
    assert len(everything) > LEAST_EDITS
    assert {edit.kind for edit in everything} == {"changed", "dropped", "added", "unknown"}
    answers = {
        replacement(edit.resource.type, edit.before["Properties"], edit.after["Properties"]) for edit in everything
    }
    assert answers == {"yes", "possible", "no"}


@pytest.mark.parametrize("kind", sorted({resource.type for resource in TARGETS}))
def test_removal_of_what_is_held_is_blocked_and_its_reversal_has_the_opposite_labels(kind: str) -> None:
    resource = next(resource for resource in TARGETS if resource.type == kind)
    assert [*removal_faults(resource)] == []
