"""Reading committed templates, and rewriting only their TemplateURLs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cfn.errors import TemplateError
from cfn.templates import Template, entry_lines, load_templates, parse, rewrite_urls


def test_short_forms_become_long_forms() -> None:
    document = parse(
        "Resources:\n"
        "  A:\n"
        "    Type: T\n"
        "    Properties:\n"
        "      Ref: {V: !Ref B}\n"
        "      Att: !GetAtt B.Endpoint.Address\n"
        "      List: !GetAtt [B, Arn]\n"
        "      Sub: !Sub ['${x}', {x: !Ref B}]\n"
        "      If: !If [C, !Ref 'AWS::NoValue', 1]\n"
    )
    assert document["Resources"]["A"]["Properties"] == {
        "Ref": {"V": {"Ref": "B"}},
        "Att": {"Fn::GetAtt": ["B", "Endpoint.Address"]},
        "List": {"Fn::GetAtt": ["B", "Arn"]},
        "Sub": {"Fn::Sub": ["${x}", {"x": {"Ref": "B"}}]},
        "If": {"Fn::If": ["C", {"Ref": "AWS::NoValue"}, 1]},
    }


def test_policy_version_stays_text() -> None:
    document = parse("Resources: {A: {Type: T, Properties: {Version: 2012-10-17}}}")
    assert document["Resources"]["A"]["Properties"]["Version"] == "2012-10-17"


def test_json_is_parsed_too() -> None:
    assert parse('{"Resources": {"A": {"Type": "T"}}}')["Resources"]["A"]["Type"] == "T"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources:\n  A: {Type: T}\n  A: {Type: U}\n", "t.yaml:3: not readable: the key 'A' is there twice"),
        ("Resources:\n  A: [\n", "t.yaml:3: not readable"),
        ("- a\n", "it has no Resources"),
    ],
)
def test_unreadable_template_names_its_line(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(text, "t.yaml")
    assert message in str(caught.value)


def test_templates_are_found_from_their_root_children_first(small: Path) -> None:
    templates = load_templates(small / "templates" / "small")
    assert [template.name for template in templates.children_first()] == ["storage.yaml", "functions.yaml", "root.yaml"]


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, url in files.items():
        nested = f"{{A: {{Type: 'AWS::CloudFormation::Stack', Properties: {{TemplateURL: {url}}}}}}}"
        (folder / f"{name}.yaml").write_text(f"Resources: {nested}\n")
    return folder


def test_template_that_nests_itself_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"nests itself: root.yaml > a.yaml > root.yaml"):
        load_templates(write(tmp_path / "p", root="a.yaml", a="root.yaml"))


def test_missing_child_names_its_parent(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"root.yaml: nests gone.yaml, which does not exist"):
        load_templates(write(tmp_path / "p", root="gone.yaml"))


@pytest.mark.parametrize("url", ["https://s3.amazonaws.com/b/k.yaml", "../other/root.yaml"])
def test_committed_url_must_be_a_file_of_the_folder(tmp_path: Path, url: str) -> None:
    with pytest.raises(TemplateError, match="is not a file of this folder"):
        load_templates(write(tmp_path / "p", root=url))


def test_oversized_template_is_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path / "p", root="a.yaml", a="b.yaml")
    (folder / "b.yaml").write_text("Resources: {}\n#" + "x" * 1_000_000)
    with pytest.raises(TemplateError, match="1,000,015 bytes; CloudFormation takes 1,000,000"):
        load_templates(folder)


def test_rewriting_changes_nothing_but_the_urls(small: Path) -> None:
    root = load_templates(small / "templates" / "small").root
    text = rewrite_urls(root, {"Storage": "https://x/storage", "Functions": "https://x/functions"})
    before, after = root.text.splitlines(), text.splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [
        ("      TemplateURL: storage.yaml", '      TemplateURL: "https://x/storage"'),
        ("      TemplateURL: functions.yaml", '      TemplateURL: "https://x/functions"'),
    ]


def test_rewriting_takes_json(small: Path) -> None:
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "a.json"}}
    text = json.dumps({"Resources": {"Ä": nested}}, indent=1, ensure_ascii=False)
    rewritten = rewrite_urls(Template("root.json", text, parse(text)), {"Ä": "https://x/a"})
    assert json.loads(rewritten)["Resources"]["Ä"]["Properties"]["TemplateURL"] == "https://x/a"


@pytest.mark.parametrize(
    "text",
    [
        "Description: d\nResources:\n  # a comment\n  A:\n    Type: T\n  B: {Type: !Ref T}\nOutputs: {}\n",
        '{"Description": "d",\n "Resources": {\n\n  "A": {\n"Type": "T"},\n  "B": {"Type": "T"}},\n"Outputs": {}}',
    ],
)
def test_lines_of_entries_and_sections(text: str) -> None:
    assert entry_lines(text) == {
        ("Description", ""): 1,
        ("Resources", ""): 2,
        ("Resources", "A"): 4,
        ("Resources", "B"): 6,
        ("Outputs", ""): 7,
    }


@pytest.mark.requirement("REV-5")
def test_text_is_parsed_once_whatever_its_name() -> None:
    """The review of a large template parsed each text twice, because the callers name it differently."""
    text = "Resources: {T: {Type: AWS::SNS::Topic}}\n"
    assert parse(text, "root.yaml") is parse(text, "root") is parse(text)


def test_error_of_an_unreadable_text_has_the_name_of_each_caller() -> None:
    for name in ("one.yaml", "two.yaml"):
        with pytest.raises(TemplateError, match=name):
            parse("Resources: [\n", name)
