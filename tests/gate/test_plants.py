"""The gate reports planted misconfigurations of the ten kinds, with file and line, and no near miss."""

from __future__ import annotations

from collections import Counter

import pytest

from gate.catalogue import template_rules
from gate.findings import Finding
from tests.gate.support.planted_edits import EDITS
from tests.gate.support.planted_templates import NEAR_MISSES, TEMPLATES
from tests.gate.support.plants import Plant, run_project_rules

PLANTS = (*EDITS, *TEMPLATES)
BY_NAME = {plant.file_name: plant for plant in PLANTS}
# No security pack finds these.
UNSEEN_BY_PACKS = (
    "policies of roles below a path",
    "trust without a source",
    "rds.force_ssl off",
    "data trace on",
    "audit of the database off",
    "endpoint without a policy",
)

pytestmark = [pytest.mark.slow, pytest.mark.requirement("G-1")]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """What both tools report of the project's rules, by file name."""
    texts = {name: plant.text for name, plant in BY_NAME.items()}
    texts |= {f"{name}.yaml": text for name, (_, text) in NEAR_MISSES.items()}
    return run_project_rules(tmp_path_factory.mktemp("plants"), texts)


@pytest.mark.parametrize("plant", PLANTS, ids=BY_NAME)
def test_plant_is_reported_at_its_line(plant: Plant, found: dict[str, list[Finding]]) -> None:
    findings = found[plant.file_name]
    assert (plant.rule, plant.line) in {(finding.rule, finding.line) for finding in findings}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_miss_passes_the_rule(name: str, found: dict[str, list[Finding]]) -> None:
    rule, _ = NEAR_MISSES[name]
    assert [finding for finding in found[f"{name}.yaml"] if finding.rule == rule] == []


def test_plants_cover_every_kind_and_every_new_rule() -> None:
    kinds = Counter(plant.kind for plant in PLANTS)
    new = {entry.code for entry in template_rules() if entry.code >= "E9812"}
    assert len(BY_NAME) == len(PLANTS) >= 40
    assert len(kinds) == 11
    assert min(kinds.values()) >= 4
    assert new <= {plant.rule for plant in PLANTS}
    assert {*UNSEEN_BY_PACKS} <= {plant.name for plant in EDITS}
