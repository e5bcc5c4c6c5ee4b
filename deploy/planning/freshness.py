"""How a plan compares with what is on this disk now: its age, a later plan that did not finish, and what changed since.

It calls no AWS and loads no botocore, so a review can print it. Templates, the parameter file and the sources of functions
and services are compared. Wheels are not built: of them the pinned requirements are compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cfn.errors import TemplateError
from cfn.parameters import filled_by_packaging, with_defaults
from cfn.templates import load_templates, parse
from deploy.packaging.artifacts import FUNCTION, SERVICE, sources_digest, sources_of
from deploy.settings import Project
from review.plan.model import HIDDEN, Plan

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


# ---- a plan that did not finish -------------------------------------------------------------------------------------


def mark_unfinished(plan_path: Path) -> None:
    """Note that a plan begins. Until it is complete, the file beside it says that an older plan is not the latest."""
    plan_path.parent.mkdir(parents=True, exist_ok=True)
    _mark(plan_path).write_text(datetime.now(UTC).isoformat(timespec="seconds"), "utf-8")


def mark_finished(plan_path: Path) -> None:
    """Note that the plan is complete."""
    _mark(plan_path).unlink(missing_ok=True)


def _mark(plan_path: Path) -> Path:
    return plan_path.with_suffix(".unfinished")


# ---- notes ----------------------------------------------------------------------------------------------------------


def notes(plan: Plan, plan_path: Path | None, project: Project, now: datetime) -> Iterator[str]:
    """Sentences for the person who reads or executes the plan.

    Args:
        plan: The plan.
        plan_path: Its file; None if it comes from the artifact bucket.
        project: The project on this disk.
        now: The present time, with its offset.
    """
    yield f"planned {age(plan.created, now)} ago."
    if plan_path is not None and _mark(plan_path).is_file():
        begun = _mark(plan_path).read_text("utf-8")
        yield f"this is the plan of {plan.created}; a later `deploy plan`, begun {begun}, did not finish."
    for sentences in (_templates, _parameters, _sources):
        yield from sentences(plan, project)


def age(created: str, now: datetime) -> str:
    """How long ago the time was: in the largest unit of which there is at least one."""
    seconds = max(0, int((now - datetime.fromisoformat(created)).total_seconds()))
    size, word = next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])
    return f"{seconds // size} {word}{'' if seconds // size == 1 else 's'}"


def _templates(plan: Plan, project: Project) -> Iterator[str]:
    folder = project.templates(plan.platform)
    if not folder.is_dir():
        return
    try:
        here = {name: template.sha256 for name, template in load_templates(folder).by_name.items()}
    except TemplateError as error:
        yield f"the templates here cannot be read ({error.what}) The planned templates are executed."
        return
    names = _differing(here, {name: template.sha256 for name, template in plan.templates.items()})
    if names:
        yield f"templates here differ from the plan's: {names}; the planned templates are executed."


def _parameters(plan: Plan, project: Project) -> Iterator[str]:
    path = project.parameters(plan.platform, plan.environment)
    file = project.relative(path)
    if not path.is_file():
        return
    try:
        document = json.loads(path.read_text("utf-8"))
        names = _differing(_values(document, plan), _planned_values(plan))
    except (ValueError, AttributeError) as error:
        yield f"{file} cannot be read ({error}); the planned values are executed."
        return
    if names:
        yield f"{file} differs from the plan's: {names}; the planned values are executed."


def _values(document: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """The values that a plan would have now, by the name in the note."""
    given = document.get("Parameters", {})
    defaults = with_defaults(parse(plan.templates[plan.root].text, plan.root), given)
    return _named({**defaults, **given}, document.get("Tags", {}), document.get("StackPolicy"), plan)


def _planned_values(plan: Plan) -> dict[str, Any]:
    policy = json.loads(plan.stack_policy) if plan.stack_policy else None
    return _named(plan.parameters, plan.tags, policy, plan)


def _named(parameters: Mapping[str, Any], tags: Mapping[str, Any], policy: Any, plan: Plan) -> dict[str, Any]:
    """All values by one name; without those that packaging fills in, and those that the plan hides (NoEcho)."""
    compared = {
        name: value
        for name, value in parameters.items()
        if not filled_by_packaging(name) and plan.parameters.get(name) != HIDDEN
    }
    return {**compared, **{f"tag {name}": value for name, value in tags.items()}, "StackPolicy": policy}


def _sources(plan: Plan, project: Project) -> Iterator[str]:
    if not (project.lambda_src.is_dir() or project.web_src.is_dir()):
        return
    sources = [*sources_of(FUNCTION, project.lambda_src), *sources_of(SERVICE, project.web_src)]
    planned = {artifact.parameter: artifact.sources for artifact in plan.artifacts}
    here = {source.parameter: sources_digest(source) for source in sources if source.parameter in planned}
    names = ", ".join(artifact.name for artifact in plan.artifacts if here.get(artifact.parameter) != artifact.sources)
    if names:
        yield f"sources here differ from the plan's: {names}; the planned packages are executed."


def _differing(here: Mapping[str, Any], planned: Mapping[str, Any]) -> str:
    """The names with another value on one side, or on one side only."""
    return ", ".join(name for name in sorted({*here, *planned}) if here.get(name) != planned.get(name))
