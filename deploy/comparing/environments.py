"""Every environment of every platform, compared with a revision of git: what a pull request does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.comparing.sources import checked_out_project, read_side
from deploy.errors import UsageError
from deploy.settings import Project
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan

Rows = Mapping[tuple[str, str], Mapping[str, Any]]
"""(platform, environment) -> the row of deployment.json."""


@dataclass(frozen=True)
class EnvironmentReview:
    """What a change does to one environment.

    Attributes:
        review: The review; None for an environment that has no row any more.
    """

    platform: str
    environment: str
    review: Review | None


def review_environments(project: Project, revision: str) -> list[EnvironmentReview]:
    """Compare every environment of this checkout with a revision.

    Args:
        project: The checkout.
        revision: A revision of git, such as ``origin/main``.

    Raises:
        UsageError: git does not know the revision, or a file of an environment is not readable.
        TemplateError: A template has a fault.
    """
    with checked_out_project(revision, project.root) as old_root:
        before, today = _rows(old_root), _rows(project.root)
        return [_review(key, old_root, before, project.root, today, revision) for key in {**today, **before}]


def _review(
    key: tuple[str, str], old_root: Path, before: Rows, new_root: Path, today: Rows, revision: str
) -> EnvironmentReview:
    platform, environment = key
    if key not in today:
        return EnvironmentReview(platform, environment, None)
    old = _side(old_root, platform, environment, before[key]) if key in before else None
    new = _side(new_root, platform, environment, today[key])
    place = Place(stack=str(today[key].get("StackName")), region=str(today[key].get("Region")))
    title = f"{platform} {environment}: {place.stack} ({place.region}), compared with {revision}"
    return EnvironmentReview(platform, environment, judge_plan(offline_plan(old, new, place), title=title))


def _side(root: Path, platform: str, environment: str, row: Mapping[str, Any]) -> Side:
    parameters = root / "params" / platform / f"{environment}.json"
    side = read_side(str(root / "templates" / platform), str(parameters) if parameters.exists() else None)
    return replace(side, termination_protection=row.get("TerminationProtection") is True)


def _rows(root: Path) -> Rows:
    rows = {}
    for path in sorted(root.glob("params/*/deployment.json")):
        try:
            document = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise UsageError(f"params/{path.parent.name}/{path.name}: {error}.", "Correct the file.") from None
        rows.update({(path.parent.name, environment): row for environment, row in document.items()})
    return rows
