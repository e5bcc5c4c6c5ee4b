"""Each Python rule alone on its small plants and near misses. ``tests/gate/test_plants.py`` runs both tools, with lines."""

from __future__ import annotations

import pytest

from tests.gate.support.planted_templates import NEAR_MISSES, TEMPLATES
from tests.gate.support.plants import Plant
from tests.gate.support.rules import project_rules, run_rule

RULES = project_rules()
PLANTS = {plant.file_name: plant for plant in TEMPLATES if plant.rule in RULES}
MISSES = {name: rule for name, (rule, _) in NEAR_MISSES.items() if rule in RULES}

pytestmark = pytest.mark.requirement("G-1")


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_rule_matches_its_plant(plant: Plant) -> None:
    assert run_rule(RULES[plant.rule], plant.text)


@pytest.mark.parametrize("name", MISSES)
def test_rule_does_not_match_a_near_miss(name: str) -> None:
    assert run_rule(RULES[MISSES[name]], NEAR_MISSES[name][1]) == []
