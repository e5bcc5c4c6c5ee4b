"""The plan file between the commands."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from review.errors import PlanError
from review.plan.plan_file import load_plan, plan_digest, save_plan
from tests.review.support.plans import change_set, claim, deployed, detail, make_plan

TEMPLATE = "Resources: {X: {Type: 'AWS::SNS::Topic'}}"


def test_plan_file_says_everything_again(tmp_path: Path) -> None:
    flowing = detail("A", before="1", after="2")
    child = change_set(claim("Inner", "AWS::S3::Bucket", details=[flowing]))
    before = deployed("small-dev", TEMPLATE, {"A": "1"}, {"O": "v"}, {"N": deployed("n", TEMPLATE)}, policy="{}")
    plan = make_plan(
        {"root.yaml": TEMPLATE}, before, claims=change_set(claim("N", "AWS::CloudFormation::Stack", child=child))
    )
    path = tmp_path / "deep" / "plan.json"
    save_plan(plan, path)
    assert load_plan(path) == plan
    assert plan_digest(load_plan(path)) == plan_digest(plan)


def test_plan_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save_plan(make_plan({"root.yaml": TEMPLATE}), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def edit_template(document: dict[str, Any]) -> None:
    document["templates"]["root.yaml"]["text"] += "# changed"


def drop_bucket(document: dict[str, Any]) -> None:
    del document["bucket"]


def mistype_parameters(document: dict[str, Any]) -> None:
    document["parameters"] = ["a"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (edit_template, "root.yaml does not have its digest"),
        (drop_bucket, "not a plan of this version"),
        (mistype_parameters, "not a plan"),
    ],
)
def test_damaged_plan_is_rejected(tmp_path: Path, damage: Callable[[dict[str, Any]], None], message: str) -> None:
    path = tmp_path / "plan.json"
    save_plan(make_plan({"root.yaml": TEMPLATE}), path)
    document = json.loads(path.read_text())
    damage(document)
    path.write_text(json.dumps(document))
    with pytest.raises(PlanError, match=message):
        load_plan(path)


def test_missing_plan_says_to_plan(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="Run `deploy plan` first"):
        load_plan(tmp_path / "none.json")
