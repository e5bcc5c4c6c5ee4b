"""Every rule of the project is in the catalogue, and its examples show it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from gate.catalogue import Entry, gate_rules, template_rules
from gate.cli import PROJECT
from gate.configuration import check_configuration
from gate.run import GateRequest, run_checks
from tests.gate.support.projects import write_configuration

ENTRIES = {entry.code: entry for entry in (*template_rules(), *gate_rules())}
OF_TEMPLATES = [code for code, entry in ENTRIES.items() if "\nResources:" in f"\n{entry.failing}"]


def test_catalogue_has_every_rule_of_cfn_lint_and_of_the_gate() -> None:
    """A rule file without a rule, or a rule of the gate that ``catalogue.gate_rules`` does not list, would be missing."""
    folder = PROJECT / "gate" / "rules"
    rule_files = {*folder.glob("[!_]*.py"), *folder.glob("*.guard")}
    gate_files = {path for path in (PROJECT / "gate").glob("*.py") if "= GateRule(" in path.read_text()}
    expected = {path.relative_to(PROJECT).as_posix() for path in rule_files | gate_files}
    assert {entry.file for entry in ENTRIES.values()} == expected
    assert len(ENTRIES) == len(template_rules()) + len(gate_rules()) == len(expected)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_rule_describes_itself(entry: Entry) -> None:
    assert re.fullmatch(r"E98\d\d|GATE\d\d", entry.code)
    assert all(dataclasses.astuple(entry))
    assert not entry.sentence.endswith(".")
    assert entry.description.endswith(".")
    assert entry.reason.endswith(".")
    assert entry.source_url.startswith("https://")
    assert entry.failing != entry.passing


@pytest.fixture(scope="module")
def codes_by_file(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The codes that the whole gate reports for each example of a template, by file name."""
    root = tmp_path_factory.mktemp("examples")
    write_configuration(root)
    templates = root / "templates"
    templates.mkdir()
    (templates / "network.yaml").write_text(ENTRIES["E9805"].passing)  # what GATE03's example nests
    for code in OF_TEMPLATES:
        (templates / f"{code}-failing.yaml").write_text(ENTRIES[code].failing)
        (templates / f"{code}-passing.yaml").write_text(ENTRIES[code].passing)
    codes: dict[str, set[str]] = {path.name: set() for path in templates.iterdir()}
    for finding in run_checks(GateRequest(root=root, jobs=2)).findings:
        codes[Path(finding.file).name].add(finding.rule)
    return codes


@pytest.mark.slow
@pytest.mark.parametrize("code", OF_TEMPLATES)
def test_failing_template_has_this_code_alone_and_the_corrected_one_passes(
    code: str, codes_by_file: dict[str, set[str]]
) -> None:
    """Under every rule of both tools, not only under the rule that it is the example of."""
    assert codes_by_file[f"{code}-failing.yaml"] == {code}
    assert codes_by_file[f"{code}-passing.yaml"] == set()


def test_examples_of_the_configuration_show_its_rule() -> None:
    entry = ENTRIES["GATE01"]
    assert {finding.rule for finding in check_configuration(entry.failing.encode())} == {"GATE01"}
    assert check_configuration(entry.passing.encode()) == ()


def test_examples_of_a_parameter_file_show_its_rule(demo: Path) -> None:
    """Against the root of the small project, which declares what the description says."""
    entry = ENTRIES["GATE02"]
    request = GateRequest(root=demo, fast=True)
    parameter_file = demo / "params" / "demo" / "dev.json"
    parameter_file.write_text(entry.failing)
    assert {finding.rule for finding in run_checks(request).findings} == {"GATE02"}
    parameter_file.write_text(entry.passing)
    assert run_checks(request).findings == ()


def test_every_example_is_checked() -> None:
    assert {*OF_TEMPLATES, "GATE01", "GATE02"} == ENTRIES.keys()
