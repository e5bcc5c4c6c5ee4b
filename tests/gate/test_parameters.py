from __future__ import annotations

import json
from pathlib import Path

from gate.parameters import check_parameter_files, find_parameter_files
from gate.templates import find_templates


def check(demo: Path) -> list[tuple[str, int, str]]:
    files = find_parameter_files(demo, "params", find_templates(demo, ["templates"]))
    return [(finding.file, finding.line, finding.message) for finding in check_parameter_files(demo, files)]


def test_file_that_fits_has_no_finding(demo: Path) -> None:
    assert check(demo) == []


def test_all_faults_of_a_file_are_reported_with_their_lines(demo: Path) -> None:
    values = {"EnvironmentSuffix": "Dev_1", "RetentionDays": "500", "Retention": "7"}
    (demo / "params" / "demo" / "dev.json").write_text(json.dumps({"Parameters": values}, indent=2))
    findings = check(demo)
    assert [(file, line) for file, line, _ in findings] == [("params/demo/dev.json", line) for line in (3, 4, 5)]
    assert "Did you mean RetentionDays?" in findings[2][2]


def test_settings_of_the_deployer_are_not_a_parameter_file(demo: Path) -> None:
    (demo / "params" / "demo" / "deployment.json").write_text("{}")
    files = find_parameter_files(demo, "params", find_templates(demo, ["templates"]))
    assert [file.name for file in files] == ["params/demo/dev.json"]


def test_tier_template_has_no_parameter_files(demo: Path) -> None:
    assert find_parameter_files(demo, "params", find_templates(demo, ["templates/demo/logs.yaml"])) == ()


def test_unreadable_root_has_no_finding_of_this_check(demo: Path) -> None:
    (demo / "templates" / "demo" / "root.yaml").write_text("Resources: [")
    assert check(demo) == []


def test_rules_of_the_root_apply_to_the_region_of_deployment_json(demo: Path) -> None:
    root = demo / "templates" / "demo" / "root.yaml"
    rule = "Rules: {Home: {Assertions: [{Assert: {'Fn::Equals': [{Ref: 'AWS::Region'}, us-east-1]},"
    root.write_text(f"{rule} AssertDescription: Only in us-east-1.}}]}}}}\n{root.read_text()}")
    settings = demo / "params" / "demo" / "deployment.json"
    for region, expected in (("us-east-1", []), ("eu-west-1", ["rule Home: Only in us-east-1."])):
        settings.write_text(json.dumps({"dev": {"Region": region}}))
        assert [message for _, _, message in check(demo)] == expected
    settings.unlink()
    assert check(demo) == []


def test_numbers_out_of_order_are_reported_with_their_line(demo: Path) -> None:
    root = demo / "templates" / "demo" / "root.yaml"
    order = "Metadata: {ParameterOrder: [{Ascending: [Least, Most], Reason: The least comes first.}]}"
    text = root.read_text()
    assert "\nParameters:\n" in text
    declared = "\nParameters:\n  Least: {Type: Number}\n  Most: {Type: Number}\n"
    root.write_text(f"{order}\n" + text.replace("\nParameters:\n", declared))
    file = demo / "params" / "demo" / "dev.json"
    document = json.loads(file.read_text())
    document["Parameters"] |= {"Least": "3", "Most": "2"}
    file.write_text(json.dumps(document, indent=2))
    ((name, line, message),) = check(demo)
    assert (name, file.read_text().splitlines()[line - 1].strip()) == ("params/demo/dev.json", '"Least": "3",')
    assert message.startswith("Least: 3 (line ")
    assert message.endswith("Lower Least or raise Most: The least comes first.")


def test_parameter_files_may_be_outside_the_root_folder(demo: Path, tmp_path: Path) -> None:
    """``--params`` with a folder outside the root folder ended in a traceback."""
    elsewhere = tmp_path / "elsewhere"
    (demo / "params").rename(elsewhere)
    file = elsewhere / "demo" / "dev.json"
    file.write_text(file.read_text().replace('"Parameters"', '"Parameter"'))
    files = find_parameter_files(demo, str(elsewhere), find_templates(demo, ["templates"]))
    assert [parameter_file.name for parameter_file in files] == [file.as_posix()]
    assert {finding.file for finding in check_parameter_files(demo, files)} == {file.as_posix()}
