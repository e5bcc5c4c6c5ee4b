from __future__ import annotations

from pathlib import Path

import pytest

from gate.errors import NoTemplatesError, OutsideRootError
from gate.templates import check_children, children, find_templates, suppressions
from tests.gate.support.projects import Edit


def test_templates_of_a_folder_are_sorted_by_name(demo: Path) -> None:
    (demo / "templates" / "demo" / "README.md").write_text("no template")
    names = [template.name for template in find_templates(demo, ["templates"])]
    assert names == ["templates/demo/logs.yaml", "templates/demo/root.yaml"]


def test_template_named_twice_is_checked_once(demo: Path) -> None:
    assert len(find_templates(demo, ["templates/demo/root.yaml", "templates"])) == 2


def test_missing_templates_are_an_error_that_names_the_path(demo: Path) -> None:
    with pytest.raises(NoTemplatesError, match="no template found under params"):
        find_templates(demo, ["params/demo/nothing"])


def test_path_outside_the_root_folder_is_an_error(demo: Path) -> None:
    with pytest.raises(OutsideRootError, match=r"\.\./x is not below"):
        find_templates(demo, ["../x"])


def test_nested_templates_are_followed_at_any_depth(demo: Path, edit: Edit) -> None:
    (demo / "templates" / "shared.yaml").write_text("Resources: {T: {Type: 'AWS::SNS::Topic'}}")
    (demo / "templates" / "demo" / "logs.yaml").write_text("TemplateURL: ../shared.yaml\nTemplateURL: root.yaml")
    (root,) = find_templates(demo, ["templates/demo/root.yaml"])
    reached = children(root)
    assert sorted(reached) == ["../shared.yaml", "logs.yaml", "root.yaml"]
    assert reached["../shared.yaml"].startswith(b"Resources")


@pytest.mark.parametrize(
    "written", ['"TemplateURL": "child.json"', "TemplateURL: 'child.json'", "TemplateURL:  child.json"]
)
def test_template_url_is_recognized_in_every_notation(demo: Path, written: str) -> None:
    (demo / "templates" / "single.yaml").write_text(written)
    (template,) = find_templates(demo, ["templates/single.yaml"])
    assert children(template) == {"child.json": b""}


def test_template_url_with_a_host_is_ignored(demo: Path) -> None:
    (demo / "templates" / "single.yaml").write_text("TemplateURL: https://s3.us-east-1.amazonaws.com/b/k.yaml")
    (template,) = find_templates(demo, ["templates/single.yaml"])
    assert children(template) == {}


def test_missing_nested_template_is_reported(demo: Path) -> None:
    """cfn-lint skips its cross-template rules without a finding if it cannot read the nested template."""
    assert check_children(find_templates(demo, ["templates"])) == ()
    (demo / "templates" / "demo" / "logs.yaml").unlink()
    (finding,) = check_children(find_templates(demo, ["templates"]))
    assert (finding.file, finding.rule) == ("templates/demo/root.yaml", "GATE03")
    assert finding.message == "TemplateURL names logs.yaml, which does not exist"


def test_suppressions_are_read_from_template_and_resources(demo: Path) -> None:
    text = """
Metadata: {cfn-lint: {config: {ignore_checks: [W2001]}}}
Resources:
  One: {Type: 'AWS::SNS::Topic', Metadata: {cfn-lint: {config: {ignore_checks: [W2001, E9802]}}}}
  Two: {Type: 'AWS::SNS::Topic', Metadata: {cfn-lint: {config: {ignore_checks: [E9802]}}}}
  Three: {Type: 'AWS::SNS::Topic', Metadata: {Comment: none}}
"""
    (demo / "templates" / "single.yaml").write_text(text)
    (template,) = find_templates(demo, ["templates/single.yaml"])
    assert suppressions(template) == {"W2001": frozenset(), "E9802": frozenset({"One", "Two"})}


@pytest.mark.parametrize("content", [b"Resources: [", b"\xff\xfe", b"- a\n- b\n", b""])
def test_unreadable_template_suppresses_nothing(demo: Path, content: bytes) -> None:
    (demo / "templates" / "single.yaml").write_bytes(content)
    (template,) = find_templates(demo, ["templates/single.yaml"])
    assert suppressions(template) == {}
