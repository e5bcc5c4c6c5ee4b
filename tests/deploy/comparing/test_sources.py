"""A side of a comparison is a folder, a file, or either of a revision of git."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from deploy.comparing.sources import read_side
from deploy.errors import UsageError

pytestmark = pytest.mark.requirement("REV-3")

CHILD = "Resources: {T: {Type: AWS::SNS::Topic}}\n"
ROOT = "Resources: {C: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}}\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose first commit, tagged ``one``, has a set, a lone template and a parameter file."""
    folder = tmp_path / "templates" / "small"
    folder.mkdir(parents=True)
    (folder / "root.yaml").write_text(ROOT)
    (folder / "child.yaml").write_text(CHILD)
    (tmp_path / "lone.yaml").write_text(CHILD)
    (tmp_path / "dev.json").write_text(json.dumps({"Parameters": {"A": "1"}, "Tags": {"Owner": "desk"}}))
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "One"],
        ["tag", "one"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    (folder / "child.yaml").write_text(CHILD.replace("SNS::Topic", "SQS::Queue"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("templates/small", "AWS::SQS::Queue"),
        ("templates/small/", "AWS::SQS::Queue"),
        ("templates/small/root.yaml", "AWS::SQS::Queue"),
        ("one:templates/small", "AWS::SNS::Topic"),
        ("one:templates/small/", "AWS::SNS::Topic"),
        ("one:templates/small/root.yaml", "AWS::SNS::Topic"),
    ],
)
def test_source_is_a_folder_or_its_root_today_or_at_a_revision(repository: Path, source: str, kind: str) -> None:
    templates = read_side(source, None).templates
    assert set(templates.by_name) == {"root.yaml", "child.yaml"}
    assert templates.by_name["child.yaml"].document["Resources"]["T"]["Type"] == kind


@pytest.mark.parametrize("source", ["lone.yaml", "one:lone.yaml"])
def test_source_is_a_single_template(repository: Path, source: str) -> None:
    assert set(read_side(source, None).templates.by_name) == {"lone.yaml"}


def test_folder_with_one_template_needs_no_root_by_name(repository: Path) -> None:
    (repository / "one").mkdir()
    (repository / "one" / "topic.json").write_text(json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}))
    assert read_side("one", None).templates.root.name == "topic.json"


@pytest.mark.parametrize("parameters", ["dev.json", "one:dev.json"])
def test_parameter_file_of_today_or_of_a_revision(repository: Path, parameters: str) -> None:
    side = read_side("templates/small", parameters)
    assert (side.parameters, side.tags) == ({"A": "1"}, {"Owner": "desk"})


def test_parameter_file_of_the_aws_cli(repository: Path) -> None:
    (repository / "list.json").write_text(json.dumps([{"ParameterKey": "A", "ParameterValue": "2"}]))
    assert read_side("templates/small", "list.json").parameters == {"A": "2"}


@pytest.mark.parametrize(
    ("source", "parameters", "words"),
    [
        ("missing", None, "missing does not exist"),
        ("two:templates/small", None, "git"),
        ("one:missing", None, "git"),
        ("templates/small", "missing.json", "does not exist"),
        ("templates/small", "lone.yaml", "not a readable parameter file"),
        (".", None, "no root.yaml"),
    ],
)
def test_wrong_source_is_an_error_that_says_what_to_do(
    repository: Path, source: str, parameters: str | None, words: str
) -> None:
    (repository / "second.yaml").write_text(CHILD)
    with pytest.raises(UsageError, match=words) as raised:
        read_side(source, parameters)
    assert raised.value.do
