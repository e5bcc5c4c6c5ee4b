"""What a review says of a plan and of this disk: age, a later plan that did not finish, and what changed since."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cfn.templates import load_templates
from deploy.packaging.artifacts import FUNCTION, sources_digest, sources_of
from deploy.planning.freshness import age, mark_finished, mark_unfinished, notes
from deploy.settings import Project
from review.plan.model import HIDDEN, Plan, PlannedArtifact, PlannedTemplate
from tests.review.support.plans import make_plan

pytestmark = pytest.mark.requirement("REV-1")
CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def plan_of(project: Project) -> Plan:
    """The plan that the project would have now."""
    templates = load_templates(project.templates("small"))
    document = json.loads(project.parameters("small", "dev").read_text())
    (source,) = sources_of(FUNCTION, project.lambda_src)
    return make_plan(
        {name: template.text for name, template in templates.by_name.items()},
        parameters={**document["Parameters"], "ArtifactBucket": "b", "HelloArtifactKey": "functions/hello/1.zip"},
        tags=document.get("Tags", {}),
        stack_policy=json.dumps(document["StackPolicy"]) if "StackPolicy" in document else None,
        artifacts=(PlannedArtifact("hello", "HelloArtifactKey", "k", "digest", 1, sources_digest(source)),),
    )


def notes_of(plan: Plan, project: Project, path: Path | None = None) -> list[str]:
    """The notes, without the age."""
    first, *others = notes(plan, path, project, CREATED + timedelta(hours=3))
    assert first == "planned 3 hours ago."
    return others


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text("utf-8")), "utf-8")


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=59), "59 seconds"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(hours=1, minutes=59), "1 hour"),
        (timedelta(days=3, hours=5), "3 days"),
        (timedelta(days=-1), "0 seconds"),  # the clock of another machine
    ],
)
def test_age_is_in_the_largest_unit(passed: timedelta, words: str) -> None:
    assert age(CREATED.isoformat(), CREATED + passed) == words


def test_plan_of_what_is_on_this_disk_has_no_note(project: Project) -> None:
    assert notes_of(plan_of(project), project) == []


def test_parameters_that_changed_are_named(project: Project) -> None:
    """The file was edited after the review, and the old values were deployed without a word."""
    plan = plan_of(project)
    path = project.parameters("small", "dev")
    document = json.loads(path.read_text())
    document["Parameters"] |= {"Message": "other", "Unknown": "x"}
    document["Tags"] = {**document.get("Tags", {}), "Owner": "me"}
    document["StackPolicy"] = {"Statement": []}
    path.write_text(json.dumps(document))
    names = "Message, StackPolicy, Unknown, tag Owner"
    assert notes_of(plan, project) == [
        f"params/small/dev.json differs from the plan's: {names}; the planned values are executed."
    ]


def test_parameter_that_falls_back_to_its_default_is_compared_with_it(project: Project) -> None:
    edit(project.parameters("small", "dev"), lambda text: text.replace('"hello"', '"bye"'))
    plan = plan_of(project)
    edit(project.parameters("small", "dev"), lambda text: text.replace('"Message": "bye",', ""))
    (note,) = notes_of(plan, project)
    assert "differs from the plan's: Message;" in note
    assert notes_of(Plan(**{**vars(plan), "parameters": {**plan.parameters, "Message": "hello"}}), project) == []


def test_value_that_the_plan_hides_is_not_compared(project: Project) -> None:
    plan = plan_of(project)
    hidden = {**plan.parameters, "Message": HIDDEN}
    assert notes_of(Plan(**{**vars(plan), "parameters": hidden}), project) == []


def test_parameter_file_that_cannot_be_read_is_said(project: Project) -> None:
    plan = plan_of(project)
    project.parameters("small", "dev").write_text("{")
    (note,) = notes_of(plan, project)
    assert note.startswith("params/small/dev.json cannot be read (")


def test_templates_that_changed_are_named(project: Project) -> None:
    plan = plan_of(project)
    edit(project.templates("small") / "storage.yaml", lambda text: text + "# changed\n")
    assert notes_of(plan, project) == [
        "templates here differ from the plan's: storage.yaml; the planned templates are executed."
    ]


def test_template_that_cannot_be_read_is_said(project: Project) -> None:
    plan = plan_of(project)
    (project.templates("small") / "storage.yaml").write_text("Resources: [")
    (note,) = notes_of(plan, project)
    assert note.startswith("the templates here cannot be read (storage.yaml")


@pytest.mark.parametrize("file", ["hello/handler.py", "common/greeting.py", "hello/requirements.txt"])
def test_sources_that_changed_are_named(project: Project, file: str) -> None:
    plan = plan_of(project)
    path = project.lambda_src / file
    path.write_text(f"{path.read_text() if path.is_file() else ''}\n# changed\n")
    assert notes_of(plan, project) == ["sources here differ from the plan's: hello; the planned packages are executed."]


def test_folder_that_is_gone_is_named(project: Project) -> None:
    plan = plan_of(project)
    (project.lambda_src / "hello" / "handler.py").unlink()
    assert notes_of(plan, project)[-1].startswith("sources here differ from the plan's: hello;")


def test_machine_without_the_project_compares_nothing(project: Project, tmp_path: Path) -> None:
    assert notes_of(plan_of(project), Project(tmp_path / "elsewhere")) == []


def test_template_that_only_the_plan_has_is_named(project: Project) -> None:
    plan = plan_of(project)
    more = {**plan.templates, "old.yaml": PlannedTemplate("1", "", "", "1")}
    assert "old.yaml" in notes_of(Plan(**{**vars(plan), "templates": more}), project)[0]


def test_later_plan_that_did_not_finish_is_said(project: Project) -> None:
    """A plan that was killed left the one before it, which looked like the latest."""
    plan, path = plan_of(project), project.plan("small", "dev")
    mark_unfinished(path)
    (note,) = notes_of(plan, project, path)
    assert note.startswith("this is the plan of 2026-01-01T00:00:00+00:00; a later `deploy plan`, begun 20")
    assert note.endswith("did not finish.")
    mark_finished(path)
    mark_finished(path)
    assert notes_of(plan, project, path) == []


def test_notes_load_nothing_that_talks_to_aws() -> None:
    code = "import sys, deploy.planning.freshness; print(sorted({'boto3', 'botocore', 'urllib3'} & set(sys.modules)))"
    root = Path(__file__).parents[3]
    loaded = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
