"""The comment on a pull request has a section for each environment whose result differs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from deploy.comparing import comment as comment_module
from deploy.comparing.comment import MARKER, NO_CHANGES, comment
from deploy.comparing.environments import review_environments
from deploy.errors import UsageError
from deploy.settings import Project

pytestmark = pytest.mark.requirement("REV-3")

TEMPLATE = """\
Parameters: {Size: {Type: String, Default: small}, Keep: {Type: Number, Default: 7}}
Conditions: {IsLarge: !Equals [!Ref Size, large]}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {MessageRetentionPeriod: !If [IsLarge, 600, 60]}
"""
ROW = {"Region": "eu-west-1", "TerminationProtection": False}


def write(root: Path, platform: str, template: str, **environments: str) -> None:
    """A platform with one template, and the size of each environment."""
    for folder in ("templates", "params"):
        (root / folder / platform).mkdir(parents=True, exist_ok=True)
    (root / "templates" / platform / "root.yaml").write_text(template)
    rows = {name: {"StackName": f"{platform}-{name}", **ROW} for name in environments}
    (root / "params" / platform / "deployment.json").write_text(json.dumps(rows))
    for name, size in environments.items():
        (root / "params" / platform / f"{name}.json").write_text(json.dumps({"Parameters": {"Size": size}}))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository whose commit ``one`` has the platform ``orders`` in three environments, and ``bills`` in one."""
    write(tmp_path, "orders", TEMPLATE, dev="small", staging="large", prod="large")
    write(tmp_path, "bills", TEMPLATE, dev="small")
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "One"],
        ["tag", "one"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return Project(tmp_path)


def test_environments_with_the_same_result_share_a_section(project: Project) -> None:
    write(project.root, "orders", TEMPLATE.replace("600", "700"), dev="small", staging="large", prod="large")
    text = comment(review_environments(project, "one"))
    assert text.startswith(f"{MARKER}\n## Review of the templates: ")
    assert text.count("<details>") == 1
    assert "<summary>orders staging, orders prod</summary>" in text
    assert "| orders | dev | no changes |" in text
    assert "| bills | dev | no changes |" in text


def test_comment_says_that_nothing_changes_only_if_that_is_so(project: Project) -> None:
    text = comment(review_environments(project, "one"))
    assert text.startswith(f"{MARKER}\n{NO_CHANGES}\n## Review of the templates: no changes\n")
    assert "| orders | prod | no changes |" in text
    write(project.root, "orders", TEMPLATE, dev="small", staging="large")
    assert NO_CHANGES not in comment(review_environments(project, "one"))  # a row is gone


def test_parameter_file_of_each_side_counts(project: Project) -> None:
    write(project.root, "orders", TEMPLATE, dev="large", staging="large", prod="large")
    reviews = {(entry.platform, entry.environment): entry.review for entry in review_environments(project, "one")}
    review = reviews["orders", "dev"]
    assert review is not None
    assert [change.name for change in review.changes] == ["Queue"]
    assert [change.name for change in review.parameters] == ["Size"]


def test_new_and_removed_environments_and_platforms(project: Project) -> None:
    write(project.root, "orders", TEMPLATE, dev="small", qa="small")
    write(project.root, "fees", TEMPLATE, dev="small")
    reviews = {(entry.platform, entry.environment): entry.review for entry in review_environments(project, "one")}
    assert {key for key, review in reviews.items() if review is None} == {("orders", "staging"), ("orders", "prod")}
    for key in (("orders", "qa"), ("fees", "dev")):
        review = reviews[key]
        assert review is not None
        assert review.plan.kind == "CREATE"
    text = comment(review_environments(project, "one"))
    assert "| orders | prod | no row any more: the stack stays until `deploy destroy` |" in text


def test_protection_that_ends_is_shown(project: Project) -> None:
    path = project.root / "params" / "orders" / "deployment.json"
    rows = json.loads(path.read_text())
    path.write_text(json.dumps({**rows, "dev": {**rows["dev"], "TerminationProtection": True}}))
    reviews = [entry.review for entry in review_environments(project, "one") if entry.environment == "dev"]
    assert [[setting.name for setting in review.settings] for review in reviews if review] == [
        [],
        ["termination protection"],
    ]


def test_comment_is_never_longer_than_github_takes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comment_module, "MAX_CHARACTERS", 500)
    write(project.root, "orders", TEMPLATE.replace("600", "700"), dev="small", staging="large", prod="large")
    text = comment(review_environments(project, "one"))
    assert len(text) <= 500
    assert text.count("<details>") == text.count("</details>") == 0
    assert "The whole is in the artifacts of the workflow." in text


def test_unknown_revision_is_an_error_that_says_what_to_do(project: Project) -> None:
    with pytest.raises(UsageError, match="two") as raised:
        review_environments(project, "two")
    assert raised.value.do


def test_revision_before_the_first_platform_has_nothing(project: Project) -> None:
    empty = ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit-tree", "-m", "Empty"]
    tree = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--stdin"],
        cwd=project.root, input=b"", capture_output=True, check=True,
    ).stdout.decode().strip()  # fmt: skip
    revision = subprocess.run(["git", *empty, tree], cwd=project.root, capture_output=True, check=True).stdout.decode()
    reviews = review_environments(project, revision.strip())
    assert {entry.review.plan.kind for entry in reviews if entry.review} == {"CREATE"}
