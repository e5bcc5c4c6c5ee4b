"""The worked example of docs/architecture.md: a third platform is one tuple."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.assembly.command import emit
from builders.assembly.root import assemble
from builders.contract.platform import Platform
from gate.configuration import read_configuration
from gate.templates import TemplateFile
from gate.validate import validate

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def platform() -> Platform:
    """Run as it stands: its imports were missing, and whoever typed it in got a NameError."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    marked = text.split("<!-- example:third-platform -->\n")[1].split("<!-- /example:third-platform -->")[0]
    code = marked.removeprefix("```python\n").removesuffix("```\n")
    names: dict[str, Any] = {}
    exec(compile(code, "docs/architecture.md", "exec"), names)
    made: Platform = names["SETTLEMENT"]
    return made


def test_its_templates_fit_together_and_within_the_quotas(platform: Platform) -> None:
    files = emit(platform, "yaml")
    assert [file.path.name for file in files] == ["root.yaml", *(f"{tier.name}.yaml" for tier in platform.tiers)]


def test_its_templates_are_linted_without_a_finding(platform: Platform) -> None:
    templates = [
        TemplateFile(f"templates/{file.path}", ROOT / "templates" / file.path, file.text.encode())
        for file in emit(platform, "yaml")
    ]
    findings = validate(templates, read_configuration(ROOT))
    assert set(findings) == {template.name for template in templates}
    assert not [finding for found in findings.values() for finding in found]


def test_defaults_and_addresses_are_its_own_and_names_begin_with_it(platform: Platform) -> None:
    made = assemble(platform)
    root = made.templates["root"].to_dict()
    assert root["Parameters"]["BackupRetentionDays"]["Default"] == 14
    vpc = made.templates["network"].to_dict()["Resources"]["Vpc"]["Properties"]
    assert vpc["CidrBlock"] == "10.64.0.0/16"
    cluster = made.templates["database"].to_dict()["Resources"]["DatabaseCluster"]["Properties"]
    assert cluster["DBClusterIdentifier"] == {"Fn::Sub": "settlement-aurora-${EnvironmentSuffix}"}


def test_what_it_does_not_use_is_offered_to_nobody(platform: Platform) -> None:
    outputs = set(assemble(platform).templates["network"].to_dict()["Outputs"])
    assert "PublicSubnetAId" not in outputs
    assert {"VpcId", "PrivateSubnetAId", "ZoneA"} <= outputs
